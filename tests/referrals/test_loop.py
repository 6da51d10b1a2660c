"""The loop over HTTP: sent, seen, answered, done; and who sees each step."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.referrals.world import (
    CRADLE_SERVICE,
    HOSPITAL,
    PANTRY,
    PANTRY_SERVICE,
    PATIENT,
    Asking,
    World,
    named,
    referral_to,
)

DONE = {"service_given": True, "need_met": "yes", "date": "2026-04-02", "note": "Groceries for two weeks"}


def events_of(asking: Asking, id: str) -> list[dict[str, Any]]:
    return list((asking.get(f"/referrals/{id}/events").json or {})["events"])


def feed_of(asking: Asking, *, least: int = 0) -> list[str]:
    return [event["type"] for event in asking.feed(least=least)]


def test_a_referral_goes_all_the_way_and_both_sides_see_each_step(hospital: Asking, pantry: Asking) -> None:
    answer = hospital.post("/referrals", referral_to(needs=["food-pantry"], note="No stairs", consent=named(PANTRY)))
    assert answer.status_code == 201, answer.text
    sent = answer.json or {}
    id = sent["id"]
    assert answer.headers["Location"].endswith(f"/referrals/{id}")
    assert (answer.headers["ETag"], sent["status"], sent["version"], sent["seq"]) == ('"1"', "requested", 1, 1)
    assert answer.headers["Cache-Control"] == "no-store"

    seen = pantry.get(f"/referrals/{id}")
    assert seen.headers["ETag"] == '"1"'
    found = seen.json or {}
    assert found["patient"] == PATIENT
    assert found["note"] == "No stairs"
    assert found["moves"] == ["accepted", "rejected", "cancelled"]

    assert pantry.move(id, "accepted", 1).status_code == 200
    said = pantry.post(f"/referrals/{id}/messages", {"text": "Can she come on Monday?"})
    assert (said.headers["ETag"], (said.json or {})["seq"]) == ('"2"', 3)
    booked = pantry.post(f"/referrals/{id}/appointments", {"start": "2026-04-06T10:00:00-04:00"}, if_match=2)
    assert booked.status_code == 200, booked.text
    assert pantry.move(id, "in-progress", 3).status_code == 200
    assert pantry.move(id, "completed", 4, outcome=DONE).status_code == 200

    read = hospital.get(f"/referrals/{id}").json or {}
    assert (read["status"], read["version"], read["seq"], read["outcome"]) == ("completed", 5, 6, DONE)
    assert read["appointment"]["start"] == "2026-04-06T14:00:00+00:00"
    history = events_of(hospital, id)
    assert [event["seq"] for event in history] == [1, 2, 3, 4, 5, 6]
    assert [event["type"].removeprefix("referral.") for event in history] == [
        "requested", "accepted", "message", "appointment", "in-progress", "completed",
    ]  # fmt: skip
    assert history[2]["detail"] == {"text": "Can she come on Monday?"}
    for asking in (hospital, pantry):
        assert feed_of(asking, least=6) == [event["type"] for event in history]


def test_a_recipient_whom_the_consent_does_not_name_sees_the_person_once_it_has_accepted(
    hospital: Asking, pantry: Asking
) -> None:
    id = hospital.refer()["id"]
    before = pantry.get(f"/referrals/{id}").json or {}
    assert before["view"] == "summary"
    assert not {"patient", "note", "codes", "place", "consent"} & set(before)
    assert (before["age_band"], before["language"], before["requester"]["name"]) == ("25-64", "es", "General Hospital")
    pantry.move(id, "accepted", 1)
    assert (pantry.get(f"/referrals/{id}").json or {})["patient"] == PATIENT


def test_nobody_else_learns_that_there_is_a_referral(
    hospital: Asking, clinic: Asking, cradle: Asking, pantry: Asking
) -> None:
    id = hospital.refer()["id"]
    for stranger in (clinic, cradle):
        nothing = stranger.get("/referrals/00000000-0000-4000-8000-000000000000").json or {}
        for path in (f"/referrals/{id}", f"/referrals/{id}/events"):
            found = stranger.get(path)
            assert found.status_code == 404
            assert (found.json or {})["detail"] == nothing["detail"]
        assert (stranger.get("/referrals").json or {})["contents"] == []
        assert feed_of(stranger) == []
        assert stranger.move(id, "accepted", 1).status_code in (403, 404)
    assert cradle.move(id, "accepted", 1).status_code == 404
    assert hospital.move(id, "accepted", 1).status_code == 403


def test_whoever_does_not_know_the_version_is_told_so_before_anything_else(hospital: Asking, pantry: Asking) -> None:
    id = hospital.refer()["id"]
    assert pantry.post(f"/referrals/{id}/transitions", {"status": "completed"}).status_code == 428
    blind = {"Authorization": f"Bearer {pantry.token}", "If-Match": "*"}
    anything = pantry.http.post(f"/referrals/{id}/transitions", json={"status": "completed"}, headers=blind)
    assert anything.status_code == 428
    odd = pantry.http.post(
        f"/referrals/{id}/transitions", json={"status": "completed"}, headers=blind | {"If-Match": "1"}
    )
    assert odd.status_code == 422
    assert pantry.move(id, "completed", 9).status_code == 412
    answer = pantry.move(id, "completed", 1, outcome=DONE)
    assert answer.status_code == 409
    problem = answer.json or {}
    assert problem["type"].endswith("/problems/illegal-move")
    assert problem["moves"] == ["accepted", "rejected", "cancelled"]
    assert (problem["status"], problem["referral_status"]) == (409, "requested")


def test_a_rejection_says_why_and_the_person_is_referred_again_in_a_chain(
    hospital: Asking, pantry: Asking, cradle: Asking
) -> None:
    id = hospital.refer(consent=named(PANTRY))["id"]
    assert pantry.move(id, "rejected", 1).status_code == 422
    refused = pantry.move(id, "rejected", 1, reason={"code": "no-capacity", "text": "Until Gawaine is back"})
    assert refused.status_code == 200
    assert (hospital.get(f"/referrals/{id}").json or {})["reason"] == {
        "code": "no-capacity", "text": "Until Gawaine is back",
    }  # fmt: skip
    former = pantry.get(f"/referrals/{id}").json or {}
    assert set(former) == {"id", "view", "created_at"}
    assert [event["type"] for event in events_of(pantry, id)] == ["referral.rejected"]
    again = hospital.post(f"/referrals/{id}/re-refer", {"service_id": CRADLE_SERVICE, "consent": named()})
    assert again.status_code == 201, again.text
    assert (again.json or {})["replaces_id"] == id
    new = (again.json or {})["id"]
    assert cradle.move(new, "accepted", 1).status_code == 200
    assert (cradle.get(f"/referrals/{new}").json or {})["patient"] == PATIENT


def test_the_same_person_is_not_sent_to_the_same_help_twice_by_one_organization(
    hospital: Asking, clinic: Asking, pantry: Asking
) -> None:
    first = hospital.refer()["id"]
    twice = hospital.post("/referrals", referral_to())
    assert twice.status_code == 409
    assert (twice.json or {})["referral"] == {"id": first, "href": f"/referrals/{first}"}
    unnumbered = PATIENT | {"identifiers": [], "name": {"given": "ZAHARAKIS ", "family": "Quíllfeather"}}
    assert hospital.post("/referrals", referral_to(patient=unnumbered)).status_code == 409
    assert (
        hospital.post("/referrals", referral_to(patient=unnumbered | {"birth_date": "1994-02-04"})).status_code == 201
    )
    assert hospital.post("/referrals", referral_to(allow_duplicate=True)).status_code == 201
    assert hospital.post("/referrals", referral_to(CRADLE_SERVICE)).status_code == 201
    assert clinic.post("/referrals", referral_to()).status_code == 201
    for id in [found["id"] for found in (hospital.get("/referrals").json or {})["contents"]]:
        hospital.move(id, "cancelled", 1, reason={"code": "no-longer-needed"})
    assert hospital.post("/referrals", referral_to()).status_code == 201


def test_an_answer_that_is_late_is_visible_as_overdue_and_reminded_of_once(world: World, hospital: Asking) -> None:
    from resource_api.referrals.clock import remind_overdue

    due = datetime.now(UTC) + timedelta(hours=1)
    id = hospital.refer(respond_by=due.isoformat())["id"]
    with world.database.write() as session:
        assert list(remind_overdue(session, due - timedelta(minutes=1))) == []
        assert list(remind_overdue(session, due)) == [1]
        assert list(remind_overdue(session, due)) == []
        session.commit()
    read = hospital.get(f"/referrals/{id}").json or {}
    assert (read["status"], read["version"], read["seq"]) == ("requested", 1, 2)
    assert read["overdue"] is False  # the hour has not passed for who asks now
    assert events_of(hospital, id)[1]["type"] == "referral.reminder"


def test_a_contact_can_be_corrected_and_the_person_found_by_it(hospital: Asking, pantry: Asking) -> None:
    id = hospital.refer(consent=named(PANTRY))["id"]
    changed = hospital.patch(f"/referrals/{id}", {"patient": {"phone": "(443) 555-0199", "email": None}}, if_match=1)
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == '"2"'
    for asking in (hospital, pantry):
        patient = (asking.get(f"/referrals/{id}").json or {})["patient"]
        assert patient["phone"] == "(443) 555-0199"
        assert "email" not in patient
        found = asking.post("/referrals/search", {"phone": "+1 443 555 0199"}).json or {}
        assert [each["id"] for each in found["contents"]] == [id]
        assert (asking.post("/referrals/search", {"phone": "410-555-0177"}).json or {})["contents"] == []
    assert pantry.patch(f"/referrals/{id}", {"patient": {"phone": "1"}}, if_match=2).status_code == 403


def test_a_person_is_found_by_identifier_only_by_who_may_see_them(
    hospital: Asking, clinic: Asking, pantry: Asking
) -> None:
    id = hospital.refer(identifiers=[{"system": "urn:order", "value": "A-17"}])["id"]
    number = {"identifier": PATIENT["identifiers"][0]}
    assert [r["id"] for r in (hospital.post("/referrals/search", number).json or {})["contents"]] == [id]
    assert (pantry.post("/referrals/search", number).json or {})["contents"] == []
    assert (clinic.post("/referrals/search", number).json or {})["contents"] == []
    pantry.move(id, "accepted", 1)
    assert [r["id"] for r in (pantry.post("/referrals/search", number).json or {})["contents"]] == [id]
    by_order = hospital.get("/referrals?identifier=urn:order|A-17").json or {}
    assert [r["id"] for r in by_order["contents"]] == [id]


def test_referrals_are_listed_by_filter_and_page_by_page(hospital: Asking, pantry: Asking) -> None:
    ids = [hospital.refer(allow_duplicate=True, needs=["food-pantry"])["id"] for _ in range(5)]
    pantry.move(ids[0], "accepted", 1)
    ids = [*ids[1:], ids[0]]
    found, cursor = [], ""
    while True:
        page = hospital.get(f"/referrals?per_page=2{cursor}").json or {}
        found += [each["id"] for each in page["contents"]]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ids

    def listed(query: str) -> list[str]:
        return [each["id"] for each in (hospital.get(f"/referrals?{query}").json or {})["contents"]]

    assert listed("status=accepted") == [ids[-1]]
    assert listed("status=accepted&status=requested") == ids
    assert listed("need=food-pantry") == ids
    assert listed("need=food") == listed(f"organization_id={HOSPITAL[:-1]}0") == []
    assert listed(f"organization_id={PANTRY}") == ids
    assert listed("overdue=true") == []
    assert listed("overdue=false") == ids
    assert listed("updated_after=2099-01-01") == []
    assert hospital.get("/referrals?cursor=nonsense").status_code == 422


def test_a_service_takes_part_of_what_is_asked_and_the_parent_goes_on_by_itself(
    hospital: Asking, pantry: Asking, cradle: Asking
) -> None:
    id = hospital.refer()["id"]
    split = hospital.post(
        f"/referrals/{id}/split", {"children": [{"service_id": CRADLE_SERVICE, "needs": ["diapers"]}]}
    )
    assert split.status_code == 200, split.text
    body = split.json or {}
    assert (body["version"], body["seq"]) == (1, 2)
    [child] = body["children"]
    assert child["parent_id"] == id
    assert cradle.move(child["id"], "accepted", 1).status_code == 200
    assert cradle.move(id, "accepted", 1).status_code == 404
    assert (hospital.get(f"/referrals/{id}").json or {})["status"] == "requested"
    assert pantry.post(f"/referrals/{id}/split", {"children": [{"service_id": PANTRY_SERVICE}]}).status_code == 403
