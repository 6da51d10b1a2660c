"""Who sees the person: consent, its end, the pool, former parties; and what stands in the file."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DatabaseError

from resource_api.access.tables import Participant
from resource_api.directory.tables import Service
from resource_api.privacy.tables import Audit
from resource_api.referrals.check import check_referrals
from resource_api.referrals.retention import shred_expired
from resource_api.referrals.tables import Referral, ReferralEvent, ReferralKey, Replay
from resource_api.referrals.visible import may_be_told
from tests.databases import read_bytes
from tests.referrals.world import (
    CRADLE,
    CRADLE_SERVICE,
    HOSPITAL,
    MEMBERS,
    NOW,
    PANTRY,
    PANTRY_SERVICE,
    PATIENT,
    QUIET,
    QUIET_SERVICE,
    Asking,
    World,
    named,
    referral_to,
    written,
)

CANARIES = (
    "Zaharakis", "Quillfeather", "555-0177", "quillfeather.example", "MRN-700177", "Umberfield", "Corbenic",
    "Gryngolet", "Sarras", "Bedegraine", "Estorause",
)  # fmt: skip
POOL = {"need": "food", "place": "21215", "patient": PATIENT}


def kind_of(answer: Any) -> str:
    return str((answer.json or {})["type"].rpartition("/")[2])


def view_of(asking: Asking, id: str) -> str:
    answer = asking.get(f"/referrals/{id}")
    return str((answer.json or {})["view"]) if answer.status_code == 200 else str(answer.status_code)


def test_what_is_sensitive_goes_to_nobody_whom_the_person_has_not_named(hospital: Asking, quiet: Asking) -> None:
    asked = referral_to(QUIET_SERVICE, needs=["domestic-violence"])
    for consent in (None, named(), named(PANTRY)):
        body = asked | ({"consent": consent} if consent is not None else {})
        answer = hospital.post("/referrals", body)
        assert (answer.status_code, kind_of(answer)) == (422, "consent-missing")
    over = named(QUIET) | {"until": "2020-01-01T00:00:00Z"}
    assert kind_of(hospital.post("/referrals", asked | {"consent": over})) == "bad-input"
    id = hospital.refer(QUIET_SERVICE, needs=["domestic-violence"], consent=named(QUIET))["id"]
    read = quiet.get(f"/referrals/{id}").json or {}
    assert read["patient"] == PATIENT
    assert "42 CFR part 2" in read["notice"]
    assert "evidence" not in read["consent"]


@pytest.mark.parametrize(
    "said",
    [
        {"needs": ["substance-use"]}, {"needs": ["hiv-std"]}, {"needs": ["pregnancy-options"]},
        {"codes": ["F11.20"]}, {"codes": ["icd10|Z21"]}, {"codes": ["T74.11XA"]}, {"codes": ["Z30.09"]},
    ],
)  # fmt: skip
def test_a_need_or_a_code_is_enough_to_make_it_sensitive(hospital: Asking, said: dict[str, Any]) -> None:
    answer = hospital.post("/referrals", referral_to(**said))
    assert (answer.status_code, kind_of(answer)) == (422, "consent-missing")


def test_what_is_sensitive_never_enters_the_pool(hospital: Asking) -> None:
    for need in ("violence-shelter", "mental-health"):
        answer = hospital.post("/referrals", POOL | {"need": need, "consent": named(PANTRY)})
        assert answer.status_code in (409, 422), need
    assert hospital.post("/referrals", POOL | {"codes": ["F53.0"]}).status_code == 422


def test_revoking_the_consent_ends_every_disclosure_at_once(world: World, hospital: Asking, pantry: Asking) -> None:
    id = hospital.refer(note="Gryngolet", consent=named(PANTRY))["id"]
    accepted = pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, if_match=1, key="before")
    hospital.post(f"/referrals/{id}/messages", {"text": "Sarras"})
    with world.database.read() as session:
        assert may_be_told(session, id, PANTRY) is None
    revoked = hospital.delete(f"/referrals/{id}/consent")
    assert revoked.headers["ETag"] == '"3"'
    read = pantry.get(f"/referrals/{id}")
    assert (read.json or {})["view"] == "withheld"
    events = pantry.get(f"/referrals/{id}/events")
    found = pantry.post("/referrals/search", {"phone": PATIENT["phone"]})
    assert (found.json or {})["contents"] == []
    replayed = pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, if_match=1, key="before")
    assert replayed.data == accepted.data
    for answer in (read, events, found, replayed, pantry.get("/referrals"), pantry.get("/events")):
        assert not [canary for canary in CANARIES if canary in answer.text]
    with world.database.read() as session:
        assert may_be_told(session, id, PANTRY) == "consent-over"
        assert may_be_told(session, id, HOSPITAL) is None
    assert hospital.post(f"/referrals/{id}/messages", {"text": "again"}).status_code == 409
    assert hospital.delete(f"/referrals/{id}/consent").status_code == 409
    # The work can still be ended, and its requester still sees it all.
    assert pantry.move(id, "cancelled", 3, reason={"code": "consent-revoked"}).status_code == 200
    assert (hospital.get(f"/referrals/{id}").json or {})["note"] == "Gryngolet"


def test_what_the_person_has_taken_back_waits_in_the_pool_no_longer(
    world: World, hospital: Asking, pantry: Asking
) -> None:
    pool = {"need": "food", "place": "21215", "patient": PATIENT}
    id = (hospital.post("/referrals", pool).json or {})["id"]
    assert pantry.get(f"/referrals/{id}").status_code == 200
    assert hospital.delete(f"/referrals/{id}/consent").status_code == 200
    assert pantry.get(f"/referrals/{id}").status_code == 404
    assert (pantry.get("/referrals").json or {})["contents"] == []
    assert (pantry.get("/events").json or {})["events"] == []
    assert pantry.post(f"/referrals/{id}/claim", {}).status_code == 409
    with world.database.read() as session:
        assert may_be_told(session, id, PANTRY) == "no-longer-addressed"


def test_a_referral_is_given_to_somebody_else_and_the_former_party_learns_nothing_more(
    world: World, hospital: Asking, pantry: Asking, cradle: Asking
) -> None:
    id = hospital.refer(consent=named(PANTRY))["id"]
    pantry.post(f"/referrals/{id}/messages", {"text": "Bedegraine"})
    answer = hospital.post(
        f"/referrals/{id}/reassign", {"service_id": CRADLE_SERVICE, "consent": named(CRADLE)}, if_match=1
    )
    assert answer.status_code == 200, answer.text
    assert (view_of(pantry, id), view_of(cradle, id)) == ("former", "full")
    seen_by_new = [cradle.get(path).text for path in (f"/referrals/{id}", f"/referrals/{id}/events", "/events")]
    assert not [text for text in seen_by_new if "Bedegraine" in text or PANTRY in text]
    cradle.move(id, "accepted", 2)
    seen_by_former = [pantry.get(path).text for path in (f"/referrals/{id}", f"/referrals/{id}/events", "/referrals")]
    assert not [text for text in seen_by_former if CRADLE in text or "accepted" in text or "Zaharakis" in text]
    assert "Bedegraine" in seen_by_former[1]  # its own words
    assert (pantry.post("/referrals/search", {"phone": PATIENT["phone"]}).json or {})["contents"] == []
    for status in ("accepted", "requested"):
        assert (pantry.get(f"/referrals?status={status}").json or {})["contents"] == []
    assert pantry.move(id, "accepted", 3).status_code == 403
    assert hospital.post(f"/referrals/{id}/reassign", {"service_id": PANTRY_SERVICE}, if_match=3).status_code == 409
    with world.database.read() as session:
        assert may_be_told(session, id, PANTRY) == "no-longer-addressed"
        assert may_be_told(session, id, CRADLE) is None
        assert may_be_told(session, "no-such-id", CRADLE) == "no-such-referral"


def test_the_pool_shows_the_need_and_no_person_and_exactly_one_takes_it(
    world: World, hospital: Asking, pantry: Asking, cradle: Asking, clinic: Asking
) -> None:
    offer_food_at_cradle(world)
    sent = hospital.post("/referrals", POOL | {"note": "Gryngolet", "codes": ["Z59.41"]})
    assert sent.status_code == 201, sent.text
    id = (sent.json or {})["id"]
    for asking in (pantry, cradle):
        [seen] = (asking.get("/referrals").json or {})["contents"]
        assert set(seen) == {
            "id", "view", "status", "version", "created_at", "updated_at", "requester", "need", "zip3", "age_band",
            "language", "priority", "overdue",
        }  # fmt: skip
        assert (seen["need"], seen["zip3"], seen["requester"]["name"]) == ("food", "212", "General Hospital")
        assert asking.feed()[0]["type"] == "referral.requested"
        assert asking.move(id, "accepted", 1).status_code == 403
    assert clinic.get(f"/referrals/{id}").status_code == 404
    assert hospital.post(f"/referrals/{id}/claim", {}).status_code == 403
    taken = pantry.post(f"/referrals/{id}/claim", {})
    assert (taken.json or {})["owner_id"] == PANTRY
    assert (taken.json or {})["status"] == "accepted"
    late = cradle.post(f"/referrals/{id}/claim", {})
    assert (late.status_code, kind_of(late)) == (409, "already-claimed")
    assert PANTRY not in late.text
    assert view_of(cradle, id) == "404"
    assert (cradle.get("/events").json or {})["events"] == []
    assert (pantry.get(f"/referrals/{id}").json or {})["patient"] == PATIENT
    with world.database.read() as session:
        assert may_be_told(session, id, CRADLE) == "no-longer-addressed"


def test_who_does_not_reach_the_place_or_has_not_the_need_is_not_offered_it(
    world: World, hospital: Asking, pantry: Asking, cradle: Asking
) -> None:
    id = (hospital.post("/referrals", POOL).json or {})["id"]
    assert view_of(cradle, id) == "404"
    assert cradle.post(f"/referrals/{id}/claim", {}).status_code == 404
    away = hospital.post("/referrals", POOL | {"place": "90210"})
    assert (away.status_code, kind_of(away)) == (409, "not-reachable")
    with world.database.write() as session:
        session.execute(update(Service).where(Service.id == PANTRY_SERVICE).values(status="inactive"))
        session.commit()
    assert view_of(pantry, id) == "404"
    assert pantry.post(f"/referrals/{id}/claim", {}).status_code == 404


def test_what_waits_in_the_pool_is_offered_to_who_comes_later(world: World, hospital: Asking, cradle: Asking) -> None:
    from resource_api.referrals.pool import offer_again

    id = (hospital.post("/referrals", POOL).json or {})["id"]
    offer_food_at_cradle(world)
    assert view_of(cradle, id) == "404"
    with world.database.write() as session:
        assert list(offer_again(session, world.keyring, NOW)) == [1]
        assert list(offer_again(session, world.keyring, NOW)) == [0]
        session.commit()
    assert view_of(cradle, id) == "summary"
    assert cradle.post(f"/referrals/{id}/claim", {}).status_code == 200


def test_a_service_that_cannot_take_somebody_is_answered_with_what_to_do_instead(
    world: World, hospital: Asking
) -> None:
    for values, kind in (
        ({"accepts_referrals": "no"}, "not-reachable"),
        ({"accepts_referrals": None, "capacity_status": "no-capacity"}, "no-capacity"),
        ({"capacity_status": None, "status": "inactive"}, "not-reachable"),
    ):
        with world.database.write() as session:
            session.execute(update(Service).where(Service.id == PANTRY_SERVICE).values(**values))
            session.commit()
        answer = hospital.post("/referrals", referral_to(needs=["diapers"], place="21215"))
        assert (answer.status_code, kind_of(answer)) == (409, kind)
        body = answer.json or {}
        assert body["phones"][0]["number"] == "410-555-0100"
        assert [each["service_id"] for each in body["alternatives"]] == [CRADLE_SERVICE]
    assert kind_of(hospital.post("/referrals", referral_to("no-such-service"))) == "bad-input"


def test_a_service_whose_organization_has_no_channel_is_not_reachable(world: World, hospital: Asking) -> None:
    from resource_api.access.tables import Client

    with world.database.write() as session:
        session.execute(update(Client).where(Client.participant_id == CRADLE).values(revoked_at=NOW))
        session.commit()
    answer = hospital.post("/referrals", referral_to(CRADLE_SERVICE))
    assert (answer.status_code, kind_of(answer)) == (409, "not-reachable")


def test_test_referrals_reach_only_who_is_testing(world: World, pantry: Asking) -> None:
    trying = world.asking("hospital", test=True)
    nobody = trying.post("/referrals", referral_to())
    assert kind_of(nobody) == "not-reachable"
    tried = world.asking("pantry", test=True)
    id = trying.refer()["id"]
    assert view_of(pantry, id) == "404"
    assert view_of(tried, id) == "summary"
    assert tried.move(id, "accepted", 1).status_code == 200
    real = world.asking("hospital").refer()["id"]
    assert view_of(tried, real) == view_of(trying, real) == "404"
    assert [event["referral_id"] for event in trying.feed(least=2)] == [id, id]


def test_no_organization_ever_receives_a_word_of_anothers(world: World) -> None:
    """Each hospital's referrals are full of its own canary; every answer to anybody else is searched for it."""
    offer_food_at_cradle(world)
    askings = {name: world.asking(name) for name in MEMBERS}
    heard: dict[str, list[str]] = {name: [] for name in MEMBERS}
    ids = {}
    for name, canary, other in (("hospital", "Estorause", CRADLE_SERVICE), ("clinic", "Gryngolet", PANTRY_SERVICE)):
        patient = PATIENT | {"name": {"given": canary, "family": f"of {name}"}, "identifiers": []}
        body = referral_to(other, patient=patient, note=canary, consent=named(CRADLE if name == "hospital" else PANTRY))
        ids[name] = askings[name].post("/referrals", body).json["id"]  # type: ignore[index]
        askings[name].post("/referrals", POOL | {"patient": patient, "note": canary})
        askings[name].post(f"/referrals/{ids[name]}/messages", {"text": canary})
    for name, asking in askings.items():
        for id in ids.values():
            for path in ("", "/events"):
                heard[name].append(asking.get(f"/referrals/{id}{path}").text)
            heard[name].append(asking.post(f"/referrals/{id}/messages", {"text": "hello"}).text)
            heard[name].append(asking.post(f"/referrals/{id}/claim", {}).text)
            heard[name].append(asking.move(id, "accepted", 1).text)
            heard[name].append(asking.patch(f"/referrals/{id}", {"patient": {"phone": "1"}}, if_match=1).text)
            heard[name].append(asking.post(f"/referrals/{id}/re-refer", {"service_id": PANTRY_SERVICE}).text)
        heard[name] += [asking.get(path).text for path in ("/referrals", "/events", "/referrals?status=requested")]
        heard[name].append(asking.post("/referrals/search", {"phone": PATIENT["phone"]}).text)
    for name, asking in askings.items():
        heard[name] += [asking.delete(f"/referrals/{id}/consent").text for id in ids.values()]
    allowed = {"Estorause": {"hospital", "cradle"}, "Gryngolet": {"clinic", "pantry"}}
    for canary, known in allowed.items():
        for name, texts in heard.items():
            assert (name in known) is any(canary in text for text in texts), (canary, name)


