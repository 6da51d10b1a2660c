"""`resource-api client` : the systems and apps that may call the API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import orjson
from sqlalchemy.orm import Session

from resource_api.access.client import (
    OVERLAP,
    NewClient,
    add_client,
    list_clients,
    replace_keys,
    revoke_client,
    rotate_secret,
)
from resource_api.access.key_set import Fetched, fetch, keep_fetched, read_key_set, take_turn
from resource_api.access.participant import add_participant, find_participant
from resource_api.access.policy import ROLES, SCOPES, Role
from resource_api.access.tables import Client
from resource_api.cli.open_database import refusing, writing
from resource_api.directory.tables import Organization
from resource_api.egress import Egress
from resource_api.errors import BadInput
from resource_api.privacy.keyring import load_keyring
from resource_api.settings import Settings


@click.group()
def client() -> None:
    """Say which systems and apps may call the API, and in which role."""


@client.command()
@click.argument("name")
@click.option("--organization", help="Id of the organization it acts for: one added, or one in the directory.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Repeat it; default: all of the role."
)
@click.option("--jwks", help="File or https URL of its public keys: it signs, and has no secret.")
@click.option("--origin", "origins", multiple=True, help="A reader's web origin, as https://example.org; repeat it.")
@click.option("--test", is_flag=True, help="It tries things out: only test referrals reach it.")
def add(
    name: str,
    organization: str | None,
    role: Role,
    scopes: tuple[str, ...],
    jwks: str | None,
    origins: tuple[str, ...],
    test: bool,
) -> None:
    """Add a client; prints its id and, this once, its secret."""
    with refusing():
        keyring, (keys, url, fetched) = load_keyring(Settings.from_environment()), _read_keys(jwks)
    now = datetime.now(UTC)
    with writing() as session:
        if organization is not None:
            _take_part(session, organization, now)
        new = NewClient(name, role, organization, frozenset(scopes), origins, keys, url, test)
        added, secret = add_client(session, keyring, new, now=now)
        _keep_keys(session, added.id, fetched, now)
        session.commit()
    click.echo(orjson.dumps(_describe(added) | ({"client_secret": secret} if secret else {})))


@client.command(name="list")
def list_all() -> None:
    """List every client, one JSON object to a line."""
    with writing() as session:
        for one in list_clients(session):
            click.echo(orjson.dumps(_describe(one) | {"revoked_at": one.revoked_at}))


@client.command()
@click.argument("client_id")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 24 * 90),
    default=int(OVERLAP.total_seconds() // 3600),
    show_default=True,
    help="How long the secret before it still works.",
)
@click.option("--jwks", help="File or https URL of its new public keys, for a client that signs.")
def rotate(client_id: str, overlap_hours: int, jwks: str | None) -> None:
    """Give a client a new secret, and print it, this once; or new keys."""
    with refusing():
        keyring, (keys, url, fetched) = load_keyring(Settings.from_environment()), _read_keys(jwks)
    now, told = datetime.now(UTC), {"client_id": client_id}
    with writing() as session:
        if jwks is None:
            overlap = timedelta(hours=overlap_hours)
            told["client_secret"] = rotate_secret(session, keyring, client_id, now=now, overlap=overlap)
        else:
            replace_keys(session, client_id, jwks=keys, jwks_url=url, now=now)
            _keep_keys(session, client_id, fetched, now)
        session.commit()
    click.echo(orjson.dumps(told))


@client.command()
@click.argument("client_id")
def revoke(client_id: str) -> None:
    """Revoke a client: its secrets, keys and tokens end at once."""
    with writing() as session:
        revoke_client(session, client_id, now=datetime.now(UTC))
        session.commit()
    click.echo(orjson.dumps({"client_id": client_id, "revoked": True}))


def _take_part(session: Session, organization_id: str, now: datetime) -> None:
    """Let an organization of the directory take part, under its own id."""
    if find_participant(session, organization_id) is None:
        known = session.get(Organization, organization_id)
        if known is not None and known.deleted_at is None:
            add_participant(session, known.name, now=now, id=known.id)


def _read_keys(jwks: str | None) -> tuple[str | None, str | None, Fetched | None]:
    """Read the keys in a file, or fetch those at an address: what cannot be read now would not be later."""
    if jwks is None:
        return None, None, None
    if "://" not in jwks:
        path = Path(jwks)
        if not path.is_file():
            raise BadInput(f"There is no file {jwks}", field="jwks", hint="a file, or an https URL")
        text = path.read_text("utf-8")
        read_key_set(text)
        return text, None, None
    egress = Egress.of(Settings.from_environment())
    egress.check_url(jwks)
    fetched = fetch(egress, jwks)
    if fetched.body is None:
        raise BadInput(f"{jwks} answers with no key set that could be used", field="jwks", hint="look at it with curl")
    return None, jwks, fetched


def _keep_keys(session: Session, client_id: str, fetched: Fetched | None, now: datetime) -> None:
    if fetched is not None and take_turn(session, client_id, now):
        keep_fetched(session, client_id, fetched, now=now)


def _describe(one: Client) -> dict[str, object]:
    return {
        "client_id": one.id,
        "name": one.name,
        "organization_id": one.participant_id,
        "role": one.role,
        "scope": one.scope,
    } | ({"test": True} if one.test else {})
