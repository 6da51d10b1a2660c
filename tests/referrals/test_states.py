"""Every (from, to, side) of the table that HL7 drew, the illegal ones too: by our table, and on real referrals."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from resource_api.errors import IllegalMove, NotAllowed
from resource_api.referrals.codes import REASON_CODES
from resource_api.referrals.create import create_referral
from resource_api.referrals.referral import (
    Addressee,
    NewReferral,
    Outcome,
    Patient,
    Reason,
    Transition,
)
from resource_api.referrals.states import STATUSES, check_move, check_side, legal_moves
from resource_api.referrals.tables import Referral
from resource_api.referrals.transition import move
from tests.referrals.world import NOW, PANTRY_SERVICE, World, grants_of

SIDES = ("requester", "target")
MEMBER = {"requester": "hospital", "target": "pantry"}


@pytest.fixture(scope="module")
def table(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((data / "fhir" / "referral-state-machine.json").read_text())
    return found


def is_legal(table: dict[str, Any], status: str, to: str, side: str) -> bool:
    known = to in table["transitions"][status] or (to in table["from_any"] and status != to)
    return known and side in table["set_by"][to]


def test_the_states_are_those_of_the_table(table: dict[str, Any]) -> None:
    assert set(STATUSES) == set(table["transitions"])
    assert not set(STATUSES) & set(table["excluded_status"])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("to", STATUSES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_move_is_legal_where_the_table_has_it(table: dict[str, Any], status: str, to: str, side: str) -> None:
    legal = is_legal(table, status, to, side)
    assert (to in legal_moves(status, (side,))) is legal  # type: ignore[arg-type]
    try:
        check_side(to, (side,))  # type: ignore[arg-type]
        check_move(status, to, (side,))  # type: ignore[arg-type]
    except (IllegalMove, NotAllowed) as refusal:
        assert not legal
        if isinstance(refusal, IllegalMove):
            named = refusal.facts["moves"]
            assert named == [other for other in named if is_legal(table, status, other, side)]
    else:
        assert legal


def a_referral(session: Session, world: World) -> Referral:
    new = NewReferral(Addressee(PANTRY_SERVICE), Patient("Zaharakis", "Quillfeather"), allow_duplicate=True)
    return create_referral(session, world.keyring, grants_of("hospital", "referrals.create"), new, now=NOW)


def well_said(to: str) -> Transition:
    reason = Reason("other", "because") if to in ("rejected", "on-hold", "failed", "cancelled") else None
    outcome = Outcome(True, "yes", NOW.date()) if to == "completed" else None
    return Transition(to, reason, outcome)  # type: ignore[arg-type]


def test_each_move_of_a_real_referral_goes_as_the_table_says(world: World, table: dict[str, Any]) -> None:
    """All at once, on one database: 200 triples, each on a referral that was put into its state."""
    tried = 0
    for status in STATUSES:
        for to in STATUSES:
            for side in SIDES:
                with world.database.write() as session:
                    id = a_referral(session, world).id
                    session.execute(update(Referral).where(Referral.id == id).values(status=status))
                    session.expire_all()
                    grants = grants_of(MEMBER[side])
                    legal = is_legal(table, status, to, side)
                    try:
                        move(session, world.keyring, grants, id, well_said(to), if_match=1, now=NOW)
                    except (IllegalMove, NotAllowed):
                        assert not legal, (status, to, side)
                        found = session.get_one(Referral, id)
                        assert (found.status, found.version, found.seq) == (status, 1, 1)
                    else:
                        assert legal, (status, to, side)
                        found = session.get_one(Referral, id)
                        assert (found.status, found.version, found.seq) == (to, 2, 2)
                    session.rollback()
                tried += 1
    assert tried == len(STATUSES) ** 2 * 2


def test_reasons_are_codes_of_their_own() -> None:
    assert len(set(REASON_CODES)) == len(REASON_CODES)
