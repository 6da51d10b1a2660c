"""Whether a service takes people now: said at once, shown everywhere, and unknown again when its time is over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resource_api.directory.availability import Availability, end_availability, read_availability
from tests.api.stewards import Stewardship, stewardship
from tests.databases import Kind
from tests.directory.whole_directory import id_of

VISITS = f"/services/{id_of('visits')}"
SOON = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
FULL = {"accepts_referrals": "no", "capacity": "no-capacity", "until": SOON, "note": "Full until the nurse is back"}


@pytest.fixture
def stewards(database_kind: Kind, tmp_path: Path) -> Iterator[Stewardship]:
    with stewardship(tmp_path, database_kind) as made:
        yield made


def hits(stewards: Stewardship, asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stewards.anyone.get(f"/search?q=nurse&{asked}").json["contents"]
    return found


def test_it_is_shown_in_the_document_the_hit_and_the_filters_at_once(stewards: Stewardship) -> None:
    answer = stewards.of["clinic"].ask("PUT", f"{VISITS}/availability", FULL)
    assert answer.status_code == 200, answer.text
    served, _ = stewards.anyone.read(VISITS)
    assert answer.json == served
    assert (served["accepts_referrals"], served["capacity_status"]) == ("no", "no-capacity")
    assert served["availability_note"] == FULL["note"]
    assert datetime.fromisoformat(served["availability_until"]) == datetime.fromisoformat(SOON)
    (hit,) = hits(stewards, "capacity=no-capacity")
    assert (hit["accepts_referrals"], hit["availability_note"]) == ("no", FULL["note"])
    assert hits(stewards, "accepts_referrals=true") == []
    assert "metadata" not in served or not [m for m in served["metadata"] if m["field_name"] == "capacity_status"]


def test_it_is_replaced_in_whole(stewards: Stewardship) -> None:
    clinic = stewards.of["clinic"]
    clinic.ask("PUT", f"{VISITS}/availability", FULL)
    served = clinic.ask("PUT", f"{VISITS}/availability", {"accepts_referrals": "yes"}).json
    assert served["accepts_referrals"] == "yes"
    assert not served.keys() & {"capacity_status", "availability_until", "availability_note"}


def test_when_its_time_is_over_nothing_is_known_again(stewards: Stewardship) -> None:
    stewards.of["clinic"].ask("PUT", f"{VISITS}/availability", FULL)
    before, after = datetime.now(UTC), datetime.now(UTC) + timedelta(hours=3)
    with stewards.database.write() as session:
        assert read_availability(session, id_of("visits"), now=before).capacity == "no-capacity"
        assert read_availability(session, id_of("visits"), now=after) == Availability()
        assert list(end_availability(session, now=before)) == []
        assert list(end_availability(session, now=after)) == [1]
        session.commit()
    served, _ = stewards.anyone.read(VISITS)
    assert not served.keys() & {"accepts_referrals", "capacity_status", "availability_until", "availability_note"}
    assert hits(stewards, "capacity=no-capacity") != []  # unknown comes after the known, and says so
    assert "capacity_status" not in hits(stewards, "")[0]


def test_a_hit_says_nothing_that_is_over_even_before_that_was_noticed(stewards: Stewardship) -> None:
    import time

    soon = datetime.now(UTC) + timedelta(seconds=3)
    until = FULL | {"until": soon.isoformat()}
    assert stewards.of["clinic"].ask("PUT", f"{VISITS}/availability", until).status_code == 200
    assert hits(stewards, "")[0]["capacity_status"] == "no-capacity"
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.1)
    assert not hits(stewards, "")[0].keys() & {"accepts_referrals", "capacity_status", "availability_note"}


def test_it_is_a_stewards_word(stewards: Stewardship) -> None:
    path = f"{VISITS}/availability"
    assert stewards.anyone.ask("PUT", path, FULL).status_code == 401
    assert stewards.of["house"].ask("PUT", path, FULL).status_code == 403
    assert stewards.admin.ask("PUT", path, FULL).status_code == 200
    assert stewards.admin.ask("PUT", f"/services/{id_of('nonesuch')}/availability", FULL).status_code == 404
    assert stewards.of["clinic"].ask("PUT", path, FULL, If_Match='"old"').status_code == 412


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"capacity": "full"}, "capacity"),
        ({"accepts_referrals": True}, "accepts_referrals"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"until": "2027-01-01T00:00:00"}, "until"),
        ({"note": "x" * 2_001}, "note"),
        ({"status": "active"}, "status"),
    ],
)
def test_what_is_wrong_is_refused(stewards: Stewardship, change: dict[str, Any], field: str) -> None:
    answer = stewards.of["clinic"].ask("PUT", f"{VISITS}/availability", FULL | change)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json["errors"]] == [field]