def test_nothing_that_is_secret_stands_in_the_file(world: World, hospital: Asking, pantry: Asking) -> None:
    sent = hospital.post(
        "/referrals",
        referral_to(
            note="Gryngolet",
            identifiers=[{"system": "urn:order", "value": "Estorause"}],
            consent=named(PANTRY),
            place="21215",
        ),
        key="MRN-700177 is no good key".replace(" ", "-"),
    )
    id = (sent.json or {})["id"]
    pantry.move(id, "accepted", 1)
    pantry.post(f"/referrals/{id}/messages", {"text": "Sarras"})
    pantry.post(f"/referrals/{id}/appointments", {"start": "2026-05-01", "note": "Bedegraine"}, if_match=2)
    pantry.move(id, "failed", 3, reason={"code": "other", "text": "Sarras"})
    world.close()
    kept = read_bytes(world.path)
    assert id.encode() in kept
    for canary in CANARIES:
        for form in (canary, canary.lower(), canary.upper()):
            assert form.encode() not in kept, canary
    assert not re.search(rb"1994-02-0[34]", kept)


def test_each_look_and_each_write_has_one_audit_row_that_says_nothing_secret(
    world: World, hospital: Asking, pantry: Asking, clinic: Asking
) -> None:
    id = hospital.refer()["id"]
    pantry.get(f"/referrals/{id}")
    pantry.get("/referrals")
    pantry.move(id, "accepted", 1)
    clinic.get(f"/referrals/{id}")
    hospital.move(id, "completed", 2)
    assert clinic.get("/referrals/Zaharakis").status_code == 404  # no id, so nothing that was asked for
    with world.database.read() as session:
        rows = session.scalars(select(Audit).where(Audit.what.like("referral%")).order_by(Audit.id)).all()
        found = [(row.action, row.what, row.outcome, row.object_ids) for row in rows]
    assert found == [
        ("C", "referral.create", "ok", id),
        ("R", "referral.read", "ok", id),
        ("R", "referral.list", "ok", id),
        ("U", "referral.transition", "ok", id),
        ("E", "referrals.read", "denied", id),
        ("E", "referrals.act", "denied", id),
    ]


def test_a_referral_is_shredded_after_its_requesters_time_and_its_hashes_still_hold(
    world: World, hospital: Asking, pantry: Asking
) -> None:
    with world.database.write() as session:
        session.execute(update(Participant).where(Participant.id == HOSPITAL).values(retention_days=0))
        session.commit()
    sent = hospital.post("/referrals", referral_to(note="Gryngolet"), key="one")
    id = (sent.json or {})["id"]
    still_open = hospital.refer(CRADLE_SERVICE)["id"]
    pantry.post(f"/referrals/{id}/messages", {"text": "Sarras"})
    pantry.move(id, "rejected", 1, reason={"code": "other", "text": "Bedegraine"})
    with world.database.write() as session:
        from datetime import UTC, datetime

        assert list(shred_expired(session, datetime.now(UTC))) == [1]
        assert list(shred_expired(session, datetime.now(UTC))) == []
        session.commit()
    read = hospital.get(f"/referrals/{id}").json or {}
    assert (read["view"], read["status"], read["reason"]) == ("shredded", "rejected", {"code": "other"})
    assert not [canary for canary in CANARIES if canary in written(read)]
    assert (hospital.post("/referrals/search", {"phone": PATIENT["phone"]}).json or {})["contents"][0][
        "id"
    ] == still_open
    assert len((hospital.get(f"/referrals/{id}/events").json or {})["events"]) == 3
    assert hospital.post(f"/referrals/{id}/re-refer", {"service_id": CRADLE_SERVICE}).status_code == 410
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ReferralKey).where(ReferralKey.referral_id == id)) == 0
        assert session.scalar(select(func.count()).select_from(Replay)) == 0
        assert not list(check_referrals(session))
        row = session.get_one(Referral, id)
        assert [getattr(row, name) for name in ("data_key", "patient", "note", "reason_text")] == [None] * 4


