"""HOW FAST A DIRECTORY IS LOADED, and in how much memory.

Measured: the command `resource-api load` on an HSDS tabular package (package.py) into an empty, initialised database,
in a process of its own, from its start to its end: reading, checking, mending, rendering, indexing and every commit.
Services a second of the whole; the peak is the process's largest resident memory.

Against: plain `executemany` of everything that load left behind: the finished database's rows of every table
(records, documents, search rows, search texts, words) and the full-text inserts, into a fresh file with the same
schema and indexes, commits of 500 rows, `synchronous=FULL`, WAL. Its rows are read, batch by batch, outside of its
clock. It reads no files, makes nothing, checks nothing and knows nothing: it is what SQLite itself costs. Loads and
writes alternate.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figure import Figure, is_small
from benchmarks.package import write_package
from benchmarks.serving import ROOT, environment

# Two sizes, such as BENCH_LOAD_SIZES=5000,40000, where a quarter of a million would take too long.
SIZES = tuple(int(size) for size in os.environ.get("BENCH_LOAD_SIZES", "10000,250000").split(","))
SMALL_SIZES = (500, 2_000)
ROUNDS = 3
ROWS_PER_COMMIT = 500
LEAST_SHARE = 0.10
LEAST_STEADINESS = 0.8
MOST_MIB = 300
_PATIENCE_S = 3_600
_COMMAND = """
import sys
from resource_api.cli import main
try:
    main(sys.argv[1:], standalone_mode=False)
except SystemExit as done:
    if done.code not in (None, 0, 1):
        raise
# Not getrusage: its peak counts the process that this one was forked from.
with open("/proc/self/status") as file:
    print("peak", next(line for line in file if line.startswith("VmHWM:")).split()[1])
"""
_OWN_TABLES = re.compile(r"search_fts_|sqlite_")


def measure() -> Iterator[Figure]:
    """Load the smaller package several times, in turn with plain writes of the same rows; the larger one once."""
    small, large = SMALL_SIZES if is_small() else SIZES
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_package(folder / "small", small)
        loads: list[float] = []
        plain: list[float] = []
        for _ in range(1 if is_small() else ROUNDS):
            seconds, _, database = load_package(folder, folder / "small", small)
            loads.append(small / seconds)
            plain.append(small / write_plainly(database, folder / "plain.db"))
        size = database.stat().st_size / small
        shutil.rmtree(folder / "small")
        write_package(folder / "large", large)
        seconds, peak_mib, database = load_package(folder, folder / "large", large)
        large_rate = large / seconds
        large_plain = large / write_plainly(database, folder / "plain.db")
    few, many = f"{small // 1000 or small}{'k' if small >= 1000 else ''}", f"{large // 1000}k"
    yield Figure(f"load.{few}", round(median(loads)), "services/s")
    yield Figure(f"load.{few} plain executemany", round(median(plain)), "services/s")
    yield Figure(f"load.{many}", round(large_rate), "services/s")
    yield Figure(f"load.{many} plain executemany", round(large_plain), "services/s")
    yield Figure("load.database", round(size), "bytes a service")
    share = median(ours / theirs for ours, theirs in zip(loads, plain, strict=True))
    yield Figure(f"load.{few} ÷ plain executemany", round(share, 3), "of services/s", LEAST_SHARE, "below")
    yield Figure(f"load.{many} ÷ plain executemany", round(large_rate / large_plain, 3), "of services/s")
    steadiness = large_rate / median(loads)
    yield Figure(f"load.{many} ÷ {few}", round(steadiness, 3), "of services/s", LEAST_STEADINESS, "below")
    yield Figure(f"load.{many} peak memory", round(peak_mib), "MiB", MOST_MIB)


def load_package(folder: Path, package: Path, services: int | None = None) -> tuple[float, float, Path]:
    """Load a package into an empty database; get the seconds, the peak in MiB, and the database.

    Raises RuntimeError where not all of its `services` landed.
    """
    instance = folder / "instance"
    shutil.rmtree(instance, ignore_errors=True)
    instance.mkdir()
    database = instance / "directory.db"
    env = {"DATABASE_URL": f"sqlite:///{database}", "INSTANCE_PATH": str(instance)}
    _run(env, "init", "--no-seed")
    started = perf_counter()
    said = _run(env, "load", str(package))
    seconds = perf_counter() - started
    peak_kib = int(re.findall(r"^peak (\d+)$", said, re.MULTILINE)[-1])
    with closing(sqlite3.connect(database)) as connection:
        [landed] = connection.execute("select count(*) from service where deleted_at is null").fetchone()
    if services is not None and landed != services:
        raise RuntimeError(f"{landed} of {services} services were loaded: {said[-2000:]}")
    return seconds, peak_kib / 1024, database


def write_plainly(source: Path, target: Path) -> float:
    """Write every row of a database into a fresh one; get the seconds that the writing took."""
    for leftover in target.parent.glob(f"{target.name}*"):
        leftover.unlink()
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target, isolation_level=None)) as writing:
        for pragma in ("journal_mode=wal", "synchronous=full", "cache_size=-65536", "temp_store=memory"):
            writing.execute(f"pragma {pragma}")
        tables = _copy_schema(reading, writing)
        seconds = 0.0
        for table, columns in tables.items():
            seconds += _write_table(reading, writing, table, table, columns)
            if table == "search_text":
                # The full-text table keeps its content in this one: an insert of the same rows fills its postings.
                seconds += _write_table(reading, writing, table, "search_fts", ["rowid", *columns[1:]])
    return seconds


def _copy_schema(reading: sqlite3.Connection, writing: sqlite3.Connection) -> dict[str, list[str]]:
    statements = reading.execute(
        "select type, name, sql from sqlite_master where sql is not null order by type = 'index', rowid"
    ).fetchall()
    tables: dict[str, list[str]] = {}
    for kind, name, sql in statements:
        if _OWN_TABLES.match(name):
            continue
        writing.execute(sql)
        if kind == "table" and "virtual table" not in sql.lower():
            tables[name] = [row[1] for row in reading.execute(f'pragma table_info("{name}")')]
    writing.execute("insert into search_fts(search_fts, rank) values('rank', 'bm25(8.0, 4.0, 1.0, 0.0)')")
    return tables


def _write_table(
    reading: sqlite3.Connection, writing: sqlite3.Connection, source: str, target: str, columns: list[str]
) -> float:
    names, marks = ", ".join(f'"{c}"' for c in columns), ", ".join("?" * len(columns))
    rows = reading.execute(f'select * from "{source}"')
    insert = f'insert into "{target}" ({names}) values ({marks})'
    seconds = 0.0
    while batch := rows.fetchmany(ROWS_PER_COMMIT):
        started = perf_counter()
        writing.execute("begin immediate")
        writing.executemany(insert, batch)
        writing.execute("commit")
        seconds += perf_counter() - started
    return seconds


def _run(env: dict[str, str], *arguments: str) -> str:
    """Run a `resource-api` command; get what it said. A load that refused some rows is no failure here."""
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, *arguments],
        cwd=ROOT, env=environment(env), capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"`resource-api {' '.join(arguments)}` failed: {done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout
