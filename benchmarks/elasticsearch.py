"""WHAT ELASTICSEARCH COSTS THROUGH US: a search over HTTP, and building an index, against Elasticsearch alone.

Measured, on PostgreSQL and Elasticsearch: services a second of `resource-api load` of a package (package.py), of which
nothing is left out; how many a second `search rebuild` then sends from what is stored, comparisons and the swap
included; and the median of `/search` as it is served (gunicorn, one worker of four threads, one client).

Against: `elasticsearch.helpers.bulk` of the very documents, read from a file of them; the median of the very request
that such a search makes of Elasticsearch, sent bare over one connection; and `COPY` of everything that the load left
behind, as load.py does. Questions are asked of both in turns; both builds end with a refresh.

BENCH_SERVICES=1000000 measures a million, which takes two hours. What has been loaded is kept on the server under
`bench_loaded_…`, with the seconds it took in `data/`, until what it is made of changes.
"""

import http.client
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import orjson

from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small, percentile, percentiles
from benchmarks.index_database import DATA, fingerprint
from benchmarks.load import copy_plainly, load_package
from benchmarks.package import write_package
from benchmarks.questions import ask_questions
from benchmarks.serving import free_port, our_command, serving
from resource_api.database import Database
from resource_api.indexer import Indexer
from resource_api.search.elasticsearch_index import Cluster, find_covering
from resource_api.search.elasticsearch_mapping import index_body
from resource_api.search.elasticsearch_query import search_body
from resource_api.search.mirror import read_operations
from resource_api.search.mirror_build import read_services
from resource_api.search.postgres_index import PostgresIndex
from resource_api.search.read_query import SearchRequest, read_query
from resource_api.settings import Settings

BACKENDS = ("Elasticsearch",)
SERVICES, SMALL_SERVICES = int(os.environ.get("BENCH_SERVICES", "100000")), 3_000
QUESTIONS, SMALL_QUESTIONS = 400, 100
AT_A_TIME = 500
MOST_TIMES_BARE, LEAST_OF_BULK = 1.5, 0.5


def measure(backend: Backend) -> Iterator[Figure]:
    """Measure loading and building first, then searching what was built."""
    count, questions = (SMALL_SERVICES, SMALL_QUESTIONS) if is_small() else (SERVICES, QUESTIONS)
    url, seconds, peak_mib = _loaded(backend, count)
    yield Figure("elasticsearch.services", count, "services")
    yield Figure("elasticsearch.load", round(count / seconds), "services/s")
    yield Figure("elasticsearch.load peak memory", round(peak_mib), "MiB")
    with TemporaryDirectory() as name:
        folder = Path(name)
        env = {
            "DATABASE_URL": url,
            "INSTANCE_PATH": name,
            "ELASTICSEARCH_URL": str(backend.search),
            "ELASTICSEARCH_INDEX": f"bench-{uuid4().hex[:8]}",
        }
        settings = Settings.from_environment(env)
        database = Database(url)
        indexer = Indexer.of(database, settings)
        try:
            yield from _measure_building(database, indexer, settings, count, folder)
            yield from _measure_searching(database, indexer.cluster, env, questions)
        finally:
            for index in indexer.cluster.call("GET", f"/{indexer.cluster.name}-*/_alias"):
                indexer.cluster.call("DELETE", f"/{index}")
            indexer.cluster.close()
            database.close()
        plainly = copy_plainly(backend, url, folder)
    yield Figure("elasticsearch.load by bare COPY", round(count / plainly), "services/s")
    yield Figure("elasticsearch.load ÷ bare COPY", round(plainly / seconds, 3), "of services/s")


