"""WHAT ELASTICSEARCH COSTS THROUGH US: a search over HTTP, and building an index, against Elasticsearch alone.

Measured: the median of `/search` as it is served (gunicorn, one worker of four threads, one client), and how many
services a second `search rebuild` sends from stored documents. Against: the median of the very request that such a
search makes of Elasticsearch, sent bare over one connection; and `elasticsearch.helpers.bulk` of the very documents,
ready in memory. Questions are asked of both in turns; both builds end with a refresh.

ELASTICSEARCH_URL names the server; without one nothing is measured. Its indexes are dropped afterwards.
"""

import http.client
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import orjson
from sqlalchemy import insert

from benchmarks.figure import Figure, is_small, percentile, percentiles
from benchmarks.generate import AS_OF, generate_services
from benchmarks.questions import ask_questions
from benchmarks.serving import free_port, our_command, serving
from resource_api.database import Base, Database
from resource_api.directory.card import write_card
from resource_api.indexer import Indexer
from resource_api.migrations import migrate
from resource_api.needs.infer import infer_needs
from resource_api.search.document import search_document
from resource_api.search.elasticsearch_index import Cluster, find_covering
from resource_api.search.elasticsearch_mapping import index_body
from resource_api.search.elasticsearch_query import search_body
from resource_api.search.mirror import read_operations
from resource_api.search.mirror_build import read_services
from resource_api.search.place import store_towns
from resource_api.search.read_query import SearchRequest, read_query
from resource_api.search.sqlite_index import SQLiteIndex
from resource_api.settings import Settings

SERVICES, SMALL_SERVICES = 100_000, 3_000
QUESTIONS, SMALL_QUESTIONS = 400, 100
STAMP = datetime(2026, 11, 24, tzinfo=UTC)
AT_A_TIME = 500


def measure() -> Iterator[Figure]:
    """Measure building first, then searching what was built."""
    url = os.environ.get("ELASTICSEARCH_URL")
    if not url:
        yield Figure("elasticsearch.not measured", "ELASTICSEARCH_URL names no server", "")
        return
    count, questions = (SMALL_SERVICES, SMALL_QUESTIONS) if is_small() else (SERVICES, QUESTIONS)
    with TemporaryDirectory() as folder:
        env = {
            "DATABASE_URL": f"sqlite:///{folder}/directory.db",
            "INSTANCE_PATH": folder,
            "ELASTICSEARCH_URL": url,
            "ELASTICSEARCH_INDEX": f"bench-{uuid4().hex[:8]}",
        }
        settings = Settings.from_environment(env)
        database = Database(settings.database_url)
        _fill(database, count)
        indexer = Indexer.of(database, settings)
        try:
            yield from _measure_building(database, indexer, settings, count)
            yield from _measure_searching(database, indexer.cluster, env, questions)
        finally:
            for name in indexer.cluster.call("GET", f"/{indexer.cluster.name}-*/_alias"):
                indexer.cluster.call("DELETE", f"/{name}")
            indexer.cluster.close()
            database.close()


def _fill(database: Database, count: int) -> None:
    """Write the first services of the country as they are stored, and into the database's index."""
    migrate(database)
    index, tables, organizations = SQLiteIndex(), Base.metadata.tables, set[str]()
    waiting = list(generate_services(count))
    with database.write() as session:
        store_towns(session)
        for start in range(0, count, AT_A_TIME):
            documents, rows, services = [], [], []
            for service in waiting[start : start + AT_A_TIME]:
                service["needs"] = [asdict(link) for link in infer_needs(service, None)]
                card = write_card(service, today=AS_OF)
                documents.append(search_document(service, card, updated_at=STAMP.timestamp()))
                rows += [_document("service", service["id"], service), _document("card", service["id"], card)]
                owner = service["organization"]
                if owner["id"] not in organizations:
                    organizations.add(owner["id"])
                    session.execute(
                        insert(tables["organization"]), {k: owner[k] for k in ("id", "name", "description")}
                    )
                named = {name: service[name] for name in ("id", "name", "status")}
                services.append(named | {"organization_id": owner["id"]})
            session.execute(insert(tables["service"]), services)
            session.execute(insert(tables["document"]), rows)
            index.put(session, documents)
            session.commit()


