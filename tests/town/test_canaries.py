"""Where a person's data goes, and where it never does: marked words in every such field, and then looked for.

Not in a line of any log, a number that is counted, a webhook, a letter, a URL that we write, a refusal, the search
index, nor in the bytes of any file: the database, its log of writes, a backup, what is kept beside them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from resource_api.database import Database
from tests.databases import read_bytes, url_of
from tests.delivery.letterbox import code_in, link_in
from tests.referrals.world import CRADLE, CRADLE_SERVICE, PANTRY, PANTRY_SERVICE
from tests.test_story import confirm_by_letter, letter_about
from tests.town.town import Answer, Client, Town, wait_for

FIELDS = (
    "given", "family", "email", "identifier", "hours", "never-say", "order", "note", "evidence", "message",
    "reason", "outcome", "appointment", "patched", "re-referred", "re-evidence", "by-mail", "code-reason", "key",
    "bad-field", "bad-json", "bad-token", "asked", "cancelled", "glass",
)  # fmt: skip
WORDS = {field: f"Qx{field.replace('-', '')}zarvok" for field in FIELDS}
PHONE, NEW_PHONE, BORN, EXPECTED = "443-555-8713", "667-555-9428", "1987-11-29", "2031-07-19"
CANARIES = (
    *WORDS.values(), PHONE, "4435558713", "555-8713", NEW_PHONE, "6675559428", "555-9428", BORN, "19871129", EXPECTED,
)  # fmt: skip
PERSON: dict[str, Any] = {
    "name": {"given": WORDS["given"], "family": WORDS["family"]},
    "birth_date": BORN,
    "phone": PHONE,
    "email": f"{WORDS['email']}@example.org",
    "language": "es",
    "identifiers": [{"system": "urn:mrn", "value": WORDS["identifier"]}],
    "contact_safety": {"text": True, "hours": WORDS["hours"], "never_say": WORDS["never-say"]},
}


def found_in(text: bytes | str) -> list[str]:
    raw = (text.encode() if isinstance(text, str) else text).lower()
    return [canary for canary in CANARIES if canary.lower().encode() in raw]


def live_through(town: Town) -> list[Answer]:
    """Let everything happen that carries words of a person; get the answers that refused something."""
    hospital, pantry = town.client("hospital"), town.client("pantry")
    for client, path in ((hospital, "/hospital"), (pantry, "/pantry")):
        client.post("/webhooks", {"url": town.receivers.url(path)})
    confirm_by_letter(town)
    body = {
        "service_id": PANTRY_SERVICE, "patient": PERSON, "note": WORDS["note"],
        "identifiers": [{"system": "urn:order", "value": WORDS["order"]}],
        "consent": {"recipients": [PANTRY], "evidence": WORDS["evidence"]},
    }  # fmt: skip
    made = hospital.ask("POST", "/referrals", body, Idempotency_Key=WORDS["key"])
    assert (made.status, found_in(str(made.headers))) == (201, [])
    id = made.json["id"]
    changed = {"patient": {"phone": NEW_PHONE, "contact_safety": {"never_say": WORDS["patched"]}}}
    assert hospital.ask("PATCH", f"/referrals/{id}", changed, version=1).status == 200
    for person in ({"phone": NEW_PHONE}, {"email": PERSON["email"]}, {"identifier": PERSON["identifiers"][0]}):
        [one] = hospital.post("/referrals/search", person)["contents"]
        assert one["id"] == id
    look = pantry.get(f"/referrals/{id}")
    assert look["patient"]["name"] == PERSON["name"]
    move(pantry, id, 2, "accepted")
    pantry.post(f"/referrals/{id}/messages", {"text": WORDS["message"]})
    pantry.post(
        f"/referrals/{id}/appointments", {"start": f"{EXPECTED}T10:00:00Z", "note": WORDS["appointment"]}, version=3
    )
    move(pantry, id, 4, "failed", reason={"code": "other", "text": WORDS["reason"]})
    again = hospital.post(f"/referrals/{id}/re-refer", {
        "service_id": CRADLE_SERVICE, "note": WORDS["re-referred"],
        "consent": {"recipients": [CRADLE], "evidence": WORDS["re-evidence"]},
        "respond_by": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    })["id"]  # fmt: skip
    answer_by_mail(town)
    third = hospital.ask("POST", "/referrals", body, Idempotency_Key=f"{WORDS['key']}-3").json["id"]
    move(hospital, third, 1, "cancelled", reason={"code": "other", "text": WORDS["cancelled"]})
    glass = town.client("hospital", role="admin")
    assert glass.ask("POST", "/break-glass", {"reason": WORDS["glass"]}).status in (200, 201)
    assert glass.ask("GET", f"/referrals/{id}").status == 200
    refused = ask_badly(town, hospital, id)
    wait_for(lambda: town.heard("/hospital", again)[-1:] == ["completed"])
    wait_for(lambda: town.heard("/hospital", third)[-1:] == ["cancelled"])
    return refused


def move(client: Client, id: str, version: int, status: str, **more: Any) -> None:
    client.post(f"/referrals/{id}/transitions", {"status": status, **more}, version=version)


def answer_by_mail(town: Town) -> None:
    path = link_in(letter_about(town, "/reply/")).removeprefix(town.url)
    assert town.ask("POST", f"{path}/code").status == 202
    code = code_in(letter_about(town, "This code opens"))
    assert town.ask("POST", f"{path}/referral", {"code": code}).json["patient"]["name"] == PERSON["name"]
    outcome = {"service_given": True, "need_met": "yes", "date": "2026-04-02", "note": WORDS["outcome"]}
    held = {"status": "on-hold", "reason": {"code": "other", "text": WORDS["by-mail"]}}
    for step in ({"status": "accepted"}, held, {"status": "completed", "outcome": outcome}):
        answer = town.ask("POST", f"{path}/transitions", {"code": code, **step})
        assert answer.status == 200, answer


def ask_badly(town: Town, hospital: Client, id: str) -> list[Answer]:
    """Ask what is refused or breaks, with a person's words in it."""
    body = {"service_id": PANTRY_SERVICE, "patient": PERSON | {"birth_date": WORDS["bad-field"]}}
    refused = [
        hospital.ask("POST", "/referrals", body),
        hospital.ask("POST", "/referrals", body | {"person": [PERSON, WORDS["bad-json"]]}),
        hospital.ask("POST", "/referrals", [WORDS["bad-json"]]),
        hospital.ask("POST", f"/referrals/{id}/messages", {"text": {"text": WORDS["message"]}}),
        hospital.ask("POST", f"/referrals/{id}/transitions", {"status": WORDS["code-reason"]}, version=1),
        hospital.ask("POST", "/referrals/search", {"phone": NEW_PHONE, "email": {"at": PERSON["email"]}}),
        town.ask("GET", "/referrals", Authorization=f"Bearer {WORDS['bad-token']}{WORDS['bad-token']}"),
        town.ask("POST", "/reply/" + "A" * 43 + "/code"),
        hospital.ask("GET", f"/referrals?identifier=urn:order|{WORDS['order']}&cursor={WORDS['asked']}"),
    ]
    # What is asked for in a URL is the asker's own doing; no log may keep it all the same.
    town.ask("GET", f"/services?search={WORDS['asked']}")
    town.ask("GET", f"/search?q={WORDS['asked']}&near={WORDS['asked']}")
    town.ask("GET", f"/{WORDS['asked']}/{WORDS['given']}")
    town.ask("POST", "/search", {"q": f"{WORDS['given']} {WORDS['family']}"})
    rename(town, "delivery", "broken")
    fault = hospital.ask("POST", "/referrals", {"service_id": PANTRY_SERVICE, "patient": PERSON})
    rename(town, "broken", "delivery")
    assert fault.status == 503, fault
    assert all(400 <= answer.status < 500 for answer in refused), refused
    return [*refused, fault]


