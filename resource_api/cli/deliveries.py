"""`resource-api deliveries` : what did not arrive, and sending it once more."""

from datetime import UTC, datetime

import click
import orjson

from resource_api.cli.open_database import writing
from resource_api.delivery.codes import STATES
from resource_api.delivery.replay import Wanted, list_deliveries, replay_dead, replay_one
from resource_api.delivery.tables import Delivery
from resource_api.privacy.audit import Agent

PAGE = 500
OPERATOR = Agent(client_id="cli")
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.group()
def deliveries() -> None:
    """See what was told to others, and tell it again."""


@deliveries.command(name="list")
@click.option("--state", type=click.Choice(STATES), default="dead", show_default=True)
@click.option("--webhook", help="Only those of the webhook with this id.")
@click.option("--since", type=_MOMENT, help="Only those queued at or after this (UTC unless it says otherwise).")
@click.option("--until", type=_MOMENT, help="Only those queued before this.")
def list_some(state: str, webhook: str | None, since: datetime | None, until: datetime | None) -> None:
    """List deliveries, one JSON object to a line."""
    wanted = Wanted(None, (state,), webhook, _aware(since), _aware(until))
    after = None
    with writing() as session:
        while page := list_deliveries(session, wanted, after=after, limit=PAGE):
            for delivery in page:
                click.echo(orjson.dumps(_describe(delivery)))
            after = page[-1].id


@deliveries.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every dead one.")
@click.option("--webhook", help="The dead ones of the webhook with this id.")
@click.option("--since", type=_MOMENT, help="The dead ones queued at or after this (UTC unless it says otherwise).")
@click.option("--until", type=_MOMENT, help="The dead ones queued before this.")
def replay(
    ids: tuple[str, ...], every: bool, webhook: str | None, since: datetime | None, until: datetime | None
) -> None:
    """Send deliveries once more: those with these IDS, or the dead ones that the options name."""
    ranged = bool(webhook or since or until)
    if sum((bool(ids), every, ranged)) != 1:
        raise click.UsageError("Name IDS, or a range by --webhook, --since and --until, or --all")
    now = datetime.now(UTC)
    done = 0
    with writing() as session:
        for delivery_id in ids:
            replay_one(session, Wanted(), delivery_id, OPERATOR, now=now)
            done += 1
        session.commit()
        wanted = Wanted(None, (), webhook, _aware(since), _aware(until))
        while not ids and (more := replay_dead(session, wanted, OPERATOR, now=now, limit=PAGE)):
            session.commit()
            done += more
    click.echo(f"{done:,} deliveries queued once more")


def _describe(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "target": delivery.target,
        "type": delivery.type,
        "referral_id": delivery.referral_id,
        "seq": delivery.seq,
        "state": delivery.state,
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "created_at": delivery.created_at,
        "next_at": delivery.next_at,
    }


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
