"""READY DATABASES OF SEVERAL SIZES: the search index and the cards of the first N services of the country.

Every document goes the way it goes in earnest: rendered JSON, card, `search_document()`, `SQLiteIndex.put()`. Only
the base tables stay empty, for no search reads them. The sizes are cuts of one build: the smaller database is copied
when the larger has come that far. A build is kept under `benchmarks/data/` until what it is made of changes.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import orjson
import psycopg
from sqlalchemy import insert, select

from benchmarks.backend import SQLITE, Backend
from benchmarks.generate import AS_OF, SOURCE, generate_organization
from resource_api.database import Base, Database
from resource_api.directory.card import write_card
from resource_api.migrations import migrate
from resource_api.needs.infer import infer_needs
from resource_api.prepared import write_many
from resource_api.search.document import SearchDocument, search_document
from resource_api.search.place import store_towns
from resource_api.search.postgres_index import PostgresShelf
from resource_api.search.sqlite_index import SQLiteIndex
from resource_api.search.tables import SearchText

DATA = Path(__file__).with_name("data")
STAMP = datetime(2026, 11, 24, tzinfo=UTC)
_PER_TASK = 150
_MADE_OF = """
benchmarks/gazetteer.py benchmarks/generate.py benchmarks/index_database.py benchmarks/wording.py
resource_api/words.py resource_api/needs resource_api/migrations resource_api/directory/areas.py
resource_api/directory/area_text.py resource_api/directory/card.py resource_api/directory/compile_hours.py
resource_api/directory/hours.py resource_api/search/cells.py resource_api/search/document.py
resource_api/search/expression.py resource_api/search/rank.py resource_api/search/row.py
resource_api/search/sqlite_index.py resource_api/search/tables.py
""".split()

Built = list[tuple[SearchDocument, bytes]]


def index_databases(sizes: Sequence[int], backend: Backend = SQLITE) -> list[str]:
    """Get the URLs of ready databases of each size, in ascending order; builds those that are missing."""
    paths = _files(sizes)
    if backend.server is None:
        return [f"sqlite:///{path}" for path in paths]
    made = fingerprint()
    there = {str(name) for (name,) in backend.run("SELECT datname FROM pg_database WHERE datname LIKE 'bench_index_%'")}
    for stale in there:
        if f"_{made}_" not in stale:
            backend.run(f"DROP DATABASE {stale}")
    names = {f"bench_index_{made}_{size}": path for size, path in zip(sorted(sizes), paths, strict=True)}
    for name, path in names.items():
        if name not in there:
            _copy_to_postgres(backend, path, name)
    return [backend.at(name) for name in names]


def _files(sizes: Sequence[int]) -> list[Path]:
    folder = DATA / f"index-{fingerprint()}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{size}.db" for size in sorted(sizes)]
    if not all(path.exists() for path in paths):
        _build(sorted(sizes), paths)
    return paths


def _build(sizes: Sequence[int], paths: Sequence[Path]) -> None:
    path = paths[-1].with_suffix(".building")
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    database = Database(f"sqlite:///{path}")
    migrate(database)
    index = SQLiteIndex()
    with database.write() as session:
        store_towns(session)
        session.execute(
            insert(Base.metadata.tables["source"]),
            {"name": SOURCE, "title": "The benchmark's country", "licence": "CC0-1.0", "loaded_at": STAMP},
        )
        session.commit()
    done = 0
    waiting = dict(zip(sizes, paths, strict=True))
    with database.write() as session:
        for built in _documents(sizes[-1]):
            while built:
                size = min(waiting)
                part, built = built[: size - done], built[size - done :]
                index.put(session, [document for document, _ in part])
                session.execute(insert(Base.metadata.tables["document"]), [_card_row(*each) for each in part])
                session.commit()
                done += len(part)
                if done == size:
                    database.close()
                    _copy(path, waiting.pop(size))
                if not waiting:
                    break
    database.close()
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()


def _documents(count: int) -> Iterator[Built]:
    """Generate at least `count` services, in blocks, on every core; the next block is made while one is stored."""
    workers = len(os.sched_getaffinity(0))
    block = _PER_TASK * workers * 4
    with get_context("spawn").Pool(workers) as pool:
        first, made = 0, 0
        coming = pool.map_async(_generate, range(first, first + block, _PER_TASK))
        while made < count:
            built = [each for part in coming.get(timeout=600) for each in part]
            made += len(built)
            first += block
            if made < count:
                coming = pool.map_async(_generate, range(first, first + block, _PER_TASK))
            yield built


def _generate(first: int) -> Built:
    found: Built = []
    for number in range(first, first + _PER_TASK):
        for service in generate_organization(number):
            service["needs"] = [asdict(link) for link in infer_needs(service, None)]
            card = write_card(service, today=AS_OF)
            found.append((search_document(service, card, updated_at=STAMP.timestamp()), orjson.dumps(card)))
    return found


def _card_row(document: SearchDocument, body: bytes) -> dict[str, object]:
    return {
        "kind": "card",
        "id": document.service_id,
        "organization_id": document.organization_id,
        "body": body,
        "brief": b"{}",
        "etag": document.service_id,
        "version": 1,
        "modified_at": STAMP,
        "deleted_at": None,
    }


def _copy(source: Path, target: Path) -> None:
    """Copy a database that may still have a write-ahead log."""
    unfinished = target.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    reading, writing = sqlite3.connect(source), sqlite3.connect(unfinished)
    reading.backup(writing)
    writing.execute("pragma journal_mode=wal")
    reading.close()
    writing.close()
    unfinished.rename(target)


def _copy_to_postgres(backend: Backend, path: Path, name: str) -> None:
    """Copy every row of a built file; its tokens are put under GIN as they are in earnest."""
    building = f"{name}_part"
    backend.run(f"DROP DATABASE IF EXISTS {building}")
    backend.run(f"CREATE DATABASE {building} TEMPLATE template0")
    source, target = Database(f"sqlite:///{path}"), Database(backend.at(building))
    migrate(target)
    with source.read() as reading, target.write() as writing:
        for table in Base.metadata.sorted_tables:
            rows = reading.execute(select(table).execution_options(yield_per=2_000)).mappings()
            for some in rows.partitions():
                write_many(writing, table, [dict(row) for row in some])
                if table.name == SearchText.__tablename__:
                    PostgresShelf(writing).add_texts([dict(row) for row in some])
                writing.commit()
    source.close()
    target.close()
    with psycopg.connect(backend.at(building), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    backend.run(f"ALTER DATABASE {building} RENAME TO {name}")


def fingerprint() -> str:
    """Get a digest of all that the services, and what is stored of them, are made of."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for name in _MADE_OF:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".toml"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
