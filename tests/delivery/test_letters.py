"""Who has no system is written to: at a confirmed address alone, and with nothing of anybody in the letter."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from resource_api.access.policy import Grants
from resource_api.delivery.address import confirm_address, register_address, remove_address
from resource_api.delivery.mail import read_smtp_url
from resource_api.delivery.outbox import Happened, has_channel, tell
from resource_api.delivery.reply import MOST_TRIES, check_code, open_link, send_code
from resource_api.delivery.tables import ReplyLink
from resource_api.errors import NotFound, SettingsError
from tests.databases import read_bytes
from tests.delivery.conftest import World
from tests.delivery.letterbox import Letterbox, code_in, link_in, receiving_mail
from tests.delivery.receivers import Receivers

ADDRESS = "referrals@pantry.example"


@pytest.fixture
def letterbox(world: World) -> Iterator[Letterbox]:
    with receiving_mail() as (box, url):
        world.settings = replace(world.settings, smtp_url=url)
        yield box


def register(world: World, grants: Grants, email: str = ADDRESS, language: str = "en") -> str:
    with world.database.write() as session:
        address = register_address(session, world.keyring, grants, email=email, language=language, now=world.clock())
        session.commit()
    return address.id


def confirm(world: World, letterbox: Letterbox, email: str = ADDRESS) -> None:
    world.deliver()
    token = link_in(letterbox.texts(email)[-1]).rpartition("/")[2]
    with world.database.write() as session:
        confirm_address(session, world.keyring, token, now=world.clock())
        session.commit()


def token_of(letterbox: Letterbox) -> str:
    return next(link_in(text) for text in reversed(letterbox.texts(ADDRESS)) if "/reply/" in text).rpartition("/")[2]


@pytest.fixture
def pantry(world: World, letterbox: Letterbox) -> Grants:
    """An organization with a confirmed address, that was sent a referral."""
    grants = world.participant()
    register(world, grants)
    confirm(world, letterbox)
    world.happen(grants, "r1", (1,), "referral.requested")
    world.deliver()
    return grants


def test_a_referral_is_told_of_by_one_link(world: World, letterbox: Letterbox, pantry: Grants) -> None:
    letter = letterbox.to(ADDRESS)[-1]
    text = letter.get_content()  # type: ignore[attr-defined]
    assert letter.get_content_type() == "text/plain"
    assert letter["From"] == "referrals@help.example.org"
    assert link_in(text).startswith("https://help.example.org/reply/")
    assert len(token_of(letterbox)) == 43, "256 bits"
    assert "r1" not in text.replace(token_of(letterbox), "")
    with world.database.read() as session:
        link, address = open_link(session, world.keyring, token_of(letterbox), now=world.clock())
    assert (link.referral_id, address.email) == ("r1", ADDRESS)


def test_a_letter_is_in_the_language_of_its_address(world: World, letterbox: Letterbox) -> None:
    grants = world.participant()
    register(world, grants, language="es")
    confirm(world, letterbox)
    world.happen(grants, "r1", (1,), "referral.requested")
    world.deliver()
    asked, told = letterbox.to(ADDRESS)
    assert asked["Subject"] == "Confirme esta dirección para recibir derivaciones"
    assert told["Subject"] == "Una derivación espera su respuesta"
    assert "código" in letterbox.texts(ADDRESS)[-1]


def test_nothing_is_sent_to_an_address_that_its_holder_has_not_confirmed(world: World, letterbox: Letterbox) -> None:
    grants = world.participant()
    register(world, grants)
    assert world.happen(grants, "r1", (1,), "referral.requested") == 0
    world.deliver()
    [asked] = letterbox.texts(ADDRESS)
    assert "/referral-addresses/confirm/" in link_in(asked)


def test_a_link_to_confirm_is_good_for_seven_days(world: World, letterbox: Letterbox) -> None:
    register(world, world.participant())
    world.clock.forward(days=7, seconds=1)
    with pytest.raises(NotFound):
        confirm(world, letterbox)


def test_who_has_an_endpoint_is_not_written_to(
    world: World, letterbox: Letterbox, pantry: Grants, receivers: Receivers
) -> None:
    world.endpoint(pantry, receivers.url("/hook"))
    before = len(letterbox.letters)
    world.happen(pantry, "r2", (1,), "referral.requested")
    world.deliver()
    assert len(letterbox.letters) == before
    assert len(receivers.at("/hook")) == 1


def test_nobody_is_written_to_about_a_test(world: World, pantry: Grants) -> None:
    happened = Happened("referral.requested", "r2", 1, 1, world.clock(), test=True)
    with world.database.write() as session:
        assert tell(session, happened, [str(pantry.organization_id)], now=world.clock()) == 0


@pytest.mark.parametrize("type", ["referral.accepted", "referral.in-progress", "referral.completed"])
def test_what_an_organization_did_itself_is_not_written_to_it(world: World, pantry: Grants, type: str) -> None:
    assert world.happen(pantry, "r1", (2,), type) == 0


def test_one_referral_has_one_link_however_often_it_is_written_about(
    world: World, letterbox: Letterbox, pantry: Grants
) -> None:
    first = token_of(letterbox)
    world.happen(pantry, "r1", (2,), "referral.message")
    world.deliver()
    assert token_of(letterbox) == first
    world.happen(pantry, "r2", (1,), "referral.requested")
    world.deliver()
    assert token_of(letterbox) != first


def test_a_link_ends_with_its_time_or_its_address_or_when_it_is_revoked(
    world: World, letterbox: Letterbox, pantry: Grants
) -> None:
    token = token_of(letterbox)
    with world.database.write() as session, pytest.raises(NotFound):
        open_link(session, world.keyring, token, now=world.clock() + timedelta(days=91))
    with world.database.write() as session:
        link, address = open_link(session, world.keyring, token, now=world.clock())
        remove_address(session, pantry, address.id, now=world.clock())
        session.commit()
    with world.database.write() as session, pytest.raises(NotFound):
        open_link(session, world.keyring, token, now=world.clock())
    with world.database.read() as session:
        assert session.get_one(ReplyLink, link.id).revoked_at is not None


def ask_code(world: World, letterbox: Letterbox) -> str:
    with world.database.write() as session:
        link, _ = open_link(session, world.keyring, token_of(letterbox), now=world.clock())
        send_code(session, world.keyring, link, now=world.clock())
        session.commit()
    world.deliver()
    return code_in(letterbox.texts(ADDRESS)[-1])


def try_code(world: World, token: str, code: str) -> bool:
    with world.database.write() as session:
        link, address = open_link(session, world.keyring, token, now=world.clock())
        right = check_code(session, world.keyring, link, address, code, now=world.clock())
        session.commit()
    return right


def test_a_code_opens_for_ten_minutes(world: World, letterbox: Letterbox, pantry: Grants) -> None:
    token = token_of(letterbox)
    code = ask_code(world, letterbox)
    assert try_code(world, token, code)
    world.clock.forward(minutes=9)
    assert try_code(world, token, code), "more than once"
    world.clock.forward(minutes=1, seconds=1)
    assert not try_code(world, token, code)


def test_after_five_wrong_tries_not_even_the_right_code_opens(
    world: World, letterbox: Letterbox, pantry: Grants
) -> None:
    token = token_of(letterbox)
    code = ask_code(world, letterbox)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(MOST_TRIES - 1):
        assert not try_code(world, token, wrong)
    assert try_code(world, token, code)
    assert not try_code(world, token, wrong)
    assert not try_code(world, token, code)
    assert try_code(world, token, ask_code(world, letterbox)), "a new one does"


def test_a_new_code_ends_the_one_before(world: World, letterbox: Letterbox, pantry: Grants) -> None:
    token = token_of(letterbox)
    old = ask_code(world, letterbox)
    world.clock.forward(seconds=5)
    new = ask_code(world, letterbox)
    assert not try_code(world, token, old)
    assert try_code(world, token, new)


def test_neither_token_nor_code_is_in_the_database(world: World, letterbox: Letterbox, pantry: Grants) -> None:
    token = token_of(letterbox)
    code = ask_code(world, letterbox)
    kept = read_bytes(world.path)
    assert token.encode() not in kept
    with world.database.read() as session:
        rows = session.execute(select(ReplyLink.__table__)).all()
    assert code not in str(rows)


def test_an_address_that_does_not_exist_is_given_up_and_one_that_is_full_is_not(
    world: World, letterbox: Letterbox
) -> None:
    grants = world.participant()
    letterbox.refused = {"nobody@pantry.example": "550 No such user", "full@pantry.example": "452 Full"}
    for email in letterbox.refused:
        register(world, grants, email)
    world.deliver()
    assert {(d.state, d.reason) for d in world.deliveries()} == {("dead", "smtp-550"), ("pending", "smtp-452")}


def test_without_a_mail_server_letters_wait(world: World) -> None:
    register(world, world.participant())
    world.deliver()
    [delivery] = world.deliveries()
    assert (delivery.state, delivery.reason) == ("pending", "no-mail-server")


def test_a_channel_is_a_client_an_endpoint_or_a_confirmed_address(
    world: World, letterbox: Letterbox, pantry: Grants
) -> None:
    with world.database.read() as session:
        assert has_channel(session, str(pantry.organization_id), test=False)
        assert not has_channel(session, str(pantry.organization_id), test=True)
        assert not has_channel(session, "somebody else", test=False)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "sender"),
    [
        ("smtp://mail.example.org", "mail.example.org", 25, False, "no-reply@help.example.org"),
        ("smtp://me:p%40ss@mail.example.org", "mail.example.org", 587, False, "no-reply@help.example.org"),
        ("smtps://mail.example.org?from=a@b.example", "mail.example.org", 465, True, "a@b.example"),
    ],
)
def test_an_smtp_url_says_everything(url: str, host: str, port: int, tls: bool, sender: str) -> None:
    server = read_smtp_url(url, public_url="https://help.example.org")
    assert (server.host, server.port, server.tls, server.sender) == (host, port, tls, sender)


@pytest.mark.parametrize("url", ["http://mail.example.org", "mail.example.org", "smtp://", "smtp://h:99999"])
def test_an_smtp_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        read_smtp_url(url, public_url="https://help.example.org")
