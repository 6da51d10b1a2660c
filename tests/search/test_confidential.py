"""Nothing that is asked can tell where a confidential location is.

Most of it is shown with two worlds, alike in everything but where the refuge is: whatever is asked, both answer with
the same bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from resource_api import create_app
from resource_api.database import Database
from resource_api.directory.export import Export, write_export
from resource_api.directory.graph import table
from resource_api.directory.publish import publish_organizations
from resource_api.directory.tables import Document, Location, Source
from resource_api.search.query import FACETS
from resource_api.settings import Settings
from resource_api.wiring import attach_index
from tests.api.conftest import close
from tests.databases import empty_database
from tests.search.services import add_towns

JSON = dict[str, Any]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SQUARE = '{"type":"Polygon","coordinates":[[[-76.7,39.3],[-76.5,39.3],[-76.5,39.5],[-76.7,39.5],[-76.7,39.3]]]}'
OPEN_SITE = (39.2904, -76.6122)


@dataclass(frozen=True)
class Hideout:
    """Where a refuge is: what nobody may find out."""

    number: str
    street: str
    suffix: str
    short: str
    city: str
    state: str
    postal_code: str
    latitude: float
    longitude: float

    @property
    def line(self) -> str:
        return f"{self.number} {self.street} {self.suffix}"

    @property
    def secrets(self) -> list[str]:
        return [self.street, *self.street.split(), self.postal_code, f"{self.latitude:.3f}", f"{self.longitude:.3f}"]


TOWSON = Hideout("742", "Hidden Hollow", "Lane", "Ln", "Towson", "MD", "21286", 39.40158, -76.60191)
MILWAUKEE = Hideout("15", "Quiet Meadow", "Court", "Ct.", "Milwaukee", "WI", "53204", 43.01577, -87.93213)


def write_refuge(
    session: Session, hideout: Hideout, *, confidential: bool = True, areas: tuple[JSON, ...] = ()
) -> None:
    """Write an organization that says its address wherever people do, with an open office downtown."""
    said = f"Come to {hideout.number} {hideout.street} {hideout.short} after dark. We are on {hideout.line}, do ring."
    place = {"latitude": hideout.latitude, "longitude": hideout.longitude, "location_type": "physical"}
    street = {"address_1": hideout.line, "city": hideout.city, "state_province": hideout.state}
    street |= {"postal_code": hideout.postal_code, "country": "US", "address_type": "physical"}
    downtown = street | {
        "address_1": "1 Open Street",
        "city": "Baltimore",
        "state_province": "MD",
        "postal_code": "21202",
    }

    def add(noun: str, **fields: Any) -> None:
        session.execute(insert(table(noun)).values({"source_id": 1, "position": 0} | fields))

    def change(id_: str, noun: str, of: str, field: str) -> None:
        history = {"last_action_date": "2026-02-01", "last_action_type": "update", "updated_by": "An editor"}
        history |= {"field_name": field, "previous_value": said, "replacement_value": hideout.line}
        add("metadata", id=id_, resource_id=of, resource_type=noun, **history)

    session.add(Source(id=1, name="refuges", licence="CC0-1.0"))
    session.flush()
    add("organization", id="house", name="Safe House", description=said)
    map_link = f"https://maps.example.org/?q={quote(hideout.line)}"
    add("service", id="refuge", organization_id="house", name="Refuge", description=f"A shelter. {said}",
        status="active", url=map_link)  # fmt: skip
    add(
        "location",
        id="hideout",
        organization_id="house",
        name=hideout.line,
        description=said,
        confidential=confidential,
        **place,
    )
    add("address", id="address", location_id="hideout", **street)
    add("service_at_location", id="refuge at hideout", service_id="refuge", location_id="hideout", description=said)
    # A schedule without a zone: the ZIP would tell it.
    add("schedule", id="nights", service_at_location_id="refuge at hideout", freq="WEEKLY", byday="SA,SU",
        opens_at="18:00", closes_at="22:00", description=said)  # fmt: skip
    add("contact", id="keeper", location_id="hideout", name=f"Keeper of {hideout.line}")
    add("phone", id="phone", service_id="refuge", number="410-555-0100", description=said)
    add("phone", id="keeper phone", contact_id="keeper", number=f"410-555-01{hideout.number[:2]}")
    for number, area in enumerate(areas):
        add("service_area", id=f"area {number}", service_id="refuge", **area)
    add("service", id="advice", organization_id="house", name="Advice", description="By appointment", status="active")
    add("location", id="office", organization_id="house", name="The office", location_type="physical",
        latitude=OPEN_SITE[0], longitude=OPEN_SITE[1])  # fmt: skip
    add("address", id="office address", location_id="office", **downtown)
    for site, location in (("advice at office", "office"), ("advice at hideout", "hideout")):
        add("service_at_location", id=site, service_id="advice", location_id=location)
    add("service_area", id="advice area", service_id="advice", name="21204", extent="21204", extent_type="zip")
    change("change 1", "location", "hideout", "name")
    change("change 2", "address", "address", "address_1")
    change("change 3", "service", "refuge", "description")
    session.flush()
    publish_organizations(session, ["house"], now=NOW)


COUNTY = {"name": "Baltimore County, Maryland", "extent_type": "county"}
SMALL_AREAS = (
    {"name": "21204", "extent": "21204", "extent_type": "zip"},
    {"name": "A square", "extent": SQUARE, "extent_type": "geojson"},
)


@dataclass(frozen=True)
class World:
    database: Database
    app: Flask

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


def make_world(folder: Path, hideout: Hideout, **options: Any) -> World:
    path = folder / "world.db"
    path.write_bytes(empty_database())
    url = f"sqlite:///{path}"
    database = Database(url)
    attach_index(database)
    with database.write() as session:
        write_refuge(session, hideout, **options)
        add_towns(session)
        session.commit()
    return World(database, create_app(Settings(database_url=url, log_level="ERROR")))


def end(*worlds: World) -> None:
    for world in worlds:
        world.database.close()
        close(world.app)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    areas = (COUNTY, *SMALL_AREAS)
    made = tuple(make_world(tmp_path_factory.mktemp(h.city), h, areas=areas) for h in (TOWSON, MILWAUKEE))
    yield made[0], made[1]
    end(*made)


def same(worlds: tuple[World, World], path: str, **posted: Any) -> JSON:
    """Ask both worlds, which must answer with the same bytes and none of their secrets."""
    answers = []
    for world, hideout in zip(worlds, (TOWSON, MILWAUKEE), strict=True):
        client = world.client
        answer = client.post(path, json=posted) if posted else client.get(path)
        body = re.sub(rb'"request_id":"[^"]*"', b"", answer.data)
        for asked in (path, quote(path), *map(str, posted.values())):
            body = body.replace(asked.encode(), b"")
        answers.append((answer.status_code, body))
        if answer.status_code == 200 and "near=" not in path and "postcode=" not in path and not posted:
            for secret in hideout.secrets:
                assert secret.lower() not in answer.text.lower() or secret.lower() in path.lower(), (path, secret)
    assert answers[0] == answers[1]
    assert answers[0][0] == 200, (path, answers[0])
    return {} if posted or "ndjson" in path else orjson.loads(client.get(path).data)


def test_the_worlds_do_know_their_secrets(worlds: tuple[World, World]) -> None:
    for world, hideout in zip(worlds, (TOWSON, MILWAUKEE), strict=True):
        with world.database.read() as session:
            location = session.get(Location, "hideout")
            assert location is not None
            assert (location.latitude, location.longitude) == (hideout.latitude, hideout.longitude)


PATHS = [
    "/search",
    "/search?near=21204",
    "/search?near=53204",
    "/search?near=39.40158,-76.60191&within=1m&sort=distance",
    "/search?near=43.01577,-87.93213&within=1m&sort=distance",
    "/search?near=Towson,+MD&sort=distance",
    "/search?near=Chicago&within=100mi&sort=distance",
    "/search?" + "&".join(f"facets={name}" for name in FACETS),
    "/search?near=21204&" + "&".join(f"facets={name}" for name in FACETS),
    "/search?q=refuge",
    "/search?q=refuge&card=short",
    "/search?open_at=2026-03-01T19:30:00-05:00",
    "/search?open_at=2026-03-01T22:30:00-05:00",
    "/search/suggest?q=ref",
    "/services",
    "/services?full=true",
    "/services/refuge",
    "/services/advice",
    "/organizations",
    "/organizations?full_service=true",
    "/organizations/house",
    "/service_at_locations",
    "/service_at_locations?full=true",
    "/service_at_locations/refuge%20at%20hideout",
    "/service_at_locations/advice%20at%20hideout",
    *(f"/{noun}?format=ndjson" for noun in ("services", "organizations", "service_at_locations")),
    *(f"/service_at_locations?postcode={code}" for code in ("21204", "21093", "53204", "21202")),
    *(
        f"/service_at_locations?postcode={code}&proximity={metres}"
        for code in ("21204", "53204", "21202")
        for metres in (1, 5_000, 10_000_000)
    ),
]
WORDS = sorted(
    {word for hideout in (TOWSON, MILWAUKEE) for word in [*hideout.line.split(), hideout.city, hideout.line]}
)


@pytest.mark.parametrize("path", PATHS)
def test_no_url_tells_the_worlds_apart(worlds: tuple[World, World], path: str) -> None:
    same(worlds, path)


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_the_address_finds_anything(worlds: tuple[World, World], word: str) -> None:
    asked = quote(word)
    assert same(worlds, f"/search?q={asked}")["total_items"] == 0
    assert same(worlds, f"/search?q=shelter+{asked}") == same(worlds, f"/search?q=shelter+{asked}")
    suggested = same(worlds, f"/search/suggest?q={asked}")["suggestions"]
    assert not [each for each in suggested if each["kind"] == "service"]
    for noun in ("services", "organizations", "service_at_locations"):
        assert same(worlds, f"/{noun}?search={asked}")["total_items"] == 0


@pytest.mark.parametrize("word", ["hiden", "holow", "hollov", "medow", "quiett", "towsen"])
def test_no_misspelt_word_of_the_address_is_mended(worlds: tuple[World, World], word: str) -> None:
    searched = same(worlds, f"/search?q={word}")["searched"]
    assert not {"hidden", "hollow", "quiet", "meadow", "towson"} & set(searched.get("instead_of", {}))


LATITUDE, LONGITUDE, RADIUS = st.floats(38.5, 44), st.floats(-90, -75), st.floats(1, 5_000_000)


@settings(max_examples=60, deadline=None)
@given(latitude=LATITUDE, longitude=LONGITUDE, radius=RADIUS)
@example(latitude=39.40158, longitude=-76.60191, radius=1.0)
@example(latitude=43.01577, longitude=-87.93213, radius=1.0)
@example(latitude=39.40158, longitude=-76.60191, radius=1_200_000.0)
def test_no_circle_tells_the_worlds_apart(
    worlds: tuple[World, World], latitude: float, longitude: float, radius: float
) -> None:
    near = f"{latitude:.6f},{longitude:.6f}"
    path = f"/search?near={near}&within={radius:.3f}m&facets=city&facets=reached_by"
    for sort in ("best", "distance"):
        for hit in same(worlds, f"{path}&sort={sort}")["contents"]:
            if hit["service_id"] == "refuge":
                assert hit["reached_by"] == "area"
                assert "distance_m" not in hit
                assert hit["location"] == {"id": "hideout", "type": "physical", "confidential": True}
    same(worlds, "/search", near=near, within=f"{radius:.3f}m")


def test_bisection_learns_nothing_from_presence_distance_or_score(worlds: tuple[World, World]) -> None:
    """Halve the radius around the true point, around the county's middle and around a point across the border."""
    client = worlds[0].client
    inside, border, outside = (39.40158, -76.60191), (39.5, -76.6), (39.2, -76.6)
    for centre, reached in ((inside, True), (border, True), (outside, False)):
        answers = set()
        radius = 100_000.0
        while radius > 1:
            found = client.get(f"/search?near={centre[0]},{centre[1]}&within={radius:.2f}m&q=refuge").json
            assert found is not None
            hits = [hit for hit in found["contents"] if hit["service_id"] == "refuge"]
            assert [hit["reached_by"] for hit in hits] == (["area"] if reached else [])
            answers |= {(hit["score"], hit.get("distance_m")) for hit in hits}
            radius /= 2
        assert len(answers) == reached


