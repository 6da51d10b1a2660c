"""Small inputs, and what becomes of them in a database."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.directory.document import Document
from resource_api.directory.graph import table
from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import Named, open_input, scratch_folder
from resource_api.directory.load.report import Report
from resource_api.directory.load.run_record import Options
from tests.databases import make_tables

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
Rows = Sequence[Mapping[str, Any]]


def open_database(tmp_path: Path, name: str = "directory.db") -> Database:
    database = Database(f"sqlite:///{tmp_path / name}")
    make_tables(database)
    return database


def load_place(
    database: Database,
    place: Path | str,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    named: Named = Named(source="here"),  # noqa: B008 - frozen
    stop_after: int | None = None,
) -> Report:
    """Load a place, committing between batches as the command does; `stop_after` batches it is dropped."""
    report = Report()
    with scratch_folder() as scratch, database.write() as session:
        batches = 0
        for progress in load(session, open_input(str(place), named, Path(scratch)), options, report, clock=lambda: NOW):
            if not options.dry_run:
                session.commit()
            report.pending.clear()
            batches += progress.phase == "load" and progress.done > 0
            if batches == stop_after:
                break
    return report


def write_csv(folder: Path, name: str, rows: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def write_tables(folder: Path, **tables: Rows) -> Path:
    """Write CSV files, `services=[…]` as services.csv."""
    for name, rows in tables.items():
        if not rows:
            continue
        write_csv(folder, f"{name}.csv", rows)
    return folder


def one_service(**fields: Any) -> dict[str, Rows]:
    """Make the tables of one organization with one service at one site."""
    return {
        "organizations": [{"id": "o1", "name": "Helping Hands", "description": "Helps."}],
        "locations": [{"id": "l1", "organization_id": "o1", "location_type": "physical", "name": "Site"}],
        "services": [{"id": "s1", "organization_id": "o1", "name": "Pantry", "status": "active"} | fields],
        "service_at_location": [{"id": "x1", "service_id": "s1", "location_id": "l1"}],
    }


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def rows_of(database: Database, noun: str, *, deleted: bool = False) -> list[dict[str, Any]]:
    source = table(noun)
    with database.read() as session:
        found = session.execute(
            select(source).where(source.c.deleted_at.is_not(None) if deleted else source.c.deleted_at.is_(None))
        ).mappings()
        return sorted((dict(row) for row in found), key=lambda row: (row["position"], row["id"]))


def row_of(database: Database, noun: str) -> dict[str, Any]:
    [row] = rows_of(database, noun)
    return row


def documents(session: Session, kind: str) -> dict[str, dict[str, Any]]:
    rows = session.execute(
        select(Document.id, Document.body).where(Document.kind == kind, Document.deleted_at.is_(None))
    )
    return {row.id: json.loads(row.body) for row in rows}


def service_documents(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return list(documents(session, "service").values())


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Read every row of every table but the records of loads."""
    with database.read() as session:
        return {
            name: [tuple(row) for row in session.execute(select(each).order_by(*each.primary_key.columns))]
            for name, each in Document.metadata.tables.items()
            if name not in ("load_run", "load_problem", "source", "change")
        }