def test_what_was_altered_is_found(world: World, hospital: Asking, pantry: Asking) -> None:
    id = hospital.refer()["id"]
    pantry.move(id, "accepted", 1)
    pantry.post(f"/referrals/{id}/messages", {"text": "Sarras"})
    with world.database.read() as session:
        assert list(check_referrals(session)) == []
    event, referral = ReferralEvent, Referral
    for change, expected in (
        (update(event).where(event.seq == 2).values(client_id="somebody else"), "event 2 was altered"),
        (update(event).where(event.seq == 3).values(detail=b"\x01other"), "said in event 3 was altered"),
        (update(event).where(event.seq == 3).values(seq=4), "without a gap"),
        (
            update(event).where(event.seq == 2).values(status="completed", type="referral.completed"),
            "from requested to completed",
        ),
        (update(referral).values(status="failed"), "another status"),
        (update(referral).values(version=7), "another version"),
        (update(referral).values(owner_id=CRADLE), "never a party"),
    ):
        with world.database.write() as session:
            session.execute(change)
            assert [b.what for b in check_referrals(session) if expected in b.what], expected
            session.rollback()


def test_what_was_moved_between_referrals_cannot_be_read(world: World, hospital: Asking) -> None:
    first, second = hospital.refer()["id"], hospital.refer(CRADLE_SERVICE)["id"]
    with world.database.write() as session:
        moved = session.get_one(Referral, first).patient
        session.execute(update(Referral).where(Referral.id == second).values(patient=moved))
        session.commit()
    assert hospital.get(f"/referrals/{second}").status_code == 500
    assert hospital.get(f"/referrals/{first}").status_code == 200
    with world.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Audit))
    with pytest.raises(DatabaseError), world.database.write() as session:
        session.execute(update(Audit).values(reason="none"))
    assert before is not None


def offer_food_at_cradle(world: World) -> None:
    """Let a second organization answer the same need."""
    from resource_api.directory.document import ServiceNeed

    with world.database.write() as session:
        session.merge(ServiceNeed(service_id=CRADLE_SERVICE, need="food-pantry", certainty="given"))
        session.commit()