def test_moving_the_centre_about_the_county_changes_no_score(worlds: tuple[World, World]) -> None:
    scores = set()
    for east in range(5):
        for north in range(5):
            centre = f"{39.45 + north * 0.03},{-76.75 + east * 0.03}"
            found = same(worlds, f"/search?near={centre}&within=1km&q=refuge")
            scores |= {hit["score"] for hit in found["contents"] if hit["service_id"] == "refuge"}
    assert len(scores) == 1


def test_an_open_site_answers_for_itself_alone(worlds: tuple[World, World]) -> None:
    at_the_office = same(worlds, f"/search?near={OPEN_SITE[0]},{OPEN_SITE[1]}&within=100m&q=advice")
    (hit,) = at_the_office["contents"]
    assert (hit["service_at_location_id"], hit["reached_by"], hit["distance_m"]) == ("advice at office", "site", 0)
    # Its ZIP would point at the hideout, so it is no reason to be found there.
    assert same(worlds, "/search?near=39.40158,-76.60191&within=100m&q=advice")["contents"] == []


@pytest.mark.parametrize("areas", [SMALL_AREAS[:1], SMALL_AREAS[1:], SMALL_AREAS, ()])
def test_a_small_area_never_makes_a_hidden_site_near(tmp_path: Path, areas: tuple[JSON, ...]) -> None:
    world = make_world(tmp_path, TOWSON, areas=areas)
    for near in ("21204", "39.40158,-76.60191", "Towson", "21202"):
        found = world.client.get("/search", query_string={"near": near, "q": "refuge", "within": "500mi"}).json
        assert found is not None
        assert found["contents"] == [], near
        reached = world.client.get("/service_at_locations?postcode=21204").json
        assert reached is not None
        assert "refuge at hideout" not in {site["id"] for site in reached["contents"]}
    assert len(world.client.get("/search?q=refuge").json["contents"]) == 1
    end(world)


