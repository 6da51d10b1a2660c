"""What happened is told to those who asked for it, signed, in order, and to nobody else."""

import base64
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from resource_api.access.tables import Client
from resource_api.delivery.endpoint import rotate_key
from resource_api.delivery.sign import SigningKey, new_key
from resource_api.delivery.tables import Endpoint
from resource_api.privacy.tables import Audit
from tests.delivery.conftest import World
from tests.delivery.receivers import Received, Receivers


def verifies(received: Received, key: SigningKey) -> bool:
    """Ask the standardwebhooks package, which knows nothing of us."""
    try:
        Webhook(key.shown).verify(received.body, received.headers)
    except WebhookVerificationError:
        return False
    return True


def verifies_ed25519(received: Received, key: SigningKey) -> bool:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.shown.removeprefix("whpk_")))
    signed = f"{received.id}.{received.headers['webhook-timestamp']}.".encode() + received.body
    for part in received.headers["webhook-signature"].split():
        version, _, signature = part.partition(",")
        try:
            public.verify(base64.b64decode(signature), signed)
        except InvalidSignature:
            continue
        return version == "v1a"
    return False


def test_an_event_reaches_the_endpoint_thin_and_signed(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    _, key = world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (3,))
    world.deliver()
    [received] = receivers.at("/hook")
    [delivery] = world.deliveries()
    assert received.json == {
        "type": "referral.accepted",
        "timestamp": delivery.happened_at.isoformat(),
        "data": {"referral_id": "r1", "version": 3, "seq": 3},
    }
    assert received.id == delivery.id
    assert received.headers["content-type"] == "application/json"
    assert verifies(received, key)
    assert not verifies(received, new_key("v1"))
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 204)


def test_an_endpoint_may_be_signed_for_with_ed25519(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    _, key = world.endpoint(grants, receivers.url("/hook"), signing="v1a")
    world.happen(grants, "r1", (1,))
    world.deliver()
    [received] = receivers.at("/hook")
    assert key.shown.startswith("whpk_")
    assert verifies_ed25519(received, key)
    assert not verifies_ed25519(received, new_key("v1a"))


@pytest.mark.parametrize("signing", ["v1", "v1a"])
def test_after_a_rotation_both_keys_verify_for_a_day_and_then_the_new_one_alone(
    world: World, receivers: Receivers, signing: str
) -> None:
    check = verifies if signing == "v1" else verifies_ed25519
    grants = world.participant()
    endpoint, old = world.endpoint(grants, receivers.url("/hook"), signing="v1" if signing == "v1" else "v1a")
    with world.database.write() as session:
        _, new = rotate_key(session, world.keyring, grants, endpoint.id, now=world.clock())
        session.commit()
    world.happen(grants, "r1", (1,))
    world.deliver()
    with world.database.write() as session:
        session.get_one(Endpoint, endpoint.id).previous_until = world.clock() - timedelta(seconds=1)
        session.commit()
    world.happen(grants, "r1", (2,))
    world.deliver()
    during, after = receivers.at("/hook")
    assert check(during, old)
    assert check(during, new)
    assert check(after, new)
    assert not check(after, old)


def test_the_events_of_a_referral_arrive_in_their_order(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/a"))
    world.endpoint(grants, receivers.url("/b"))
    for referral in ("r1", "r2", "r3"):
        world.happen(grants, referral, range(1, 11))
    world.deliver()
    for path in ("/a", "/b"):
        for referral in ("r1", "r2", "r3"):
            assert [r.key[1] for r in receivers.at(path) if r.key[0] == referral] == list(range(1, 11))


def test_only_the_types_that_were_asked_for_are_sent(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"), types=("referral.message",))
    assert world.happen(grants, "r1", (1,), "referral.accepted") == 0
    assert world.happen(grants, "r1", (2,), "referral.message") == 1


def test_nobody_else_is_told(world: World, receivers: Receivers) -> None:
    ours, theirs = world.participant(), world.participant("Cradle Room")
    world.endpoint(ours, receivers.url("/ours"))
    world.endpoint(theirs, receivers.url("/theirs"))
    world.happen(ours, "r1", (1,))
    world.deliver()
    assert receivers.at("/ours")
    assert not receivers.at("/theirs")


def test_each_delivery_is_in_the_audit(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (1, 2))
    world.deliver()
    with world.database.read() as session:
        rows = session.scalars(select(Audit).where(Audit.what == "delivery.send")).all()
    assert {row.object_ids for row in rows} == {d.id for d in world.deliveries()}
    assert {(row.outcome, row.client_id) for row in rows} == {("ok", grants.caller.client_id)}


def test_a_client_that_was_revoked_is_told_nothing_more(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (1,))
    with world.database.write() as session:
        session.get_one(Client, grants.caller.client_id).revoked_at = world.clock()
        session.commit()
    world.deliver()
    assert world.happen(grants, "r1", (2,)) == 0
    [delivery] = world.deliveries()
    assert (delivery.state, delivery.reason) == ("cancelled", "client-revoked")
    assert not receivers.received