def _loaded(backend: Backend, count: int) -> tuple[str, float, float]:
    """Get the URL of a database in which so many services have been loaded, the seconds and the peak in MiB."""
    made = fingerprint()
    name, kept = f"bench_loaded_{made}_{count}", DATA / f"loaded-{made}-{count}.json"
    there = [str(row[0]) for row in backend.run("SELECT datname FROM pg_database WHERE datname LIKE 'bench_loaded_%'")]
    for stale in there:
        if f"_{made}_" not in stale:
            backend.run(f"DROP DATABASE {stale}")
    if name in there and kept.exists():
        seconds, peak_mib = orjson.loads(kept.read_bytes())
        return backend.at(name), seconds, peak_mib
    backend.run(f"DROP DATABASE IF EXISTS {name}")
    with TemporaryDirectory() as folder:
        package = write_package(Path(folder) / "package", count)
        backend.run(f"CREATE DATABASE {name} TEMPLATE template0")
        seconds, peak_mib = load_package(backend.at(name), package, count)
    DATA.mkdir(exist_ok=True)
    kept.write_bytes(orjson.dumps([seconds, peak_mib]))
    return backend.at(name), seconds, peak_mib


def _measure_building(
    database: Database, indexer: Indexer, settings: Settings, count: int, folder: Path
) -> Iterator[Figure]:
    from elasticsearch import Elasticsearch
    from elasticsearch.helpers import bulk

    file = folder / "documents"
    sent = 0
    last = ""
    with open(file, "wb") as out, database.read() as session:
        while ids := read_services(session, last):
            last = ids[-1]
            for each in read_operations(session, ids):
                if each.body:
                    out.write(each.service_id.encode() + b" " + each.body + b"\n")
                    sent += 1
    bare = f"{indexer.cluster.name}-999999"
    indexer.cluster.call("PUT", f"/{bare}", index_body())
    with Elasticsearch(list(settings.elasticsearch_urls), request_timeout=60) as client, open(file, "rb") as lines:
        started = perf_counter()
        bulk(client, (_read_action(bare, line) for line in lines), chunk_size=AT_A_TIME)
        client.indices.refresh(index=bare)
        alone = sent / (perf_counter() - started)
    indexer.cluster.call("DELETE", f"/{bare}")
    started = perf_counter()
    indexer.rebuild()
    indexer.cluster.call("POST", f"/{indexer.cluster.alias}/_refresh")
    ours = sent / (perf_counter() - started)
    yield Figure("elasticsearch.helpers.bulk", round(alone), "services/s")
    yield Figure("elasticsearch.rebuild", round(ours), "services/s")
    share = round(ours / alone, 3)
    yield Figure("elasticsearch.rebuild ÷ helpers.bulk", share, "of services/s", LEAST_OF_BULK, "below")


def _read_action(index: str, line: bytes) -> dict[str, object]:
    id_, _, body = line.partition(b" ")
    return {"_index": index, "_id": id_.decode(), "_source": orjson.loads(body)}


def _measure_searching(database: Database, cluster: Cluster, env: dict[str, str], count: int) -> Iterator[Figure]:
    paths = [question.path for question in ask_questions(count)]
    bodies = list(_write_bodies(database, paths))
    port = free_port()
    node = urlsplit(env["ELASTICSEARCH_URL"].split(",")[0])
    ours: list[float] = []
    alone: list[float] = []
    degraded = 0
    with serving(our_command(port, workers=1), port, "/livez", env):
        here = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        there = http.client.HTTPConnection(node.hostname or "", node.port, timeout=60)
        for _ in range(2):  # the first time warms both
            ours.clear()
            alone.clear()
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
        here.close()
        there.close()
    yield from percentiles("elasticsearch.search", ours)
    yield from percentiles("elasticsearch.bare request", alone)
    yield Figure("elasticsearch.searches that the database answered", degraded, "searches", 0)
    share = percentile(ours, 0.5) / percentile(alone, 0.5)
    yield Figure("elasticsearch.search ÷ bare request", round(share, 2), "×", MOST_TIMES_BARE)


def _write_bodies(database: Database, paths: list[str]) -> Iterator[bytes]:
    index = PostgresIndex()
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
