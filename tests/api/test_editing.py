"""Who may write in the directory over HTTP, and what then is served, searched, told and audited."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.stewards import Steward, Stewardship, stewardship
from tests.databases import Kind
from tests.directory.whole_directory import id_of

JSON = dict[str, Any]
VISITS, HALL, CLINIC = (
    f"/services/{id_of('visits')}",
    f"/locations/{id_of('hall')}",
    f"/organizations/{id_of('clinic')}",
)
RECORDS = [
    VISITS,
    f"/organizations/{id_of('clinic')}",
    HALL,
    f"/service_at_locations/{id_of('visits at hall')}",
    f"/locations/{id_of('hideout')}",
    f"/taxonomies/{id_of('kinds')}",
    f"/taxonomy_terms/{id_of('prenatal')}",
]


@pytest.fixture
def stewards(database_kind: Kind, tmp_path: Path) -> Iterator[Stewardship]:
    with stewardship(tmp_path, database_kind) as made:
        yield made


@pytest.fixture
def clinic(stewards: Stewardship) -> Steward:
    return stewards.of["clinic"]


def bare(etag: str) -> str:
    return etag.strip('"').removesuffix("-gzip")


def test_a_patched_service_is_served_and_found_at_once(clinic: Steward) -> None:
    before, etag = clinic.read(VISITS)
    answer = clinic.ask("PATCH", VISITS, {"name": "Zebra visits"}, If_Match=etag)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    after, new = clinic.read(VISITS)
    assert answer.json == after
    assert bare(answer.headers["ETag"]) == bare(new) != bare(etag)
    moved = {"name", "metadata", "last_modified", "service_at_locations"}
    assert {k: v for k, v in after.items() if k not in moved} == {k: v for k, v in before.items() if k not in moved}
    found = clinic.get("/search?q=zebra").json
    assert [hit["service_id"] for hit in found["contents"]] == [id_of("visits")]
    told = after["metadata"][-1]
    assert (told["field_name"], told["previous_value"], told["replacement_value"]) == (
        "name",
        "Home visits",
        "Zebra visits",
    )
    assert told["updated_by"] == "Harbor Clinic"


@pytest.mark.parametrize("path", RECORDS)
def test_each_record_round_trips_by_put(stewards: Stewardship, path: str) -> None:
    document, etag = stewards.admin.read(path)
    answer = stewards.admin.ask("PUT", path, document, If_Match=etag)
    assert answer.status_code == 200, answer.text
    assert answer.json == document
    assert stewards.admin.get(path).headers["ETag"] == etag


def test_the_etag_of_a_gzipped_answer_names_the_same_version(clinic: Steward) -> None:
    etag = clinic.get(VISITS, Accept_Encoding="gzip").headers["ETag"]
    assert etag.endswith('-gzip"')
    assert clinic.ask("PATCH", VISITS, {"alert": "New"}, If_Match=etag).status_code == 200


def test_a_new_service_is_made_under_an_id_of_the_callers_choice(clinic: Steward) -> None:
    path = f"/services/{uuid4()}"
    document = {"name": "Quagga rides", "status": "active", "organization_id": id_of("clinic")}
    answer = clinic.create(path, document | {"id": path.rpartition("/")[2]})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(path)
    assert clinic.get(path).json == answer.json
    assert answer.json["source"] == {"name": "local"}
    assert clinic.get("/search?q=quagga").json["total_items"] == 1
    assert clinic.create(path, document).status_code == 412


def test_the_version_must_be_known(stewards: Stewardship, clinic: Steward) -> None:
    document, etag = clinic.read(VISITS)
    assert clinic.write("PATCH", VISITS, {"alert": "First"}).status_code == 200
    for method, body in (("PUT", document), ("PATCH", {"alert": "Second"}), ("DELETE", None)):
        assert clinic.ask(method, VISITS, body, If_Match=etag).status_code == 412
        assert clinic.ask(method, VISITS, body, If_Match=f"W/{etag}").status_code == 412
        assert clinic.ask(method, VISITS, body).status_code == 428
        assert clinic.ask(method, VISITS, body, If_Match="*").status_code == 428
        new = f"/services/{uuid4()}"
        sent = body if method != "PUT" else {"name": "x", "status": "active"}
        assert clinic.ask(method, new, sent, If_Match=etag).status_code == 404
    assert clinic.ask("PUT", VISITS, document, If_None_Match="*").status_code == 412
    assert clinic.ask("PUT", f"/services/{uuid4()}", {"name": "x", "status": "active"}).status_code == 428
    assert clinic.read(VISITS)[0]["alert"] == "First"


def test_of_two_writers_one_wins_and_nothing_is_lost(clinic: Steward) -> None:
    """Eight writers add their word to the alert, each beginning anew where another came between."""

    def add(word: str) -> int:
        tries = 0
        while True:
            tries += 1
            document, etag = clinic.read(VISITS)
            said = f"{document.get('alert', '')} {word}".strip()
            status = clinic.ask("PATCH", VISITS, {"alert": said}, If_Match=etag).status_code
            if status == 200:
                return tries
            assert status == 412

    words = [f"word{n}" for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, words))
    document, _ = clinic.read(VISITS)
    assert sorted(document["alert"].split()) == sorted(words)
    told = [row for row in document["metadata"] if row["field_name"] == "alert"]
    assert len(told) == len(words)
    for row, following in pairwise(told):
        assert row["replacement_value"] == following["previous_value"]


def test_a_deleted_service_is_out_of_search_and_in_the_tombstones_at_once(clinic: Steward) -> None:
    assert clinic.get("/search?q=nurse").json["total_items"] == 1
    assert clinic.write("DELETE", VISITS).status_code == 204
    assert clinic.get(VISITS).status_code == 410
    assert clinic.get("/search?q=nurse").json["total_items"] == 0
    gone = clinic.get("/services?modified_after=2026-11-01&tombstones=true").json["contents"]
    assert [each["id"] for each in gone if each.get("deleted")] == [id_of("visits")]
    assert clinic.ask("DELETE", VISITS).status_code == 410


def test_a_record_of_another_is_public_and_not_to_be_written(stewards: Stewardship) -> None:
    for who, status in ((stewards.of["house"], 403), (stewards.anyone, 401)):
        for method, body in (("PUT", {}), ("PATCH", {}), ("DELETE", None)):
            answer = who.ask(method, VISITS, body, If_Match='"x"')
            assert answer.status_code == (422 if method == "PUT" and status == 403 else status), answer.text
        document, etag = who.read(VISITS)
        assert who.ask("PUT", VISITS, document, If_Match=etag).status_code == status
    denied = rows(stewards, "SELECT object_ids FROM audit WHERE outcome = 'denied'")
    assert {ids for (ids,) in denied} == {id_of("visits")}


def test_every_write_is_audited_with_its_record(stewards: Stewardship, clinic: Steward) -> None:
    assert clinic.write("PATCH", VISITS, {"alert": "New"}).status_code == 200
    assert clinic.write("PATCH", VISITS, {"alert": "New"}).status_code == 200  # changes nothing
    assert clinic.write("DELETE", VISITS).status_code == 204
    assert rows(
        stewards, "SELECT action, object_kind, object_ids FROM audit WHERE what = 'directory.edit' ORDER BY id"
    ) == [
        ("U", "service", id_of("visits")),
        ("D", "service", id_of("visits")),
    ]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"nmae": "x"}, {"nmae", "name", "status"}),
        ({"name": "x", "status": "open"}, {"status"}),
        ({"name": None, "status": "active"}, {"name"}),
        ({"name": "x", "status": "active", "phones": [{"id": "1", "number": 5}]}, {"phones[0].id", "phones[0].number"}),
        (
            {"name": "x", "status": "active", "phones": [{"id": id_of("a phone"), "numbr": "5"}]},
            {"phones[0].numbr", "phones[0].number"},
        ),
        ({"name": "x", "status": "active", "minimum_age": "12"}, {"minimum_age"}),
        (
            {"name": "x", "status": "active", "schedules": [{"id": str(uuid4()), "opens_at": "9am"}]},
            {"schedules[0].opens_at"},
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(clinic: Steward, body: JSON, fields: set[str]) -> None:
    answer = clinic.write("PUT", VISITS, body)
    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.json["errors"]} == fields


def test_bodies_are_of_the_right_type_and_objects(clinic: Steward) -> None:
    etag = clinic.get(VISITS).headers["ETag"]
    answer = clinic.ask("PATCH", VISITS, {}, If_Match=etag, Content_Type="application/json")
    assert answer.status_code == 415
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json"
    assert clinic.ask("PUT", VISITS, {}, If_Match=etag, Content_Type="text/plain").status_code == 415
    for body in ([], "x", 7):
        assert clinic.ask("PATCH", VISITS, body, If_Match=etag).status_code == 422
    deep: Any = {}
    for _ in range(40):
        deep = {"a": deep}
    assert clinic.ask("PATCH", VISITS, deep, If_Match=etag).status_code == 413


def test_locations_are_listed_and_shown(stewards: Stewardship) -> None:
    anyone = stewards.anyone
    page = anyone.get("/locations").json
    assert page["total_items"] == 4
    shown = {each["id"]: each for each in page["contents"]}
    hidden = {
        "id": id_of("hideout"),
        "location_type": "physical",
        "organization_id": id_of("house"),
        "confidential": True,
    }
    assert shown[id_of("hideout")] == hidden
    assert "addresses" not in shown[id_of("hall")]
    full = anyone.get(f"/locations?full=true&organization_id={id_of('clinic')}").json["contents"]
    assert [each["addresses"][0]["address_1"] for each in full] == ["10 Open Street"]
    document, etag = anyone.read(HALL)
    assert document == full[0]
    assert anyone.get(HALL, If_None_Match=etag).status_code == 304
    assert anyone.get(f"/locations/{uuid4()}").status_code == 404
    assert anyone.get("/locations?page=2&per_page=3").json["size"] == 1


def test_a_moved_location_is_near_its_new_place_at_once(clinic: Steward) -> None:
    assert clinic.get("/search?near=39.3439,-76.6876&within=1km&q=nurse").json["contents"][0]["distance_m"] == 0
    assert clinic.write("PATCH", HALL, {"latitude": 39.1, "longitude": -76.5}).status_code == 200
    (hit,) = clinic.get("/search?near=39.3439,-76.6876&within=1km&q=nurse").json["contents"]
    assert hit["reached_by"] == "area"
    assert clinic.get("/search?near=39.1,-76.5&within=1km&q=nurse").json["contents"][0]["distance_m"] == 0


def rows(stewards: Stewardship, sql: str) -> list[tuple[Any, ...]]:
    with stewards.database.read() as session:
        return [tuple(row) for row in session.execute(text(sql))]
