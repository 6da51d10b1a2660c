"""`resource-api client` : the systems and apps that may call the API."""

from datetime import UTC, datetime, timedelta

import click
import orjson
from sqlalchemy.orm import Session

from resource_api.access.client import OVERLAP, NewClient, add_client, list_clients, revoke_client, rotate_secret
from resource_api.access.participant import add_participant, find_participant
from resource_api.access.policy import ROLES, SCOPES, Role
from resource_api.access.tables import Client
from resource_api.cli.open_database import writing
from resource_api.directory import Organization
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
@click.option("--origin", "origins", multiple=True, help="A reader's web origin, as https://example.org; repeat it.")
@click.option("--test", is_flag=True, help="It tries things out: only test referrals reach it.")
def add(
    name: str, organization: str | None, role: Role, scopes: tuple[str, ...], origins: tuple[str, ...], test: bool
) -> None:
    """Add a client; prints its id and, this once, its secret."""
    keyring, now = load_keyring(Settings.from_environment()), datetime.now(UTC)
    with writing() as session:
        if organization is not None:
            _take_part(session, organization, now)
        new = NewClient(name, role, organization, frozenset(scopes), origins, test=test)
        added, secret = add_client(session, keyring, new, now=now)
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
def rotate(client_id: str, overlap_hours: int) -> None:
    """Give a client a new secret; prints it, this once."""
    keyring = load_keyring(Settings.from_environment())
    with writing() as session:
        overlap = timedelta(hours=overlap_hours)
        secret = rotate_secret(session, keyring, client_id, now=datetime.now(UTC), overlap=overlap)
        session.commit()
    click.echo(orjson.dumps({"client_id": client_id, "client_secret": secret}))


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


def _describe(one: Client) -> dict[str, object]:
    return {
        "client_id": one.id,
        "name": one.name,
        "organization_id": one.participant_id,
        "role": one.role,
        "scope": one.scope,
    } | ({"test": True} if one.test else {})
