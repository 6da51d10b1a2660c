"""What anybody may say of a service, and what its stewards make of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from resource_api.api import suggest_correction
from tests.api.stewards import Stewardship, stewardship
from tests.databases import Kind
from tests.directory.whole_directory import id_of

VISITS = f"/services/{id_of('visits')}"
WRONG = {"kind": "wrong", "field": "name", "value": "Home visits by nurses", "note": "They told me so"}


@pytest.fixture
def stewards(database_kind: Kind, tmp_path: Path) -> Iterator[Stewardship]:
    with stewardship(tmp_path, database_kind) as made:
        yield made


def suggest(stewards: Stewardship, body: dict[str, Any] = WRONG, path: str = VISITS) -> str:
    answer = stewards.anyone.ask("POST", f"{path}/corrections", body)
    assert answer.status_code == 202, answer.text
    assert answer.json["state"] == "open"
    return str(answer.json["id"])


def decide(stewards: Stewardship, correction: str, **ruling: Any) -> dict[str, Any]:
    answer = stewards.of["clinic"].ask("POST", f"/corrections/{correction}/decision", ruling)
    assert answer.status_code == 200, answer.text
    decided: dict[str, Any] = answer.json
    return decided


def test_nothing_changes_until_a_steward_accepts_it(stewards: Stewardship) -> None:
    before = stewards.anyone.read(VISITS)
    correction = suggest(stewards)
    assert stewards.anyone.read(VISITS) == before
    (listed,) = stewards.of["clinic"].get("/corrections?state=open").json["contents"]
    assert {key: listed[key] for key in ("id", *WRONG)} == {"id": correction, **WRONG}
    decided = decide(stewards, correction, decision="accepted")
    assert decided["state"] == "accepted"
    served, _ = stewards.anyone.read(VISITS)
    assert (served["name"], served["assured_date"]) == (WRONG["value"], datetime.now(UTC).date().isoformat())
    assert stewards.of["clinic"].get("/corrections?state=open").json["contents"] == []


@pytest.mark.parametrize(
    ("said", "ruling", "moves"),
    [
        ({"kind": "still-correct"}, {"decision": "accepted"}, True),
        ({"kind": "still-correct"}, {"decision": "declined"}, False),
        (WRONG, {"decision": "still-correct", "reason": "I asked them"}, True),
        (WRONG, {"decision": "declined"}, False),
        (WRONG, {"decision": "accepted", "apply": False}, False),
        ({"kind": "wrong", "field": "phones", "note": "It rings at a bakery"}, {"decision": "accepted"}, False),
    ],
)
def test_the_assured_date_moves_where_the_record_was_found_right(
    stewards: Stewardship, said: dict[str, Any], ruling: dict[str, Any], moves: bool
) -> None:
    decide(stewards, suggest(stewards, said), **ruling)
    served, _ = stewards.anyone.read(VISITS)
    assert served["name"] == "Home visits"
    assert served.get("assured_date") == (datetime.now(UTC).date().isoformat() if moves else None)


def test_a_service_that_is_closed_goes_out_of_search(stewards: Stewardship) -> None:
    decide(stewards, suggest(stewards, {"kind": "closed"}), decision="accepted")
    assert stewards.anyone.read(VISITS)[0]["status"] == "inactive"
    assert stewards.anyone.get("/search?q=nurse").json["total_items"] == 0


def test_a_correction_is_decided_once_and_by_the_services_stewards(stewards: Stewardship) -> None:
    correction = suggest(stewards)
    path = f"/corrections/{correction}/decision"
    assert stewards.of["house"].get("/corrections").json["contents"] == []
    # Of a correction to another's service there is none.
    stranger = stewards.of["house"].ask("POST", path, {"decision": "accepted"})
    nobodys = stewards.of["house"].ask("POST", f"/corrections/{uuid4()}/decision", {"decision": "accepted"})
    assert stranger.status_code == nobodys.status_code == 404
    assert stewards.anyone.ask("POST", path, {"decision": "accepted"}).status_code == 401
    assert stewards.anyone.get("/corrections").status_code == 401
    decide(stewards, correction, decision="declined")
    assert stewards.of["clinic"].ask("POST", path, {"decision": "accepted"}).status_code == 409


def test_what_the_record_cannot_say_is_refused_and_the_correction_stays_open(stewards: Stewardship) -> None:
    correction = suggest(stewards, {"kind": "wrong", "field": "url", "value": "ask for Ann"})
    answer = stewards.of["clinic"].ask("POST", f"/corrections/{correction}/decision", {"decision": "accepted"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["url"]
    assert len(stewards.of["clinic"].get("/corrections?state=open").json["contents"]) == 1
    assert decide(stewards, correction, decision="accepted", apply=False)["state"] == "accepted"


def test_corrections_are_listed_page_by_page(stewards: Stewardship) -> None:
    made = [suggest(stewards, {"kind": "wrong", "note": f"Note {n}"}) for n in range(5)]
    seen: list[str] = []
    page = stewards.of["clinic"].get("/corrections?per_page=2").json
    while page["contents"]:
        seen += [each["id"] for each in page["contents"]]
        if "next" not in page:
            break
        page = stewards.of["clinic"].get(f"/corrections?per_page=2&after={page['next']}").json
    assert seen == made
    assert stewards.admin.get(f"/corrections?service_id={id_of('bus')}").json["contents"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "maybe"}, "kind"),
        ({"kind": "wrong"}, "note"),
        ({"kind": "wrong", "value": "x"}, "field"),
        ({"kind": "wrong", "field": "id", "value": "x"}, "field"),
        ({"kind": "wrong", "note": "x" * 2_001}, "note"),
        ({"kind": "wrong", "note": "x", "email": "me@example.org"}, "email"),
    ],
)
def test_what_is_wrong_is_refused(stewards: Stewardship, body: dict[str, Any], field: str) -> None:
    answer = stewards.anyone.ask("POST", f"{VISITS}/corrections", body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_nobody_floods_the_stewards(stewards: Stewardship, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest_correction, "OF_ONE_ADDRESS", 2)
    suggest(stewards)
    suggest(stewards)
    answer = stewards.anyone.ask("POST", f"{VISITS}/corrections", WRONG)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert len(stewards.of["clinic"].get("/corrections").json["contents"]) == 2


def test_a_service_that_is_not_there_takes_no_corrections(stewards: Stewardship) -> None:
    assert stewards.anyone.ask("POST", f"/services/{uuid4()}/corrections", WRONG).status_code == 404
