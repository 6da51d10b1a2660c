"""Every index gives the same answers: the same hits in the same order, with the same scores, totals and facets."""

import fcntl
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.needs import vocabulary
from resource_api.search.find import find_services
from resource_api.search.index import SearchIndex
from resource_api.search.query import FACETS, SearchPage
from resource_api.search.read_query import SearchRequest, read_query
from resource_api.search.sqlite_index import SQLiteIndex
from resource_api.search.suggest import suggest
from resource_api.wiring import attach_index
from tests.conftest import shared_folder
from tests.postgres import Postgres

RELEVANCE = Path(__file__).parents[1] / "relevance"
QUESTIONS = 500
PLACES = ("21215", "Baltimore, MD", "39.29,-76.61", "21061", "Towson, MD", "20001")
TYPED = ("d", "dia", "food", "bal", "balt", "tow", "ho", "hou", "sin", "st", "saint", "w", "é", "zz")
# "open" is counted at this very moment, which is another for the next index.
COUNTED = tuple(name for name in FACETS if name != "open")


@dataclass(frozen=True)
class Searched:
    """One index over Baltimore's directory, and the database that it is asked with."""

    database: Database
    index: SearchIndex

    def ask(self, request: SearchRequest) -> SearchPage:
        with self.database.read() as session:
            return find(session, self.index, request)


def find(session: Session, index: SearchIndex, request: SearchRequest) -> SearchPage:
    query = read_query(session, index, request).query
    return find_services(session, index, replace(query, per_page=100, facets=COUNTED))


@pytest.fixture(scope="module")
def expected(baltimore_database: Path) -> Iterator[Searched]:
    database = Database(f"sqlite:///{baltimore_database}")
    yield Searched(database, SQLiteIndex())
    database.close()


@pytest.fixture(scope="session")
def postgres_baltimore(postgres: Postgres, data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database on a server with Baltimore's directory, loaded once for all test processes."""
    shared = shared_folder(tmp_path_factory)
    made = shared / "postgres-baltimore"
    with (shared / "postgres-baltimore.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            url = postgres.at(postgres.make())
            environment = os.environ | {"DATABASE_URL": url, "INSTANCE_PATH": str(shared / "postgres-instance")}
            command = [sys.executable, "-m", "resource_api.cli"]
            for arguments in (["init", "--no-seed"], ["load", str(data / "baltimore"), "--source", "baltimore"]):
                done = subprocess.run(
                    [*command, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
                )
                assert done.returncode in (0, 1), done.stderr
            made.write_text(url, "utf-8")
    return made.read_text("utf-8")


def on_postgres(request: pytest.FixtureRequest) -> Searched:
    database = Database(request.getfixturevalue("postgres_baltimore"))
    return Searched(database, attach_index(database))


# Another index takes part by a line here.
OTHERS: dict[str, Callable[[pytest.FixtureRequest], Searched]] = {"postgresql": on_postgres}


# A city is loaded into each anew, which is for the long forms; `test_index_contract.py` asks both by every run.
@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.faults) for name in OTHERS])
def other(request: pytest.FixtureRequest) -> Iterator[Searched]:
    searched = OTHERS[request.param](request)
    yield searched
    searched.database.close()


def judged_questions() -> Iterator[SearchRequest]:
    for name in ("judged", "held_back"):
        for question in tomllib.loads((RELEVANCE / f"{name}.toml").read_text("utf-8"))["query"]:
            codes = (question["code"],) if "code" in question else ()
            given = {key: question[key] for key in ("q", "near", "within") if key in question}
            yield SearchRequest(**given, code=codes)


def generated_questions(spoken: list[str], count: int) -> Iterator[SearchRequest]:
    """Make questions of words that services say, of needs, places and filters, any of them together."""
    chance = random.Random(7)
    needs = sorted(vocabulary().needs)
    for _ in range(count):
        request = SearchRequest()
        if chance.random() < 0.7:
            words = chance.choices(spoken, k=chance.choice((1, 1, 2, 2, 3, 4)))
            request = replace(request, q=" ".join(words))
        if not request.q or chance.random() < 0.3:
            request = replace(request, need=(chance.choice(needs),))
        if chance.random() < 0.5:
            request = replace(request, near=chance.choice(PLACES), within=chance.choice(("3mi", "10mi", None)))
            request = replace(request, sort=chance.choice(("best", "distance")))
        for name, values in (
            ("language", ("es", "fr")),
            ("free", (True, False)),
            ("remote", (True, False)),
            ("life_stage", ("pregnant", "infant")),
            ("age_months", (6.0, 400.0)),
            ("open_at", ("2026-11-24T12:00:00-05:00", "2026-11-29T03:00:00-05:00")),
        ):
            if chance.random() < 0.12:
                request = replace(request, **{name: chance.choice(values)})
        yield request if chance.random() < 0.6 else replace(request, sort=chance.choice(("name", "updated")))


def test_every_judged_question_is_answered_alike(expected: Searched, other: Searched) -> None:
    for request in judged_questions():
        assert other.ask(request) == expected.ask(request), request


def test_questions_of_any_kind_are_answered_alike(expected: Searched, other: Searched) -> None:
    with expected.database.read() as session:
        spoken = sorted(expected.index.spoken_words(session))
    totals = []
    for request in generated_questions(spoken, QUESTIONS):
        page = expected.ask(request)
        assert other.ask(request) == page, request
        totals.append(page.total)
    assert sum(total > 0 for total in totals) > QUESTIONS / 3


def test_the_same_words_are_known_and_the_same_is_suggested(expected: Searched, other: Searched) -> None:
    with expected.database.read() as session, other.database.read() as elsewhere:
        assert other.index.spoken_words(elsewhere) == expected.index.spoken_words(session)
        for typed in TYPED:
            assert suggest(elsewhere, typed, lang="en") == suggest(session, typed, lang="en"), typed
