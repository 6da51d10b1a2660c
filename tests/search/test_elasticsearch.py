"""Elasticsearch answers what the database answers: the same hits, totals, facets and orders."""

import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.directory.tables import Organization, Service, TaxonomyTerm
from resource_api.indexer import Indexer
from resource_api.search import elasticsearch_index
from resource_api.search.ask import read_question
from resource_api.search.elasticsearch_index import Cluster, ElasticsearchIndex
from resource_api.search.find import find_services
from resource_api.search.query import SearchPage, SearchQuery
from resource_api.search.read_query import SearchRequest, read_query
from resource_api.search.sqlite_index import SQLiteIndex
from tests.relevance import measure as relevance
from tests.search.elasticsearch_server import mirror, own_cluster
from tests.search.generated import generate_queries, generate_services
from tests.search.services import NOW, put, uuid

JUDGED = Path(__file__).parents[1] / "relevance"
QUERIES = 500
EVERYTHING = 9_000


@dataclass(frozen=True)
class Both:
    """One directory, in the database's index and in Elasticsearch."""

    database: Database
    embedded: SQLiteIndex
    mirrored: ElasticsearchIndex
    indexer: Indexer


@pytest.fixture(scope="module")
def cluster(elasticsearch_url: str) -> Iterator[Cluster]:
    with own_cluster(elasticsearch_url) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def both(baltimore_database: Path, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Baltimore's real directory, and beside it services of every kind."""
    path = tmp_path_factory.mktemp("both") / "directory.db"
    shutil.copy(baltimore_database, path)
    database, embedded = Database(f"sqlite:///{path}"), SQLiteIndex()
    with database.write() as session:
        add_generated(session, embedded)
        session.commit()
    yield Both(database, embedded, ElasticsearchIndex(cluster, embedded.explain), mirror(database, cluster))
    database.close()


def add_generated(session: Session, index: SQLiteIndex) -> None:
    services = list(generate_services(600))
    for number in range(40):
        session.add(Organization(id=uuid(f"o{number}"), name=f"Organization {number}", description=""))
    session.flush()
    rows = [
        {"id": s["id"], "organization_id": s["organization_id"], "name": s["name"], "status": "active"}
        for s in services
    ]
    session.execute(insert(Service), rows)
    put(session, index, *services)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time: how long an answer takes is measured elsewhere."""
    monkeypatch.setattr(elasticsearch_index, "BUDGET_S", 30.0)


def queries(session: Session, both: Both, count: int) -> Iterator[SearchQuery]:
    organizations = list(session.scalars(select(Organization.id).order_by(Organization.id)))
    terms = list(session.scalars(select(TaxonomyTerm.id).order_by(TaxonomyTerm.id)))
    for query in generate_queries(count, organizations, terms):
        asked = read_question(session, both.embedded, query.q).asked if query.q else query.asked
        yield replace(query, asked=asked, per_page=EVERYTHING)


def ids(page: SearchPage) -> list[str]:
    return [hit.service_id for hit in page.hits]


@pytest.mark.parametrize("count", [60, pytest.param(QUERIES, marks=pytest.mark.faults)])
def test_generated_queries_have_the_same_hits_totals_facets_and_order(
    both: Both, count: int, record_property: Callable[[str, object], None]
) -> None:
    hits = alike = best = 0
    with both.database.read() as session:
        for number, query in enumerate(queries(session, both, count)):
            here, there = both.embedded.find(session, query), both.mirrored.find(session, query)
            said = f"query {number}: {query}"
            assert there.total == here.total, said
            assert set(ids(there)) == set(ids(here)), said
            assert there.facets == here.facets, said
            by_id = {hit.service_id: hit for hit in here.hits}
            assert all(hit == by_id[hit.service_id] for hit in there.hits), said
            hits += here.total
            if query.sort == "best":
                best += 1
                alike += ids(there)[:5] == ids(here)[:5]
            else:
                assert ids(there) == ids(here), said
    record_property("summary", f"elasticsearch: {count} queries, {hits:,} hits alike; first five {alike}/{best}")
    assert alike >= 0.95 * best


@pytest.mark.parametrize("judged", ["judged", "held_back"])
def test_judged_questions_have_the_same_first_hits(both: Both, judged: str) -> None:
    asked = tomllib.loads((JUDGED / f"{judged}.toml").read_text("utf-8"))["query"]
    shared: list[float] = []
    with both.database.read() as session:
        for each in asked:
            given = {key: each[key] for key in ("q", "near", "within") if key in each}
            given |= {"code": (each["code"],)} if "code" in each else {}
            query = read_query(session, both.embedded, SearchRequest(**given)).query
            here = find_services(session, both.embedded, query)
            there = find_services(session, both.mirrored, query)
            assert (there.total, there.facets) == (here.total, here.facets), each["id"]
            first = ids(here)[:5]
            shared.append(len(set(first) & set(ids(there)[:5])) / len(first) if first else 1.0)
    assert sum(shared) / len(shared) >= 0.95


def test_judged_questions_are_answered_as_well(
    baltimore_database: Path, elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = relevance.measure(baltimore_database, JUDGED / "judged.toml")
    database = Database(f"sqlite:///{baltimore_database}")
    with own_cluster(elasticsearch_url) as cluster:
        copy_mirror(database, cluster)
        index = ElasticsearchIndex(cluster, SQLiteIndex().explain)
        monkeypatch.setattr(
            relevance, "find_services", lambda session, _embedded, query: find_services(session, index, query)
        )
        there = relevance.measure(baltimore_database, JUDGED / "judged.toml")
    database.close()
    precision = [sum(score.precision for score in scores) / len(scores) for scores in (here, there)]
    assert abs(precision[0] - precision[1]) <= 0.05


def copy_mirror(database: Database, cluster: Cluster) -> None:
    """Fill an index without a note in the database, which is everybody's."""
    from resource_api.search.mirror import read_operations, send
    from resource_api.search.mirror_build import make_live, open_next, read_services

    name, last = open_next(cluster), ""
    with database.read() as session:
        while services := read_services(session, last):
            send(cluster, [cluster.next_alias], read_operations(session, services))
            last = services[-1]
    make_live(cluster, name, now=NOW)
    cluster.call("POST", f"/{cluster.alias}/_refresh")


@pytest.mark.parametrize("sort", ["best", "name", "updated"])
def test_pages_beyond_what_is_asked_at_once_are_walked_to(
    both: Both, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elasticsearch_index, "MOST_AT_ONCE", 100)
    query = SearchQuery(sort=sort, per_page=30, facets=("city",))  # type: ignore[arg-type]
    with both.database.read() as session:
        whole = ids(both.mirrored.find(session, replace(query, per_page=90)))
        for page in (1, 4, 5, 40):
            there = both.mirrored.find(session, replace(query, page=page))
            here = both.embedded.find(session, replace(query, page=page))
            assert (there.total, there.facets) == (here.total, here.facets)
            if sort != "best":
                assert ids(there) == ids(here)
            if page == 1:
                assert ids(there) == whole[:30]
            assert len(set(ids(there))) == 30
        assert both.mirrored.find(session, replace(query, page=10_000)).hits == ()


CHANGES = (
    datetime(2026, 11, 1, 3, 50, tzinfo=UTC),
    datetime(2027, 3, 14, 5, 50, tzinfo=UTC),
    datetime(2026, 9, 26, 12, 50, tzinfo=UTC),
)


@pytest.mark.faults
@pytest.mark.parametrize("begin", CHANGES, ids=["autumn", "spring", "auckland"])
def test_what_is_open_is_the_same_minute_by_minute_where_clocks_change(both: Both, begin: datetime) -> None:
    with both.database.read() as session:
        for step in range(30):
            moment = begin + timedelta(minutes=10 * step)
            query = SearchQuery(open_at=moment, facets=("open",), sort="name", per_page=EVERYTHING)
            here, there = both.embedded.find(session, query), both.mirrored.find(session, query)
            assert (there.total, there.facets, ids(there)) == (here.total, here.facets, ids(here)), moment


def test_the_mirror_agrees_with_the_database_after_a_rebuild(both: Both) -> None:
    assert both.indexer.compare().services == []


def test_a_distance_is_the_haversine_on_the_same_sphere(both: Both, cluster: Cluster) -> None:
    """Where sites and circle meet to the millimetre, both say the same: the arithmetic is the same."""
    with both.database.read() as session:
        query = next(q for q in queries(session, both, 50) if q.place is not None and q.open_at is None)
        query = replace(query, asked=SearchQuery().asked, needs=(), sort="distance", facets=())
        page = both.embedded.find(session, query)
        far = [hit.distance_m for hit in page.hits if hit.distance_m is not None][:40]
        for distance in far:
            for within in (distance - 1e-3, distance + 1e-3):
                circle = replace(query, within_m=within)
                assert ids(both.mirrored.find(session, circle)) == ids(both.embedded.find(session, circle))