def rename(town: Town, table: str, to: str) -> None:
    database = Database(url_of(town.path))
    with database.write() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))
        session.commit()
    database.close()


def search_finds_nothing(town: Town) -> bool:
    return all(town.ask("POST", "/search", {"q": canary}).json["total_items"] == 0 for canary in WORDS.values())


def test_no_word_of_a_person_is_in_a_log_a_number_a_message_an_index_or_a_file(town: Town) -> None:
    refused = live_through(town)
    assert search_finds_nothing(town)
    assert found_in(str(town.ask("GET", "/metrics").json)) == []
    for answer in refused:
        assert found_in(f"{answer.json}{answer.headers}") == [], answer
    for received in town.receivers.received:
        assert found_in(received.path + str(received.headers) + received.body.decode()) == []
    assert town.letterbox.letters
    for letter in town.letterbox.letters:
        assert found_in(letter.as_bytes()) == []
        assert found_in(letter.get_content()) == []  # type: ignore[attr-defined]
    if town.path.suffix == ".db":
        assert town.run("backup", str(town.path.with_name("backup"))).wait(60) == 0
        look_through_files(town, town.path.name, f"{town.path.name}-wal", "backup", "log")
    code, told = town.verify()
    assert (code, found_in(told)) == (0, []), told
    assert found_in(read_bytes(town.path)) == []
    town.stop()
    look_through_files(town, town.path.name, "log")
    said = town.log.read_text("utf-8")
    assert '"event":"fault"' in said
    assert '"/reply/' not in said.replace('"/reply/<', "")


def look_through_files(town: Town, *there: str) -> None:
    """Look into every file of the instance, hidden ones too."""
    files = [path for path in town.path.parent.rglob("*") if path.is_file()]
    assert set(there) <= {path.name for path in files}
    for path in files:
        assert found_in(str(path)) == []
        assert found_in(path.read_bytes()) == [], path
