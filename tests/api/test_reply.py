"""An organization without a system answers by a link and a code, and by nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from resource_api.access.tables import Client
from tests.api.delivering import DeliveringWorld, delivering
from tests.databases import copy_database, drop_database
from tests.delivery.letterbox import code_in, link_in
from tests.referrals.conftest import made_world  # noqa: F401 - the world that each one here is copied from
from tests.referrals.world import PANTRY, PATIENT, Asking, named

ADDRESS = "referrals@pantry.example"
DONE = {"service_given": True, "need_met": "yes", "date": "2026-04-02"}


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Iterator[DeliveringWorld]:  # noqa: F811
    path = copy_database(made_world, tmp_path / "world")
    with delivering(path) as world:
        yield world
    drop_database(path)


@pytest.fixture
def hospital(world: DeliveringWorld) -> Asking:
    return world.asking("hospital")


@pytest.fixture
def holder(world: DeliveringWorld) -> FlaskClient:
    """Who holds the address, which is confirmed; and has no token."""
    assert world.asking("pantry").post("/referral-addresses", {"email": ADDRESS}).status_code == 201
    world.work()
    client = world.app.test_client()
    path = link_in(world.letterbox.texts(ADDRESS)[-1]).removeprefix("https://help.example.org")
    assert client.get(path).json == {"organization": "Harbor Pantry", "confirmed": False}
    assert client.post(path).json == {"organization": "Harbor Pantry", "confirmed": True}
    return client


def follow(world: DeliveringWorld) -> str:
    """Get the path that the last letter with a link leads to."""
    world.work()
    letter = next(text for text in reversed(world.letterbox.texts(ADDRESS)) if "/reply/" in text)
    return link_in(letter).removeprefix("https://help.example.org")


def ask_code(world: DeliveringWorld, holder: FlaskClient, path: str) -> str:
    assert holder.post(f"{path}/code").status_code == 202
    world.work()
    return code_in(world.letterbox.texts(ADDRESS)[-1])


def test_a_referral_is_answered_by_e_mail_alone_from_beginning_to_end(
    world: DeliveringWorld, hospital: Asking, holder: FlaskClient
) -> None:
    id = hospital.refer(needs=["food-pantry"], consent=named(PANTRY))["id"]
    path = follow(world)
    code = ask_code(world, holder, path)
    seen = holder.post(f"{path}/referral", json={"code": code})
    assert seen.status_code == 200, seen.text
    assert (seen.json or {})["patient"] == PATIENT
    for move in ({"status": "accepted"}, {"status": "in-progress"}, {"status": "completed", "outcome": DONE}):
        moved = holder.post(f"{path}/transitions", json={"code": code, **move})
        assert (moved.status_code, (moved.json or {}).get("status")) == (200, move["status"]), moved.text
    assert (hospital.get(f"/referrals/{id}").json or {})["outcome"] == DONE
    illegal = holder.post(f"{path}/transitions", json={"code": code, "status": "accepted"})
    assert illegal.status_code == 409


def test_the_link_alone_shows_nothing_of_the_person(
    world: DeliveringWorld, hospital: Asking, holder: FlaskClient
) -> None:
    hospital.refer(needs=["food-pantry"], respond_by="2030-01-01T00:00:00Z", consent=named(PANTRY))
    shown = holder.get(follow(world))
    assert shown.json == {
        "needs": ["food-pantry"],
        "sender": "General Hospital",
        "organization": "Harbor Pantry",
        "respond_by": "2030-01-01T00:00:00+00:00",
        "language": "en",
    }
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Referrer-Policy"] == "no-referrer"


def test_nothing_of_the_person_is_in_a_letter(world: DeliveringWorld, hospital: Asking, holder: FlaskClient) -> None:
    hospital.refer(note="Umberfield", consent=named(PANTRY))
    follow(world)
    sent = "".join(letter.as_string() for letter in world.letterbox.letters)
    assert not [word for word in ("Quillfeather", "Zaharakis", "0177", "MRN", "Umberfield", "1994") if word in sent]


def test_a_wrong_code_is_refused_and_five_of_them_end_the_right_one(
    world: DeliveringWorld, hospital: Asking, holder: FlaskClient
) -> None:
    hospital.refer(consent=named(PANTRY))
    path = follow(world)
    code = ask_code(world, holder, path)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        refused = holder.post(f"{path}/referral", json={"code": wrong})
        assert refused.status_code == 403
        assert "Quillfeather" not in refused.text
    assert holder.post(f"{path}/referral", json={"code": code}).status_code == 403
    assert holder.post(f"{path}/transitions", json={"code": code, "status": "accepted"}).status_code == 403


def test_codes_are_rated(world: DeliveringWorld, hospital: Asking, holder: FlaskClient) -> None:
    hospital.refer(consent=named(PANTRY))
    path = follow(world)
    assert [holder.post(f"{path}/code").status_code for _ in range(6)] == [202] * 5 + [429]


def test_a_link_ends_when_the_referral_goes_elsewhere_or_the_address_goes(
    world: DeliveringWorld, hospital: Asking, holder: FlaskClient
) -> None:
    hospital.refer(consent=named(PANTRY))
    path = follow(world)
    assert holder.get(path).status_code == 200
    pantry = world.asking("pantry")
    [address] = (pantry.get("/referral-addresses").json or {})["addresses"]
    assert pantry.delete(f"/referral-addresses/{address['id']}").status_code == 204
    for answered in (holder.get(path), holder.post(f"{path}/code"), holder.get("/reply/nonsense")):
        assert answered.status_code == 404
        assert answered.headers["Cache-Control"] == "no-store"


def test_an_address_counts_as_a_channel_even_where_every_client_is_gone(
    world: DeliveringWorld, hospital: Asking, holder: FlaskClient
) -> None:
    with world.database.write() as session:
        session.execute(update(Client).where(Client.participant_id == PANTRY).values(revoked_at=datetime.now(UTC)))
        session.commit()
    hospital.refer(consent=named(PANTRY))
    assert holder.get(follow(world)).status_code == 200


def test_a_token_is_in_no_log(
    world: DeliveringWorld, hospital: Asking, holder: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    hospital.refer(consent=named(PANTRY))
    path = follow(world)
    holder.get(path).close()
    holder.post(f"{path}/code").close()
    captured = capfd.readouterr()
    assert path.rpartition("/")[2] not in captured.out + captured.err
    routes = {orjson.loads(line).get("route") for line in captured.out.splitlines()}
    assert {"/reply/<token>", "/reply/<token>/code"} <= routes


@pytest.mark.parametrize(
    "email",
    ["", "pantry", "a@b c", "a@b@c", "a@b.example\n", "ü@b.example", "<a@b.example>", "a@b.example, c@d.example"],
)
def test_what_is_no_address_is_refused(world: DeliveringWorld, email: str) -> None:
    assert world.asking("pantry").post("/referral-addresses", {"email": email}).status_code == 422


def test_only_a_recipient_has_addresses_and_only_its_own(world: DeliveringWorld, hospital: Asking) -> None:
    assert hospital.get("/referral-addresses").status_code == 403
    made = world.asking("pantry").post("/referral-addresses", {"email": ADDRESS}).json or {}
    cradle = world.asking("cradle")
    assert (cradle.get("/referral-addresses").json or {})["addresses"] == []
    assert cradle.delete(f"/referral-addresses/{made['id']}").status_code == 404


def test_letters_to_confirm_are_rated(world: DeliveringWorld) -> None:
    pantry = world.asking("pantry")
    asked = [pantry.post("/referral-addresses", {"email": f"{n % 10}@pantry.example"}).status_code for n in range(21)]
    assert asked == [201] * 20 + [429]