@pytest.mark.parametrize(
    ("area", "reached"),
    [
        (COUNTY, True),
        ({"name": "Maryland", "extent_type": "state"}, True),
        ({"name": "United States", "extent_type": "nation", "extent": "US"}, True),
        ({"name": "Howard County, Maryland", "extent_type": "county"}, False),
        ({"name": "Wisconsin", "extent_type": "state"}, False),
    ],
)
def test_a_county_or_wider_makes_it_near_for_who_lives_there(tmp_path: Path, area: JSON, reached: bool) -> None:
    # The hideout is far away from all of these: only the area counts.
    world = make_world(tmp_path, MILWAUKEE, areas=(area,))
    found = world.client.get("/search?near=21204&q=refuge").json
    sites = world.client.get("/service_at_locations?postcode=21204").json
    assert found is not None
    assert sites is not None
    assert [hit["reached_by"] for hit in found["contents"]] == (["area"] if reached else [])
    assert ("refuge at hideout" in {site["id"] for site in sites["contents"]}) is reached
    end(world)


@pytest.mark.parametrize("form", ["hsds-json", "tabular"])
def test_an_export_tells_nothing(worlds: tuple[World, World], tmp_path: Path, form: Any) -> None:
    written = []
    for number, world in enumerate(worlds):
        path = tmp_path / str(number)
        with world.database.read() as session:
            list(write_export(session, Export(path, form)))
        written.append(path.read_bytes())
    assert written[0] == written[1]


