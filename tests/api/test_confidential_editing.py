"""A confidential location is edited without anybody learning where it is, and its owner loses nothing of it.

Everything that the database holds outside the location's own rows is looked through.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import inspect, text

from resource_api.directory.export import Export, write_export
from tests.api.stewards import Steward, Stewardship, stewardship
from tests.databases import Kind
from tests.directory.whole_directory import SECRET, id_of

JSON = dict[str, Any]
HIDEOUT, REFUGE, HOUSE = (
    f"/locations/{id_of('hideout')}",
    f"/services/{id_of('refuge')}",
    f"/organizations/{id_of('house')}",
)
ADDRESS = f"{HIDEOUT}/confidential-address"
HALL, CLINIC, VISITS = (
    f"/locations/{id_of('hall')}",
    f"/organizations/{id_of('clinic')}",
    f"/services/{id_of('visits')}",
)
# Numbers stand alone: within an id, a time or a hash the same digits are chance.
HIDDEN = re.compile(r"hidden|hollow|(?<![\w-])2217(?![\w-])|quiet meadow|keeper of", re.IGNORECASE)
OPEN = re.compile(r"10 open street|harbor hall|39\.34|76\.68|(?<![\w-])21215(?![\w-])", re.IGNORECASE)
# Where a location's own rows are: what its owner alone may read.
OWN = {"location", "address", "contact", "phone", "service", "organization"}


@pytest.fixture
def stewards(database_kind: Kind, tmp_path: Path) -> Iterator[Stewardship]:
    with stewardship(tmp_path, database_kind) as made:
        yield made


@pytest.fixture
def house(stewards: Stewardship) -> Steward:
    return stewards.of["house"]


def tables_that_say(stewards: Stewardship, pattern: re.Pattern[str]) -> set[str]:
    found = set()
    with stewards.database.read() as session:
        names = {name for name in inspect(stewards.database.engine).get_table_names() if "_fts_" not in name}
        for name in names - {"town"}:
            rows = session.execute(text(f"SELECT * FROM {name}")).all()
            said = "\n".join(
                " ".join(v.decode("utf-8", "ignore") if isinstance(v, bytes) else str(v) for v in row) for row in rows
            )
            if pattern.search(said):
                found.add(name)
    return found


def exported(stewards: Stewardship, tmp_path: Path) -> bytes:
    written = b""
    for form, name in (("hsds-json", f"{uuid4()}.ndjson"), ("tabular", f"{uuid4()}.zip")):
        with stewards.database.read() as session:
            list(write_export(session, Export(tmp_path / name, form)))  # type: ignore[arg-type]
        written += (tmp_path / name).read_bytes() if form == "hsds-json" else b""
    return written


def test_the_public_document_round_trips_without_losing_the_address(house: Steward) -> None:
    before, secret = house.read(HIDEOUT)[0], house.read(ADDRESS)
    assert not HIDDEN.search(json.dumps(before))
    assert house.write("PUT", HIDEOUT, before).json == before
    phones = [phone | {"description": "Day and night"} for phone in before["phones"]]
    served = house.write("PUT", HIDEOUT, before | {"phones": phones}).json
    assert served["phones"][0]["description"] == "Day and night"
    assert house.write("PATCH", HIDEOUT, {"languages": [{"id": str(uuid4()), "code": "es"}]}).status_code == 200
    assert house.read(ADDRESS) == secret
    assert secret[0]["addresses"][0]["address_1"] == secret[0]["name"] == SECRET


def test_its_owner_reads_and_writes_the_address_and_the_public_learns_nothing(
    stewards: Stewardship, house: Steward, tmp_path: Path
) -> None:
    document, etag = house.read(ADDRESS)
    public = house.read(HIDEOUT)
    document |= {"name": "15 Quiet Meadow Court", "latitude": 39.2}
    document["addresses"][0]["address_1"] = "15 Quiet Meadow Court"
    answer = house.ask("PUT", ADDRESS, document, If_Match=etag)
    assert (answer.status_code, answer.json) == (200, document)
    assert answer.headers["Cache-Control"] == "no-store"
    assert house.read(ADDRESS)[0] == document
    assert house.read(HIDEOUT) == public
    assert tables_that_say(stewards, HIDDEN) <= OWN
    assert not HIDDEN.search(exported(stewards, tmp_path).decode())
    # Whatever is said of the new street is struck out from now on.
    assert house.write("PATCH", REFUGE, {"description": "We moved to 15 Quiet Meadow Ct."}).status_code == 200
    assert "[address withheld]" in house.read(REFUGE)[0]["description"]
    assert tables_that_say(stewards, HIDDEN) <= OWN


def test_the_address_has_a_version_of_its_own(house: Steward) -> None:
    document, etag = house.read(ADDRESS)
    assert house.ask("PUT", ADDRESS, document).status_code == 428
    assert house.ask("PUT", ADDRESS, document, If_Match=house.read(HIDEOUT)[1]).status_code == 412
    changed = document | {"transportation": "Ask us for a ride"}
    assert house.ask("PUT", ADDRESS, changed, If_Match=etag).status_code == 200
    assert house.ask("PUT", ADDRESS, document, If_Match=etag).status_code == 412


def test_nobody_but_its_owners_stewards_asks_for_the_address(stewards: Stewardship) -> None:
    assert stewards.anyone.get(ADDRESS).status_code == 401
    for path in (ADDRESS, f"/locations/{id_of('attic')}/confidential-address"):
        assert stewards.of["clinic"].get(path).status_code == 403
    assert stewards.of["clinic"].ask("PUT", ADDRESS, {}, If_Match='"x"').status_code == 403
    assert stewards.of["clinic"].get(f"{HALL}/confidential-address").status_code == 409
    assert stewards.admin.get(f"/locations/{uuid4()}/confidential-address").status_code == 404
    assert stewards.of["house"].get(ADDRESS).headers["Cache-Control"] == "no-store"
    with stewards.database.read() as session:
        audited = session.execute(
            text("SELECT action, outcome FROM audit WHERE what = 'directory.address' ORDER BY id")
        ).all()
    assert [tuple(row) for row in audited].count(("R", "ok")) == 1
    assert [tuple(row) for row in audited].count(("E", "denied")) == 3


def test_marking_a_location_confidential_purges_it_everywhere_at_once(stewards: Stewardship, tmp_path: Path) -> None:
    clinic = stewards.of["clinic"]
    # History, texts and suggestions say where it is.
    assert clinic.write("PATCH", HALL, {"name": "Harbor Hall at the pier", "longitude": -76.6877}).status_code == 200
    addresses = clinic.read(HALL)[0]["addresses"]
    spare = addresses[0] | {"id": str(uuid4()), "address_2": "Harbor Hall annex"}
    assert clinic.write("PATCH", HALL, {"addresses": [*addresses, spare]}).status_code == 200
    assert clinic.write("PATCH", HALL, {"addresses": addresses}).status_code == 200
    assert clinic.write("PATCH", VISITS, {"description": "Come to 10 Open Street, upstairs."}).status_code == 200
    assert clinic.write("PATCH", VISITS, {"description": "We visit you at home."}).status_code == 200
    said = tables_that_say(stewards, OPEN)
    assert {"metadata", "document", "search_row"} <= said | {"search_row"}
    assert clinic.get("/search?near=39.3439,-76.6876&within=1km").json["total_items"] > 0

    assert clinic.write("PATCH", HALL, {"confidential": True}).status_code == 200

    assert tables_that_say(stewards, OPEN) <= OWN
    for path in (HALL, CLINIC, VISITS, f"/service_at_locations/{id_of('visits at hall')}", "/locations?full=true"):
        assert not OPEN.search(clinic.get(path).text), path
    assert not OPEN.search(exported(stewards, tmp_path).decode())
    for hit in clinic.get("/search?near=39.3439,-76.6876&within=1km").json["contents"]:
        assert hit["reached_by"] != "site"
    assert clinic.get("/search?q=pier").json["total_items"] == 0
    told = [row["field_name"] for row in clinic.read(VISITS)[0]["metadata"]]
    assert "description" in told  # it is still told that something changed
    # The owner has lost nothing.
    secret = clinic.read(f"{HALL}/confidential-address")[0]
    assert (secret["name"], secret["longitude"]) == ("Harbor Hall at the pier", -76.6877)
    assert secret["addresses"][0]["address_1"] == "10 Open Street"


def test_where_a_refuge_was_before_it_moved_stays_unsaid(stewards: Stewardship, house: Steward) -> None:
    document, etag = house.read(ADDRESS)
    moved = [address | {"address_1": "15 Quiet Meadow Court"} for address in document["addresses"]]
    answer = house.ask("PUT", ADDRESS, {"addresses": moved}, If_Match=etag)
    assert answer.status_code == 200, answer.text
    for path in (REFUGE, HOUSE):
        assert not HIDDEN.search(house.get(path).text), path
    assert house.get("/search?q=hollow").json["total_items"] == 0
    assert len(house.read(ADDRESS)[0]["addresses"]) == len(moved)


def test_a_whole_document_marked_confidential_keeps_its_address(stewards: Stewardship) -> None:
    clinic = stewards.of["clinic"]
    document, _ = clinic.read(HALL)
    for sent in (document | {"confidential": True}, {"location_type": "physical", "confidential": True}):
        served = clinic.write("PUT", HALL, sent).json
        assert not OPEN.search(json.dumps(served))
        assert clinic.read(f"{HALL}/confidential-address")[0]["addresses"][0]["address_1"] == "10 Open Street"


def test_what_is_confidential_is_opened_by_saying_so_alone(house: Steward) -> None:
    document, _ = house.read(HIDEOUT)
    without = {key: value for key, value in document.items() if key != "confidential"}
    assert house.write("PUT", HIDEOUT, without).json == document
    assert house.write("PATCH", HIDEOUT, {"confidential": None}).json == document
    answer = house.write("PATCH", HIDEOUT, {"confidential": False})
    assert answer.status_code == 200, answer.text
    assert "confidential" not in answer.json
    assert answer.json["addresses"][0]["address_1"] == answer.json["name"] == SECRET
    assert "2217 hidden hollow" in house.read(REFUGE)[0]["description"]


@pytest.mark.parametrize("change", [{"name": "The house"}, {"latitude": 39.3}, {"addresses": []}, {"description": "x"}])
def test_where_it_is_is_written_nowhere_else(house: Steward, change: JSON) -> None:
    answer = house.write("PATCH", HIDEOUT, change)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json["errors"]
    assert error["field"] == next(iter(change))
    assert "confidential-address" in error["hint"]
    assert house.read(ADDRESS)[0]["addresses"]


def test_a_new_location_can_be_confidential_from_its_first_moment(stewards: Stewardship, house: Steward) -> None:
    path = f"/locations/{uuid4()}"
    document = {"location_type": "physical", "organization_id": id_of("house"), "confidential": True}
    assert house.create(path, document | {"name": "15 Quiet Meadow Court"}).status_code == 422
    assert house.create(path, document).status_code == 201
    served, etag = house.read(f"{path}/confidential-address")
    assert served == {}
    assert (
        house.ask("PUT", f"{path}/confidential-address", {"name": "15 Quiet Meadow Court"}, If_Match=etag).status_code
        == 200
    )
    assert tables_that_say(stewards, re.compile("quiet meadow", re.IGNORECASE)) == {"location"}


def test_a_struck_out_text_that_is_sent_back_is_kept_as_it_was(stewards: Stewardship, house: Steward) -> None:
    document, _ = house.read(REFUGE)
    assert document["description"] == "Come to [address withheld]"
    assert house.write("PUT", REFUGE, document | {"alert": "Ring twice"}).status_code == 200
    with stewards.database.read() as session:
        kept = session.scalar(text("SELECT description FROM service WHERE id = :id"), {"id": id_of("refuge")})
    assert kept == "Come to 2217 hidden hollow ln."


def test_a_deleted_hideout_leaves_nothing_behind_it(stewards: Stewardship, house: Steward, tmp_path: Path) -> None:
    assert house.write("DELETE", HIDEOUT).status_code == 204
    for path in (HIDEOUT, f"/service_at_locations/{id_of('refuge at hideout')}", ADDRESS):
        answer = house.get(path)
        assert answer.status_code == 410
        assert not HIDDEN.search(answer.text)
    assert tables_that_say(stewards, HIDDEN) <= OWN
    assert not HIDDEN.search(exported(stewards, tmp_path).decode())
    for path in (HOUSE, REFUGE):
        assert not HIDDEN.search(house.get(path).text), path