def _document(kind: str, id_: str, body: dict[str, object]) -> dict[str, object]:
    return {
        "kind": kind, "id": id_, "organization_id": None, "body": orjson.dumps(body), "brief": b"{}", "etag": id_,
        "version": 1, "modified_at": STAMP, "deleted_at": None,
    }  # fmt: skip


def _measure_building(database: Database, indexer: Indexer, settings: Settings, count: int) -> Iterator[Figure]:
    from elasticsearch import Elasticsearch
    from elasticsearch.helpers import bulk

    bodies: list[tuple[str, dict[str, object]]] = []
    last = ""
    with database.read() as session:
        while ids := read_services(session, last):
            last = ids[-1]
            bodies += [(o.service_id, orjson.loads(o.body)) for o in read_operations(session, ids) if o.body]
    bare = f"{indexer.cluster.name}-999999"
    indexer.cluster.call("PUT", f"/{bare}", index_body())
    with Elasticsearch(list(settings.elasticsearch_urls)) as client:
        started = perf_counter()
        bulk(client, ({"_index": bare, "_id": id_, "_source": body} for id_, body in bodies), chunk_size=AT_A_TIME)
        indexer.cluster.call("POST", f"/{bare}/_refresh")
        alone = count / (perf_counter() - started)
    indexer.cluster.call("DELETE", f"/{bare}")
    started = perf_counter()
    indexer.rebuild()
    indexer.cluster.call("POST", f"/{indexer.cluster.alias}/_refresh")
    ours = count / (perf_counter() - started)
    yield Figure("elasticsearch.services", count, "services")
    yield Figure("elasticsearch.helpers.bulk", round(alone), "services/s")
    yield Figure("elasticsearch.rebuild", round(ours), "services/s")
    yield Figure("elasticsearch.rebuild ÷ helpers.bulk", round(ours / alone, 3), "of services/s")


def _measure_searching(database: Database, cluster: Cluster, env: dict[str, str], count: int) -> Iterator[Figure]:
    paths = [question.path for question in ask_questions(count)]
    bodies = list(_write_bodies(database, paths))
    port = free_port()
    node = urlsplit(env["ELASTICSEARCH_URL"].split(",")[0])
    ours: list[float] = []
    alone: list[float] = []
    degraded = 0
    with serving(our_command(port, workers=1), port, "/livez", env):
        here = http.client.HTTPConnection("127.0.0.1", port)
        there = http.client.HTTPConnection(node.hostname or "", node.port)
        for _ in range(2):  # the first time warms both
            ours.clear(), alone.clear()
            for path, body in zip(paths, bodies, strict=True):
                started = perf_counter()
                there.request("POST", f"/{cluster.alias}/_search", body, {"content-type": "application/json"})
                there.getresponse().read()
                alone.append((perf_counter() - started) * 1000)
                started = perf_counter()
                here.request("GET", path)
                answer = here.getresponse()
                answer.read()
                ours.append((perf_counter() - started) * 1000)
                degraded += answer.headers.get("Search-Degraded") == "true"
        here.close(), there.close()
    yield from percentiles("elasticsearch.search", ours)
    yield from percentiles("elasticsearch.bare request", alone)
    yield Figure("elasticsearch.searches that the database answered", degraded, "searches", 0)
    share = percentile(ours, 0.5) / percentile(alone, 0.5)
    yield Figure("elasticsearch.search ÷ bare request", round(share, 2), "×")


def _write_bodies(database: Database, paths: list[str]) -> Iterator[bytes]:
    index = SQLiteIndex()
    with database.read() as session:
        for path in paths:
            pairs = parse_qsl(urlsplit(path).query)
            given: dict[str, object] = dict(pairs)
            for name in ("need", "facets"):
                given[name] = tuple(value for key, value in pairs if key == name)
            query = read_query(session, index, SearchRequest(**_read(given))).query  # type: ignore[arg-type]
            covering = () if query.place is None else find_covering(session, query.place)
            body = search_body(query, covering=covering, now=datetime.now(UTC))
            yield orjson.dumps(body | {"from": 0, "size": query.per_page, "_source": False})


def _read(given: dict[str, object]) -> dict[str, object]:
    numbers = {name: int(str(given[name])) for name in ("page", "per_page") if name in given}
    truths = {name: given[name] in ("true", "1") for name in ("free", "remote", "accepts_referrals") if name in given}
    ages = {name: float(str(given[name])) for name in ("age", "age_months") if name in given}
    return given | numbers | truths | ages