# --- what was open yesterday -------------------------------------------------------------------------------------

SECRETS = re.compile(r"hidden|hollow|742|39\.40|76\.60|keeper|21286", re.IGNORECASE)


def stored(session: Session) -> dict[str, str]:
    """Everything that documents and index hold, as text."""
    found = {}
    for name in ("document", "search_row", "search_text", "search_word", "service_need", "change"):
        rows = session.execute(text(f"SELECT * FROM {name}")).all()
        found[name] = "\n".join(" ".join(v.decode() if isinstance(v, bytes) else str(v) for v in row) for row in rows)
    return found


def matches(session: Session, word: str) -> int:
    return len(session.execute(text("SELECT rowid FROM search_fts WHERE search_fts MATCH :q"), {"q": word}).all())


def hide(world: World, hours: int = 1) -> None:
    with world.database.write() as session:
        session.execute(update(Location).where(Location.id == "hideout").values(confidential=True))
        publish_organizations(session, ["house"], now=NOW + timedelta(hours=hours))
        session.commit()


def test_hiding_a_location_purges_documents_and_index_in_the_same_commit(tmp_path: Path) -> None:
    world = make_world(tmp_path, TOWSON, confidential=False, areas=(COUNTY,))
    client = world.client
    assert client.get("/search?q=hollow").json["total_items"] > 0
    assert client.get("/search?q=holow").json["searched"]["instead_of"] == {"hollow": "holow"}
    near = client.get("/search?near=39.40158,-76.60191&within=10m&q=refuge").json
    assert [hit["reached_by"] for hit in near["contents"]] == ["site"]
    seen = client.get("/services/refuge")
    with world.database.read() as session:
        assert all(matches(session, word) for word in ("hidden", "hollow", "742"))
        assert SECRETS.search(stored(session)["document"])

    hide(world)

    with world.database.read() as session:
        for word in ("hidden", "hollow", "742", '"hidden hollow"', "towson", "hollo*"):
            assert matches(session, word) == 0, word
        for name, everything in stored(session).items():
            assert not SECRETS.search(everything), name
        session.execute(text("SELECT * FROM search_fts")).all()
    with world.database.write() as session:
        session.execute(text("CREATE VIRTUAL TABLE terms USING fts5vocab(search_fts, 'row')"))
        terms = set(session.scalars(text("SELECT term FROM terms")))
        assert not {"hidden", "hollow", "742", "towson"} & terms
        session.execute(text("INSERT INTO search_fts(search_fts, rank) VALUES ('integrity-check', 1)"))

    # The process that knew the words yesterday has forgotten them, too.
    for word in ("hollow", "holow", "hidden"):
        found = client.get(f"/search?q={word}").json
        assert (found["total_items"], found["searched"].get("instead_of")) == (0, None)
    for radius in ("10m", "1km", "500mi"):
        found = client.get(f"/search?near=39.40158,-76.60191&within={radius}&q=refuge").json
        assert [hit["reached_by"] for hit in found["contents"]] == ["area"]
    changed = client.get("/services/refuge", headers={"If-None-Match": seen.headers["ETag"]})
    assert changed.status_code == 200
    assert not SECRETS.search(changed.text)
    end(world)


