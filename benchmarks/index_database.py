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
from sqlalchemy import insert

from benchmarks.generate import AS_OF, SOURCE, generate_organization
from resource_api.database import Base, Database
from resource_api.directory.card import write_card
from resource_api.migrations import migrate
from resource_api.needs.infer import infer_needs
from resource_api.search.document import SearchDocument, search_document
from resource_api.search.place import store_towns
from resource_api.search.sqlite_index import SQLiteIndex

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


def index_databases(sizes: Sequence[int]) -> list[Path]:
    """Get a ready database of each size, in ascending order; builds those that are missing."""
    folder = DATA / f"index-{_fingerprint()}"
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


def _fingerprint() -> str:
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for name in _MADE_OF:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".toml"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
