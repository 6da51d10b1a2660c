"""A retry is safe: done once, answered again, to nobody else, and only what was done."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from resource_api.referrals.replay import KEPT, forget_answers
from resource_api.referrals.tables import Referral, ReferralEvent, Replay
from tests.referrals.world import CRADLE_SERVICE, Asking, World, referral_to


def count(world: World, table: Any) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_request_under_a_key_is_done_once_and_answered_alike(world: World, hospital: Asking) -> None:
    first = hospital.post("/referrals", referral_to(), key="k-1")
    again = hospital.post("/referrals", referral_to(), key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    for name in ("Location", "ETag", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(world, Referral) == count(world, ReferralEvent) == 1


def test_an_act_under_a_key_is_done_once_though_the_version_has_moved(
    world: World, hospital: Asking, pantry: Asking
) -> None:
    id = hospital.refer()["id"]
    body = {"status": "accepted"}
    first = pantry.post(f"/referrals/{id}/transitions", body, if_match=1, key="k")
    again = pantry.post(f"/referrals/{id}/transitions", body, if_match=1, key="k")
    assert again.data == first.data
    assert again.headers["ETag"] == first.headers["ETag"] == '"2"'
    assert again.headers["Idempotent-Replayed"] == "true"
    # The same without a key is a stale writer's.
    assert pantry.post(f"/referrals/{id}/transitions", body, if_match=1).status_code == 412
    assert count(world, ReferralEvent) == 2


def test_a_key_is_for_one_request_and_for_one_client(world: World, hospital: Asking, clinic: Asking) -> None:
    hospital.post("/referrals", referral_to(), key="k")
    other = hospital.post("/referrals", referral_to(CRADLE_SERVICE), key="k")
    assert other.status_code == 422
    assert (other.json or {})["type"].endswith("/idempotency-key-reused")
    assert clinic.post("/referrals", referral_to(), key="k").status_code == 201
    assert world.asking("hospital").post("/referrals", referral_to(CRADLE_SERVICE), key="k").status_code == 201
    ids = [each["id"] for each in (hospital.get("/referrals").json or {})["contents"]]
    said = {"text": "hello"}
    assert hospital.post(f"/referrals/{ids[0]}/messages", said, key="m").status_code == 200
    assert hospital.post(f"/referrals/{ids[1]}/messages", said, key="m").status_code == 422


def test_what_was_refused_is_not_kept_and_the_same_key_may_try_again(
    world: World, hospital: Asking, pantry: Asking
) -> None:
    assert hospital.post("/referrals", referral_to("no-such-service"), key="k").status_code == 422
    assert hospital.post("/referrals", referral_to(), key="k").status_code == 201
    id = (hospital.get("/referrals").json or {})["contents"][0]["id"]
    assert pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, if_match=7, key="t").status_code == 412
    assert pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, if_match=1, key="t").status_code == 200


@pytest.mark.parametrize("key", ["", "with space", "é", "x" * 256, "tab\t"])
def test_a_key_is_1_to_255_visible_characters(hospital: Asking, key: str) -> None:
    headers = {"Authorization": f"Bearer {hospital.token}", "Idempotency-Key": key.encode().decode("latin-1")}
    answer = hospital.http.post("/referrals", json=referral_to(), headers=headers)
    assert answer.status_code == 422
    assert hospital.post("/referrals", referral_to(), key="~" * 255).status_code == 201


def test_an_answer_is_given_again_only_to_who_may_still_know_of_it(
    world: World, hospital: Asking, pantry: Asking
) -> None:
    id = hospital.refer()["id"]
    done = {"status": "rejected", "reason": {"code": "not-eligible"}}
    assert pantry.post(f"/referrals/{id}/transitions", done, if_match=1, key="k").status_code == 200
    with world.database.write() as session:
        from resource_api.referrals.tables import ReferralParty

        session.execute(update(ReferralParty).values(organization_id="somebody else"))
        session.commit()
    assert pantry.post(f"/referrals/{id}/transitions", done, if_match=1, key="k").status_code == 404


def test_a_key_is_free_again_after_three_days(world: World, hospital: Asking) -> None:
    first = hospital.post("/referrals", referral_to(), key="k")
    with world.database.write() as session:
        session.execute(update(Replay).values(created_at=Replay.created_at))
        kept = session.scalars(select(Replay.created_at)).one()
        assert forget_answers(session, now=kept + KEPT - timedelta(seconds=1)) == 0
        session.execute(update(Replay).values(created_at=kept - KEPT))
        session.commit()
    again = hospital.post("/referrals", referral_to(allow_duplicate=True), key="k")
    if again.status_code == 409:  # its old answer has only just given its place
        again = hospital.post("/referrals", referral_to(allow_duplicate=True), key="k")
    assert again.status_code == 201
    assert again.data != first.data