def test_a_hidden_location_that_is_deleted_leaves_tombstones_that_say_nothing(tmp_path: Path) -> None:
    world = make_world(tmp_path, TOWSON, confidential=False)
    hide(world)
    with world.database.write() as session:
        for noun in ("service_at_location", "service", "organization"):
            session.execute(update(table(noun)).values(deleted_at=NOW))
        publish_organizations(session, ["house"], now=NOW + timedelta(hours=2))
        session.commit()
    with world.database.read() as session:
        assert session.query(Document).count() > 0
        assert all(document.body == document.brief == b"" for document in session.query(Document))
        for name, everything in stored(session).items():
            assert not SECRETS.search(everything), name
        assert session.execute(text("SELECT count(*) FROM search_row")).scalar() == 0
        assert session.execute(text("SELECT count(*) FROM search_word")).scalar() == 0
    for path in ("/services/refuge", "/organizations/house", "/services?modified_after=2020-01-01"):
        assert not SECRETS.search(world.client.get(path).text), path
    end(world)


def test_a_location_that_was_hidden_and_opened_again_is_found_again(tmp_path: Path) -> None:
    world = make_world(tmp_path, TOWSON, areas=(COUNTY,))
    with world.database.write() as session:
        session.execute(update(Location).where(Location.id == "hideout").values(confidential=False))
        publish_organizations(session, ["house"], now=NOW + timedelta(hours=1))
        session.commit()
    found = world.client.get("/search?near=39.40158,-76.60191&within=10m&q=refuge").json
    assert found is not None
    assert [hit["distance_m"] for hit in found["contents"]] == [0]
    end(world)
