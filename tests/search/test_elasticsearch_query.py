"""What is said to Elasticsearch, as data; and who we say that we are."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from resource_api.directory.clock import zone
from resource_api.errors import IndexAway, SettingsError
from resource_api.needs import vocabulary
from resource_api.places import Point
from resource_api.search.ask import ask_for
from resource_api.search.elasticsearch_index import Access, Cluster
from resource_api.search.elasticsearch_mapping import MAPPING, need_code
from resource_api.search.elasticsearch_query import read_clocks, search_body
from resource_api.search.elasticsearch_script import SCORE, STEPS
from resource_api.search.place import place_at
from resource_api.search.query import FACETS, Asked, SearchQuery, Word
from resource_api.settings import Settings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOSTILE = '"; return 1; //* ? \\ {"match_all":{}}'


def body_of(query: SearchQuery) -> dict[str, Any]:
    return search_body(query, covering=(), now=NOW)


def test_what_a_caller_types_is_never_part_of_a_script() -> None:
    word = Word(HOSTILE, (HOSTILE,))
    asked = Asked(essential=(word, word), context=(word,))
    query = SearchQuery(
        asked=asked, accessibility=HOSTILE, language=HOSTILE, capacity=HOSTILE, life_stage=HOSTILE,
        organization_id=HOSTILE, taxonomy_term_id=HOSTILE, place=place_at(Point(39.3, -76.6), HOSTILE), facets=FACETS,
    )  # fmt: skip
    body = body_of(query)
    assert body["query"]["script_score"]["script"]["source"] == SCORE
    sources = {script["source"] for script in find(body, "script")}
    other = body_of(SearchQuery(place=query.place, facets=FACETS))
    assert sources == {script["source"] for script in find(other, "script")}, "compiled once"
    assert not any(HOSTILE in source for source in sources)


def find(part: Any, name: str) -> Iterator[Any]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == name:
                yield value
            yield from find(value, name)
    elif isinstance(part, list):
        for each in part:
            yield from find(each, name)


def test_only_fields_of_the_mapping_are_asked() -> None:
    word = Word("food", ("food",))
    query = SearchQuery(
        asked=Asked(essential=(word, word), context=(word,)), needs=(ask_for("food"),), age_months=3.0, free=True,
        life_stage="infant", language="es", accessibility="x", accepts_referrals=True, capacity="waitlist", remote=True,
        updated_after=NOW, place=place_at(Point(39.3, -76.6), "here"), facets=FACETS,
    )  # fmt: skip
    body = body_of(query)
    fields = set(find(body["aggs"], "field")) | {f for e in find(body, "exists") for f in e.values()}
    for kind in ("term", "terms", "range", "prefix", "wildcard"):
        fields |= {name for each in find(body["query"], kind) for name in each}
    assert fields <= set(MAPPING["properties"])
    assert len(fields) > 10


def test_a_wildcard_that_was_typed_is_a_sign_like_any_other() -> None:
    body = body_of(SearchQuery(accessibility="a*b?c\\"))
    assert [each["accessible"]["value"] for each in find(body, "wildcard")] == ["*a\\*b\\?c\\\\*"]


def test_needs_have_codes_of_their_own() -> None:
    slugs = [f"{sign}{slug}" for slug in vocabulary().needs for sign in ("", "^")]
    assert len({need_code(slug) for slug in slugs}) == len(slugs)


def test_the_clocks_of_every_zone_are_read_without_finding_the_zones_again() -> None:
    read_clocks(NOW)
    found = zone.cache_info().misses
    read_clocks(NOW + timedelta(minutes=1))
    assert zone.cache_info().misses == found


def test_every_zone_has_a_code_of_its_own_and_its_clock_is_right() -> None:
    from zoneinfo import available_timezones

    clocks = read_clocks(NOW)
    assert len(clocks) == len(available_timezones())
    assert set(clocks.values()) <= {NOW.toordinal() * 1440 + 720 + offset for offset in range(-14 * 60, 15 * 60, 15)}


def test_scores_of_any_number_of_unknown_filters_fit_a_float() -> None:
    assert len(STEPS) == 9
    assert STEPS[0] * 2 < 3.4e38
    assert STEPS[-1] * 2.0**-22 > 1.2e-38
    assert all(lower * 2 <= upper * 2.0**-22 for upper, lower in pairwise(STEPS))


def test_a_time_that_only_a_facet_asks_for_costs_the_score_nothing() -> None:
    body = body_of(SearchQuery(facets=("open",)))
    assert body["query"]["script_score"]["script"]["params"]["clocks"] is None
    assert body["aggs"]["open"]["terms"]["script"]["params"]["clocks"]
    asked = body_of(replace(SearchQuery(), open_at=NOW + timedelta(hours=1)))
    assert asked["query"]["script_score"]["script"]["params"]["clocks"]


# --- who we are ------------------------------------------------------------------------------------------------------


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A server that answers as Elasticsearch does, and keeps what headers it was sent."""
    seen: list[dict[str, str]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            said = orjson.dumps({"count": 0})
            self.send_response(200)
            for name, value in (("X-Elastic-Product", "Elasticsearch"), ("Content-Type", "application/json")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"ELASTICSEARCH_API_KEY": "a2V5"}, "ApiKey a2V5"),
        ({"ELASTICSEARCH_USER": "elastic", "ELASTICSEARCH_PASSWORD": "pw"}, "Basic ZWxhc3RpYzpwdw=="),
        ({}, None),
    ],
)
def test_we_say_who_we_are(given: dict[str, str], sent: str | None) -> None:
    with listening() as (port, seen):
        settings = Settings.from_environment({"ELASTICSEARCH_URL": f"http://127.0.0.1:{port}", **given})
        cluster = Cluster(Access.of(settings))
        cluster.call("GET", "/_count")
        cluster.close()
    assert seen[0].get("authorization") == sent
    assert not any("pw" in repr(value) or "a2V5" in repr(value) for value in (settings, cluster))


def test_a_certificate_is_checked_against_the_file_that_is_named(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with listening(tls) as (port, _):
        for file, fits in ((str(certificate), True), ("", False)):
            given = {"ELASTICSEARCH_URL": f"https://127.0.0.1:{port}", "ELASTICSEARCH_CA_FILE": file}
            cluster = Cluster(Access.of(Settings.from_environment(given)))
            if fits:
                assert cluster.call("GET", "/_count", budget=5) == {"count": 0}
            else:
                with pytest.raises(IndexAway):
                    cluster.call("GET", "/_count", budget=5)
            cluster.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ELASTICSEARCH_URL", "ftp://x"),
        ("ELASTICSEARCH_URL", "nonsense"),
        ("ELASTICSEARCH_URL", "http://x:port"),
        ("ELASTICSEARCH_INDEX", "Big"),
        ("ELASTICSEARCH_INDEX", "a,b"),
    ],
)
def test_a_setting_that_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({name: value})
    assert raised.value.field == name


def test_urls_have_the_ports_of_their_schemes() -> None:
    settings = Settings.from_environment({"ELASTICSEARCH_URL": "http://a, https://b/es,http://c:1"})
    assert settings.elasticsearch_urls == ("http://a:9200", "https://b:443/es", "http://c:1")
