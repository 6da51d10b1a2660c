"""THE SAME SEARCHES ON DATASETTE 0.65, the tool that one would otherwise put before such a table in an afternoon.

Measured: the questions of questions.py that have a place, over the same 100,000 services, over HTTP, side by side and
in alternating rounds, by the same client; ours as in search_http.py.

Datasette is asked twice, each time with a full-text index (porter stems) of the same names and texts, and indexes on
latitude and longitude. It runs as its documentation advises for speed: the file immutable and already counted, one
process (it has no more), four SQL threads. Both servers are asked over one connection too, where neither gains by
having more processes.

As it comes: its own search of a table, with filters and facets, by the JSON of a table of all sites: words by `_search`
or a need by `arraycontains`, a box of latitude and longitude, 20 rows, the total, and the facets of needs and cities,
which ours counts too. What it has no words for it is spared: distance, an order by it, relevance. The bar is on this
one: it is what somebody who has such a table gets.

By hand: queries written for these very questions, in which SQLite does all that it can do: words by FTS5 or needs by an
indexed join, the box, the exact haversine, nearest first, 20 rows and the total, without facets on either side. That is
no longer a search that Datasette offers, but one that somebody made; what is left to it is the way in and out.
"""

import re
import sqlite3
import subprocess
import venv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy import make_url

from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small
from benchmarks.http_load import CONNECTIONS, Round, run_round
from benchmarks.index_database import DATA, index_databases
from benchmarks.questions import SearchQuestion, ask_questions
from benchmarks.search_http import SIZES, SMALL_SIZES
from benchmarks.serving import free_port, our_command, serving
from resource_api.database import Database
from resource_api.needs import vocabulary
from resource_api.places import Point, bounding_box
from resource_api.search.place import find_place
from resource_api.words import STOPWORDS, split

REQUIREMENT = "datasette>=0.65,<0.66"
LEAST_TIMES = 20.0
AS_IT_COMES = "as it comes"
ROUNDS = 3
SECONDS = 6.0
QUESTIONS = 400
RADIUS_M = 25 * 1609.344

_DISTANCE = """2 * 6371008.8 * asin(sqrt(
  pow(sin(radians(s.latitude - :lat) / 2), 2)
  + cos(radians(:lat)) * cos(radians(s.latitude)) * pow(sin(radians(s.longitude - :lon) / 2), 2)))"""
_COLUMNS = f"v.service_id, v.card, s.site_id, min({_DISTANCE}) as distance_m, count(*) over () as total"
_BOX = """s.latitude between :south and :north and s.longitude between :west and :east
  group by v.id having distance_m <= :within order by distance_m limit 20"""
_QUERIES = {
    "by_words": f"""select {_COLUMNS} from service_fts f
        join service v on v.id = f.rowid join site s on s.service = v.id
        where service_fts match :q and {_BOX}""",
    "by_need": f"""select {_COLUMNS} from service_need n
        join service v on v.id = n.service join site s on s.service = v.id
        where n.need = :need and {_BOX}""",
}


