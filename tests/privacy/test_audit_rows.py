"""An audit row says who did what to which record, and nobody's words."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from resource_api.database import Database
from resource_api.privacy.audit import NO_ID, SYSTEM, Agent, record
from resource_api.privacy.tables import Audit
from tests.privacy.conftest import NOW


def rows(database: Database) -> list[Audit]:
    with database.read() as session:
        return list(session.scalars(select(Audit).order_by(Audit.id)))


def test_a_row_says_who_did_what_to_which_records(database: Database) -> None:
    agent = Agent("organization", "client", "token", "request")
    with database.write() as session:
        record(session, agent, "R", "referral.list", now=NOW, kind="referral", ids=(f"r-{n}" for n in range(3)))
        record(session, SYSTEM, "E", "delivery.send", now=NOW, outcome="failed", reason="no-answer")
        session.commit()
    one, other = rows(database)
    assert (one.at, one.action, one.what, one.outcome, one.object_kind) == (NOW, "R", "referral.list", "ok", "referral")
    assert (one.organization_id, one.client_id, one.token_id, one.request_id) == (
        "organization", "client", "token", "request",
    )  # fmt: skip
    assert one.object_ids.split() == ["r-0", "r-1", "r-2"]
    assert (other.client_id, other.organization_id, other.outcome, other.reason) == (
        "system",
        None,
        "failed",
        "no-answer",
    )


def test_a_row_goes_with_its_transaction(database: Database) -> None:
    with database.write() as session:
        record(session, SYSTEM, "C", "referral.create", now=NOW)
        session.rollback()
    assert rows(database) == []


@pytest.mark.parametrize("field", ["what", "kind", "reason"])
@pytest.mark.parametrize("words", ["", "Jane Doe", "she said: no", "é", "x" * 81, "a\nb"])
def test_what_is_no_code_is_refused(database: Database, field: str, words: str) -> None:
    given = {"what": "referral.read", "kind": None, "reason": None} | {field: words}
    with database.write() as session, pytest.raises(ValueError, match="codes"):
        record(session, SYSTEM, "R", given.pop("what"), now=NOW, **given)


@pytest.mark.parametrize("id", ["", "Jane Doe", "443-555-0100 ext. 7", "é", "x" * 101, "a\tb"])
def test_what_is_no_id_is_not_told(database: Database, id: str) -> None:
    with database.write() as session:
        record(session, SYSTEM, "R", "referral.read", now=NOW, ids=["r-1", id])
        session.commit()
    assert rows(database)[0].object_ids == f"r-1 {NO_ID}"


def test_an_outcome_or_time_that_is_missing_is_refused_by_the_table(database: Database) -> None:
    with database.write() as session, pytest.raises(IntegrityError):
        record(session, SYSTEM, "R", "referral.read", now=None)  # type: ignore[arg-type]
