"""`resource-api organization` : the organizations that take part in referrals."""

from datetime import UTC, datetime

import click
import orjson

from resource_api.access.participant import add_participant
from resource_api.cli.open_database import writing


@click.group()
def organization() -> None:
    """Say which organizations take part in referrals."""


@organization.command()
@click.argument("name")
@click.option(
    "--retention-days",
    type=click.IntRange(1, 36_500),
    help="Days after its end that a referral stays readable; without it, for good.",
)
def add(name: str, retention_days: int | None) -> None:
    """Add an organization that is not in the directory, and is never published; prints its id."""
    with writing() as session:
        added = add_participant(session, name, now=datetime.now(UTC), retention_days=retention_days)
        session.commit()
    click.echo(orjson.dumps({"organization_id": added, "name": name}))