def measure(_backend: Backend) -> Iterator[Figure]:
    """Measure both servers in alternating rounds."""
    ready = _install()
    if isinstance(ready, str):
        yield Figure("datasette.not measured", ready, "", LEAST_TIMES)
        return
    source = Path(str(make_url(index_databases(SMALL_SIZES if is_small() else SIZES)[1]).database))
    rounds, seconds = (1, 2.0) if is_small() else (ROUNDS, SECONDS)
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write_database(source, folder / "directory.db")
        asked = [question for question in ask_questions(QUESTIONS) if question.get("near")]
        points = _read_points(source, asked)
        plain = [_plain(question) for question in asked]
        faceted = [SearchQuestion(each.kind, (*each.params, ("facets", "need"), ("facets", "city"))) for each in plain]
        ways = [
            (AS_IT_COMES, ([each.path for each in faceted], list(map(_table_path, asked, points)))),
            ("by hand", ([each.path for each in plain], list(map(_query_path, asked, points)))),
        ]
        metadata = {"databases": {"directory": {"queries": {key: {"sql": sql} for key, sql in _QUERIES.items()}}}}
        (folder / "metadata.json").write_bytes(orjson.dumps(metadata))
        port, their_port = free_port(), free_port()
        env = {"DATABASE_URL": f"sqlite:///{source}", "INSTANCE_PATH": str(folder)}
        command = [
            str(ready), "serve", "--immutable", str(folder / "directory.db"), "--metadata",
            str(folder / "metadata.json"), "--port", str(their_port), "--setting", "sql_time_limit_ms", "20000",
            "--setting", "num_sql_threads", "4",
        ]  # fmt: skip
        with (
            serving(our_command(port), port, "/livez", env),
            serving(command, their_port, "/-/versions.json"),
        ):
            measured = {
                way: _alternate((port, ours), (their_port, theirs), rounds, seconds) for way, (ours, theirs) in ways
            }
    for way, at in measured.items():
        for connections, (ours, theirs) in at.items():
            yield from _write(ours, theirs, f"{way}, {connections} connection{'s' * (connections > 1)}")
        ours, theirs = at[CONNECTIONS]
        times = _best(ours).per_second / _best(theirs).per_second
        bar = LEAST_TIMES if way == AS_IT_COMES else None
        yield Figure(f"datasette.ours ÷ Datasette, {way}", round(times, 1), "× requests/s", bar, "below")
        ours, theirs = at[1]
        times = min(each.p50 for each in theirs) / min(each.p50 for each in ours)
        yield Figure(f"datasette.Datasette ÷ ours, {way}, 1 connection", round(times, 1), "× p50")


def _alternate(
    ours: tuple[int, list[str]], theirs: tuple[int, list[str]], rounds: int, seconds: float
) -> dict[int, tuple[list[Round], list[Round]]]:
    """Ask both in turn, over several connections and over one."""
    for port, paths in (ours, theirs):
        run_round(port, paths, seconds=seconds)
    found: dict[int, tuple[list[Round], list[Round]]] = {CONNECTIONS: ([], []), 1: ([], [])}
    for _ in range(rounds):
        for connections, both in found.items():
            for each, (port, paths) in zip(both, (ours, theirs), strict=True):
                each.append(run_round(port, paths, seconds=seconds, connections=connections))
    return found


def _write(ours: list[Round], theirs: list[Round], how: str) -> Iterator[Figure]:
    for name, rounds in (("ours", ours), ("Datasette", theirs)):
        best = _best(rounds)
        yield Figure(f"datasette.{name}, {how}", round(best.per_second, 1), "requests/s")
        for label, value in (("p50", best.p50), ("p95", best.p95), ("p99", best.p99)):
            yield Figure(f"datasette.{name}, {how}, {label}", round(value, 2), "ms")
        yield Figure(f"datasette.{name}, {how}, failed", sum(each.failed for each in rounds), "requests", 0)


def _best(rounds: list[Round]) -> Round:
    return max(rounds, key=lambda each: each.per_second)


