"""HOW FAST A DIRECTORY IS LOADED, and in how much memory.

Measured: the command `resource-api load` on an HSDS tabular package (package.py) into an empty, initialised database,
in a process of its own, from its start to its end: reading, checking, mending, rendering, indexing and every commit.
Services a second of the whole; the peak is the process's largest resident memory.

Against: plain `executemany` of everything that load left behind: the finished database's rows of every table
(records, documents, search rows, search texts, words) and the full-text inserts, into a fresh file with the same
schema and indexes, commits of 500 rows, `synchronous=FULL`, WAL. Its rows are read, batch by batch, outside of its
clock. It reads no files, makes nothing, checks nothing and knows nothing: it is what SQLite itself costs. Loads and
writes alternate.

On PostgreSQL: `COPY` of the same, from a binary file for each table into a fresh database with the same schema, keys
and indexes, a transaction for each: what a load leaves behind is the 24 tables of HSDS, the documents and cards
rendered from them, and the index's rows, tokens and words. No faster way is known to get rows into PostgreSQL whose
indexes and keys are kept all the while, as those of a directory that is being asked must be.
"""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg
from sqlalchemy import func, make_url, select

from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small
from benchmarks.package import write_package
from benchmarks.serving import ROOT, environment
from resource_api.database import Base, Database
from resource_api.directory.tables import Service
from resource_api.migrations import migrate

# Two sizes, such as BENCH_LOAD_SIZES=5000,40000, where a quarter of a million would take too long.
BACKENDS = ("SQLite", "PostgreSQL")
SIZES = tuple(int(size) for size in os.environ.get("BENCH_LOAD_SIZES", "10000,250000").split(","))
SMALL_SIZES = (500, 2_000)
ROUNDS = 2
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


def measure(backend: Backend) -> Iterator[Figure]:
    """Load the smaller package several times, in turn with plain writes of the same rows; amid them the larger one.

    That takes half an hour, in which a machine may become slower or faster.
    """
    small, large = SMALL_SIZES if is_small() else SIZES
    by = "executemany" if backend.server is None else "COPY"
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_package(folder / "small", small)
        write_package(folder / "large", large)
        rounds = range(1 if is_small() else ROUNDS)
        few_loads = [_load(backend, folder, folder / "small", small) for _ in rounds]
        much, _ = _load(backend, folder, folder / "large", large)
        few_loads += [_load(backend, folder, folder / "small", small) for _ in rounds]
        size = few_loads[0][1]
        loads, plain = [loaded.rate for loaded, _ in few_loads], [loaded.plain_rate for loaded, _ in few_loads]
    few, many = f"{small // 1000 or small}{'k' if small >= 1000 else ''}", f"{large // 1000}k"
    yield Figure(f"load.{few}", round(median(loads)), "services/s")
    yield Figure(f"load.{few} by bare {by}", round(median(plain)), "services/s")
    yield Figure(f"load.{many}", round(much.rate), "services/s")
    yield Figure(f"load.{many} by bare {by}", round(much.plain_rate), "services/s")
    yield Figure("load.database", round(size), "bytes a service")
    share = median(ours / theirs for ours, theirs in zip(loads, plain, strict=True))
    yield Figure(f"load.{few} ÷ bare {by}", round(share, 3), "of services/s", LEAST_SHARE, "below")
    yield Figure(f"load.{many} ÷ bare {by}", round(much.rate / much.plain_rate, 3), "of services/s")
    steadiness = much.rate / median(loads)
    yield Figure(f"load.{many} ÷ {few}", round(steadiness, 3), "of services/s", LEAST_STEADINESS, "below")
    yield Figure(f"load.{many} peak memory", round(much.peak_mib), "MiB", MOST_MIB)


@dataclass(frozen=True, slots=True)
class Loaded:
    """One load: services a second of ours and of the plain writes, and the peak in MiB."""

    rate: float
    plain_rate: float
    peak_mib: float


def _load(backend: Backend, folder: Path, package: Path, services: int) -> tuple[Loaded, float]:
    """Load a package, and write the same plainly; get the figures, and the bytes that a service takes."""
    with backend.database(folder) as url:
        try:
            seconds, peak_mib = load_package(url, package, services)
            plainly = (
                write_plainly(Path(_name(url)), folder / "plain.db")
                if backend.server is None
                else copy_plainly(backend, url, folder)
            )
            size = (
                Path(_name(url)).stat().st_size
                if backend.server is None
                else int(str(backend.run(f"SELECT pg_database_size('{_name(url)}')")[0][0]))
            )
        finally:
            for leftover in folder.glob("*.db*"):
                leftover.unlink()
    return Loaded(services / seconds, services / plainly, peak_mib), size / services


def load_package(url: str, package: Path, services: int | None = None) -> tuple[float, float]:
    """Load a package into an empty database; get the seconds, and the peak in MiB.

    Raises RuntimeError where not all of its `services` landed.
    """
    with TemporaryDirectory() as instance:
        env = {"DATABASE_URL": url, "INSTANCE_PATH": instance}
        _run(env, "init", "--no-seed")
        started = perf_counter()
        said = _run(env, "load", str(package))
        seconds = perf_counter() - started
    peak_kib = int(re.findall(r"^peak (\d+)$", said, re.MULTILINE)[-1])
    database = Database(url)
    with database.read() as session:
        landed = session.scalar(select(func.count()).select_from(Service).where(Service.deleted_at.is_(None)))
    database.close()
    if services is not None and landed != services:
        raise RuntimeError(f"{landed} of {services} services were loaded: {said[-2000:]}")
    return seconds, peak_kib / 1024


def copy_plainly(backend: Backend, source: str, folder: Path) -> float:
    """COPY every row of a database into a fresh one; get the seconds that the copying took."""
    seconds = 0.0
    with backend.database(folder) as url:
        target = Database(url)
        migrate(target)
        target.close()
        with psycopg.connect(source) as reading, psycopg.connect(url) as writing:
            tables = [(table.name, [c.name for c in table.columns]) for table in Base.metadata.sorted_tables]
            for name, columns in [*tables, ("search_fts", ["id", "tokens"])]:
                quoted = ", ".join(f'"{column}"' for column in columns)
                said = f'"{name}" ({quoted})'
                file = folder / "rows"
                with reading.cursor().copy(f"COPY {said} TO STDOUT (FORMAT BINARY)") as copy, open(file, "wb") as out:
                    for part in copy:
                        out.write(part)
                started = perf_counter()
                with writing.cursor().copy(f"COPY {said} FROM STDIN (FORMAT BINARY)") as copy, open(file, "rb") as into:
                    while part := into.read(1 << 20):
                        copy.write(part)
                writing.commit()
                seconds += perf_counter() - started
                file.unlink()
    return seconds


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


def _name(url: str) -> str:
    return str(make_url(url).database)
