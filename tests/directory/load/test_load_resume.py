"""A load that is killed goes on where it stopped, and ends like one that never was."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select

from resource_api.directory.document import Document
from resource_api.directory.load import staging
from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import Named, open_input
from resource_api.directory.load.report import Report
from resource_api.directory.load.run_record import PROBLEMS_KEPT, Options
from resource_api.directory.load_state import LoadProblem, LoadRun
from tests.directory.load.loading import NOW, everything, load_place, open_database, rows_of, write_tables

# Loads a place and waits for ever, with two batches committed and the third flushed or committed as well.
CHILD = """
import sys, time
from pathlib import Path
from resource_api.directory.load import staging
from tests.directory.load.loading import *
staging.ROWS_PER_BATCH = 500
database = Database(sys.argv[1])
with database.write() as session:
    done = 0
    given = open_input(sys.argv[2], Named(source="here"), Path("."))
    for progress in load(session, given, Options(), Report(), clock=lambda: NOW):
        done += progress.phase == "load" and progress.done > 0
        if done == 3 and sys.argv[3] == "before": print("stopped", flush=True); time.sleep(60)
        session.commit()
        if done == 3: print("stopped", flush=True); time.sleep(60)
"""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(staging, "ROWS_PER_BATCH", 500)


def many(folder, *, bad=True):
    return write_tables(
        folder,
        organizations=[{"id": f"o{i}", "name": f"Org {i}", "description": "d"} for i in range(400)],
        services=[
            {"id": f"s{i}", "organization_id": f"o{i % 400}", "name": f"S {i}",
             "status": "open" if bad and i % 100 == 5 else "active"}
            for i in range(1600)
        ],
        phones=[{"id": f"p{i}", "service_id": f"s{i}", "number": "(410) 555-1234"} for i in range(0, 1600, 5)],
    )  # fmt: skip


def runs(database):
    with database.read() as session:
        return list(session.scalars(select(LoadRun).order_by(LoadRun.id)))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_load_resumes_where_it_stopped(database, tmp_path, moment):
    folder = many(tmp_path / "in")
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(database.url), str(folder), moment], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline().strip() == "stopped"
    finally:
        child.kill()
        child.wait(timeout=10)
        child.stdout.close()
    [stopped] = runs(database)
    assert stopped.cursor is not None
    assert stopped.finished_at is None
    landed = len(rows_of(database, "service"))
    assert 0 < landed < 1600

    report = load_place(database, folder)
    assert report.resumed
    assert report.counts["service"].new == 1584 - landed
    assert report.counts["service"].same == 0
    [run] = runs(database)
    assert run.finished_at is not None
    assert run.refused == report.refused

    whole = open_database(tmp_path, "whole.db")
    load_place(whole, folder)
    assert everything(whole) == everything(database)
    with whole.read() as session, database.read() as other:
        problems = select(LoadProblem.file, LoadProblem.line, LoadProblem.reason).order_by(LoadProblem.id)
        assert [tuple(r) for r in session.execute(problems)] == [tuple(r) for r in other.execute(problems)]
    whole.close()
    assert load_place(database, folder).written == 0


def test_another_input_does_not_resume_the_old_one(database, tmp_path):
    load_place(database, many(tmp_path / "in"), stop_after=2)
    report = load_place(database, many(tmp_path / "in", bad=False))
    assert not report.resumed
    assert len(rows_of(database, "service")) == 1600


def test_a_stopped_load_that_another_has_overtaken_starts_anew(database, tmp_path):
    load_place(database, many(tmp_path / "in", bad=False), stop_after=2)
    load_place(database, many(tmp_path / "other"))
    report = load_place(database, tmp_path / "in")
    assert not report.resumed
    assert len(rows_of(database, "service")) == 1600


def test_a_replacing_load_meets_every_row_again(database, tmp_path):
    folder = many(tmp_path / "in", bad=False)
    load_place(database, folder, stop_after=2)
    report = load_place(database, folder, Options(replace=True))
    assert not report.resumed
    assert report.counts["service"].retired == 0
    assert len(rows_of(database, "service")) == 1600


def test_a_run_keeps_the_first_problems_and_counts_the_others(database, tmp_path, monkeypatch):
    monkeypatch.setattr("resource_api.directory.load.run_record.PROBLEMS_KEPT", 10)
    report = load_place(database, many(tmp_path / "in"))
    [run] = runs(database)
    assert (run.refused, run.doubted) == (report.refused, report.doubted)
    assert report.refused > 10
    with database.read() as session:
        assert len(session.scalars(select(LoadProblem)).all()) == 10
    assert PROBLEMS_KEPT == 10_000


def test_who_asks_for_what_was_modified_while_a_load_goes_on_misses_nothing(database, tmp_path):
    times = iter([NOW + timedelta(minutes=minute) for minute in range(1000)])
    given = open_input(str(many(tmp_path / "in", bad=False)), Named(source="here"), tmp_path)
    harvested, asked_at = [], NOW
    with database.write() as session:
        for _ in load(session, given, Options(), Report(), clock=lambda: next(times)):
            session.commit()
            with database.read() as reader:
                changed = select(Document.id, Document.modified_at).where(Document.kind == "service")
                harvested += [row.id for row in reader.execute(changed.where(Document.modified_at >= asked_at))]
            asked_at = next(times)
    assert len(harvested) == len(set(harvested)) == 1600