def _install() -> Path | str:
    """Install Datasette into an environment of its own; get its command, or why that failed."""
    folder = DATA / "datasette-venv"
    command = folder / "bin" / "datasette"
    if command.exists():
        return command
    venv.create(folder, with_pip=True, clear=True)
    done = subprocess.run(
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", REQUIREMENT],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    return command if command.exists() else f"{REQUIREMENT} could not be installed: {done.stderr.strip()[-200:]}"


def _write_database(source: Path, target: Path) -> None:
    """Write the same services as Datasette's tables, from the cards and tokens that ours answers from."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        writing.executescript(
            """
            create table service (id integer primary key, service_id text, name text, text text, card text);
            create table service_need (need text, service integer);
            create table site (service integer, site_id text, latitude real, longitude real);
            create table place (id integer primary key, service_id text, name text, labels text, text text, city text,
                needs text, latitude real, longitude real, card text);
            create virtual table place_fts using
                fts5(name, labels, text, content='place', content_rowid='id', tokenize='porter unicode61');
            create virtual table service_fts using fts5(name, labels, text, content='', tokenize='porter unicode61');
            """
        )
        rows = reading.execute(
            "select r.id, d.body, r.needs from search_row r join document d on d.kind = 'card' and d.id = r.service_id"
        )
        for number, body, needs in rows:
            card = orjson.loads(body)
            cities = " ".join(site["location"].get("city", "") for site in card.get("sites", ()))
            slugs = _slugs(needs)
            labels = " ".join(vocabulary().needs[slug].en for slug in slugs)
            writing.execute(
                "insert into service values (?, ?, ?, ?, ?)",
                (number, card["service_id"], card["service_name"], card["text"], body.decode()),
            )
            writing.execute(
                "insert into service_fts(rowid, name, labels, text) values (?, ?, ?, ?)",
                (number, card["service_name"], f"{card['organization_name']} {labels} {cities}", card["text"]),
            )
            writing.executemany(
                "insert into place (service_id, name, labels, text, city, needs, latitude, longitude, card) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (card["service_id"], card["service_name"], f"{card['organization_name']} {labels} {city}",
                     card["text"], city, orjson.dumps(slugs).decode(), latitude, longitude, body.decode())
                    for _, city, latitude, longitude in _sites(card)
                ],
            )  # fmt: skip
            writing.executemany("insert into service_need values (?, ?)", [(slug, number) for slug in slugs])
            writing.executemany(
                "insert into site values (?, ?, ?, ?)",
                [(number, site, latitude, longitude) for site, _, latitude, longitude in _sites(card)],
            )
        writing.executescript(
            """
            create index service_need_need on service_need (need, service);
            create index site_service on site (service, latitude, longitude);
            create index site_point on site (latitude, longitude);
            create index place_point on place (latitude, longitude);
            create index place_city on place (city);
            insert into place_fts(place_fts) values('rebuild');
            insert into service_fts(service_fts) values('optimize');
            analyze;
            """
        )
        writing.commit()


def _slugs(needs: str) -> list[str]:
    """Read the slugs of a search row's needs, parents included."""
    found = (re.match(r"\^?([a-z0-9-]+)", part) for part in needs.split(",") if part)
    return list(dict.fromkeys(match[1] for match in found if match and match[1] in vocabulary().needs))


def _sites(card: dict[str, Any]) -> Iterator[tuple[str, str, float, float]]:
    """List the sites that have a point: each one's id, its city, and the point."""
    for site in card.get("sites", ()):
        location = site["location"]
        if "latitude" in location:
            yield site["service_at_location_id"], location.get("city", ""), location["latitude"], location["longitude"]


def _plain(question: SearchQuestion) -> SearchQuestion:
    """Take off what Datasette's query is spared, so that both are asked the same."""
    kept = tuple((name, value) for name, value in question.params if name in ("q", "need", "near"))
    return SearchQuestion(question.kind, kept)


def _read_points(source: Path, questions: list[SearchQuestion]) -> list[Point]:
    database = Database(f"sqlite:///{source}")
    with database.read() as session:
        points = [find_place(session, question.get("near") or "").point for question in questions]
    database.close()
    return points


def _table_path(question: SearchQuestion, point: Point) -> str:
    [box] = bounding_box(point, RADIUS_M)
    params = [
        ("latitude__gte", box.south), ("latitude__lte", box.north), ("longitude__gte", box.west),
        ("longitude__lte", box.east), ("_size", 20), ("_facet_array", "needs"), ("_facet", "city"), ("_nosuggest", 1),
    ]  # fmt: skip
    need = question.get("need")
    asked = ("needs__arraycontains", need) if need is not None else ("_search", " ".join(_words(question)))
    return f"/directory/place.json?{urlencode([asked, *params])}"


def _words(question: SearchQuestion) -> list[str]:
    return [word for word in split(question.get("q") or "") if word not in STOPWORDS] or ["help"]


def _query_path(question: SearchQuestion, point: Point) -> str:
    [box] = bounding_box(point, RADIUS_M)
    params: dict[str, str | float] = {
        "lat": point.latitude, "lon": point.longitude, "south": box.south, "north": box.north, "west": box.west,
        "east": box.east, "within": RADIUS_M, "_shape": "array",
    }  # fmt: skip
    need = question.get("need")
    if need is not None:
        return f"/directory/by_need.json?{urlencode(params | {'need': need})}"
    params["q"] = " ".join(f'"{word}"' for word in _words(question))
    return f"/directory/by_words.json?{urlencode(params)}"
