"""Auditors see who looked at what, page by page; nobody else does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from resource_api.access.policy import ROLES, Role
from resource_api.privacy.audit import Agent, record
from resource_api.privacy.chain import seal
from tests.access.conftest import make_app
from tests.access.enrol import bearer, enrol, in_database, wiring_of

THEN = datetime(2020, 1, 1, tzinfo=UTC)
REFERRALS = [f"00000000-0000-4000-8000-{n:012}" for n in range(12)]
KEYS = {
    "id", "seq", "at", "action", "what", "outcome", "organization_id", "client_id", "token_id", "request_id",
    "object_kind", "object_ids", "reason",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    made = make_app(tmp_path_factory.mktemp("audited"))

    def look(session) -> None:
        for number, referral in enumerate(REFERRALS):
            agent = Agent(f"organization-{number % 2}", f"client-{number % 3}", "t", f"request-{number}")
            record(
                session, agent, "R" if number % 2 else "U", "referral.read" if number % 2 else "referral.transition",
                now=THEN + timedelta(days=number), kind="referral", ids=[referral, REFERRALS[0]],
                outcome="denied" if number == 5 else "ok", reason="policy" if number == 5 else None,
            )  # fmt: skip

    in_database(made, look)
    in_database(made, lambda session: seal(session, wiring_of(made).keyring, now=THEN, limit=10))
    yield made
    wiring_of(made).database.close()


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def auditor(app: Flask, client: FlaskClient) -> dict[str, str]:
    return bearer(client, enrol(app, "auditor"))


# What these tests themselves leave in the audit is newer.
OURS = {"until": "2021-01-01"}


def test_an_auditor_sees_every_row_with_its_place_in_the_chain(client: FlaskClient, auditor: dict[str, str]) -> None:
    answer = client.get("/audit", query_string=OURS, headers=auditor)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    rows = answer.json["contents"]
    assert [row["id"] for row in rows] == list(range(12, 0, -1))
    assert [row["seq"] for row in rows] == [None, None, *range(10, 0, -1)]
    assert all(set(row) == KEYS for row in rows)
    assert rows[-1] | {"at": ""} == {
        "id": 1, "seq": 1, "at": "", "action": "U", "what": "referral.transition", "outcome": "ok",
        "organization_id": "organization-0", "client_id": "client-0", "token_id": "t", "request_id": "request-0",
        "object_kind": "referral", "object_ids": [REFERRALS[0], REFERRALS[0]], "reason": None,
    }  # fmt: skip
    assert datetime.fromisoformat(rows[-1]["at"]) == THEN
    assert answer.json["next"] is None


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"organization_id": "organization-1"}, [12, 10, 8, 6, 4, 2]),
        ({"client_id": "client-2"}, [12, 9, 6, 3]),
        ({"request_id": "request-3"}, [4]),
        ({"object_id": REFERRALS[7]}, [8]),
        ({"object_id": REFERRALS[0]}, list(range(12, 0, -1))),
        ({"object_id": "00000000-0000-4000-8000"}, []),
        ({"object_id": "%"}, []),
        ({"action": "U"}, [11, 9, 7, 5, 3, 1]),
        ({"what": "referral.read", "client_id": "client-2"}, [12, 6]),
        ({"outcome": "denied"}, [6]),
        ({"since": "2020-01-11T00:00:00Z"}, [12, 11]),
        ({"until": "2020-01-02"}, [1]),
        ({"since": "2020-01-03", "until": "2020-01-05"}, [4, 3]),
    ],
)
def test_rows_are_found_by_who_did_what_to_which_record_and_when(
    client: FlaskClient, auditor: dict[str, str], asked: dict[str, str], ids: list[int]
) -> None:
    rows = client.get("/audit", query_string=OURS | asked, headers=auditor).json["contents"]
    assert [row["id"] for row in rows] == ids


@pytest.mark.parametrize("size", [1, 5, 6, 11])
def test_pages_follow_each_other_and_miss_nothing_while_rows_are_added(
    app: Flask, client: FlaskClient, auditor: dict[str, str], size: int
) -> None:
    asked, ids = OURS | {"per_page": size}, []
    while True:
        page = client.get("/audit", query_string=asked, headers=auditor).json
        ids += [row["id"] for row in page["contents"]]
        in_database(app, lambda session: record(session, Agent(), "R", "referral.read", now=datetime.now(UTC)))
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert ids == list(range(12, 0, -1))


def test_a_cursor_is_of_no_use_to_another_client_or_for_other_filters(
    app: Flask, client: FlaskClient, auditor: dict[str, str]
) -> None:
    cursor = client.get("/audit", query_string=OURS | {"per_page": 2}, headers=auditor).json["next"]
    other = bearer(client, enrol(app, "auditor"))
    for asked, headers in (
        (OURS | {"cursor": cursor}, other),
        ({"cursor": cursor}, auditor),
        (OURS | {"cursor": cursor, "action": "R"}, auditor),
        (OURS | {"cursor": cursor[:-1] + ("A" if cursor[-1] != "A" else "B")}, auditor),
        (OURS | {"cursor": "é"}, auditor),
        (OURS | {"cursor": ""}, auditor),
    ):
        answer = client.get("/audit", query_string=asked, headers=headers)
        assert answer.status_code == 422, asked
        assert answer.json["errors"][0]["field"] == "cursor"
    assert client.get("/audit", query_string=OURS | {"cursor": cursor}, headers=auditor).status_code == 200


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("auditor", "reader")])
def test_nobody_but_an_auditor_sees_the_audit_and_who_tried_is_in_it(
    app: Flask, client: FlaskClient, auditor: dict[str, str], role: Role
) -> None:
    somebody = enrol(app, role)
    assert client.get("/audit", headers=bearer(client, somebody)).status_code == 403
    asked = {"client_id": somebody.client_id, "outcome": "denied"}
    [row] = client.get("/audit", query_string=asked, headers=auditor).json["contents"]
    assert (row["what"], row["reason"]) == ("audit.read", "policy")


def test_without_a_token_there_is_nothing_to_see(client: FlaskClient) -> None:
    answer = client.get("/audit")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
