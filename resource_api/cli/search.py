"""`resource-api search` : rebuild the index, bring it up to date, or check it; Elasticsearch's too."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from resource_api.cli.open_database import refusing
from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.migrations import is_current
from resource_api.search.check import compare_index, repair_index
from resource_api.search.follow import count_services, follow, rebuild
from resource_api.search.index import SearchIndex
from resource_api.settings import Settings
from resource_api.wiring import attach_index, make_index, make_indexer

if TYPE_CHECKING:
    from resource_api.indexer import Indexer

DATABASE, ELASTICSEARCH = "database", "elasticsearch"

_only = click.option(
    "--only", type=click.Choice([DATABASE, ELASTICSEARCH]), help="One of the two indexes, where there are two."
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a command works on: the database, its own index, and who keeps Elasticsearch in step, if anybody."""

    database: Database
    index: SearchIndex
    indexer: "Indexer | None"


@click.group()
def search() -> None:
    """Keep the search index in step with the directory."""


@search.command(name="rebuild")
@_only
def rebuild_index(only: str | None) -> None:
    """Build the search index anew from the stored documents.

    At Elasticsearch a new index is built beside the one that answers, and takes its place when it is whole; a build
    that was cut off goes on.
    """
    with _opened(only) as opened:
        if only != ELASTICSEARCH:
            # Elasticsearch has heard of it all before.
            own = make_index(opened.database)
            with opened.database.write() as session, show_progress("services", count_services(session)) as show:
                done = 0
                for done in rebuild(session, own):
                    session.commit()
                    show(done)
            click.echo(f"{done:,} services indexed anew")
        if opened.indexer is not None:
            with opened.database.read() as session:
                total = count_services(session)
            with show_progress("services", total) as show:
                done = opened.indexer.rebuild(show)
            click.echo(f"{done:,} services indexed anew in Elasticsearch")


@search.command(name="sync")
@_only
def sync_index(only: str | None) -> None:
    """Bring the search index up to every change that is logged."""
    with _opened(only) as opened:
        if only != ELASTICSEARCH:
            with opened.database.write() as session:
                followed = follow(session, opened.index)
                session.commit()
            click.echo(f"{followed:,} services brought up to date")
        if opened.indexer is not None:
            opened.indexer.find_again()
            click.echo(f"{opened.indexer.sync():,} services brought up to date in Elasticsearch")


@search.command(name="check")
@click.option("--repair", is_flag=True, help="Mend what differs.")
@_only
def check_index(repair: bool, only: str | None) -> None:
    """Compare the search index with the stored documents; exit 1 where they differ.

    Where Elasticsearch is ahead of a database that was restored, the repair builds its index anew.
    """
    with _opened(only) as opened:
        agrees = only == ELASTICSEARCH or _check_database(opened, repair=repair)
        if opened.indexer is not None:
            agrees = _check_elasticsearch(opened.indexer, repair=repair) and agrees
    sys.exit(0 if agrees else 1)


def _check_database(opened: Opened, *, repair: bool) -> bool:
    with opened.database.write() as session:
        found = compare_index(session, opened.index)
        click.echo(f"missing {len(found.missing):,}, stale {len(found.stale):,}, orphaned {len(found.orphaned):,}")
        if repair and found.services:
            repair_index(session, opened.index, found)
            session.commit()
            click.echo("repaired")
    return repair or not found.services


def _check_elasticsearch(indexer: "Indexer", *, repair: bool) -> bool:
    with show_progress("services compared") as show:
        found = indexer.compare(show)
    counts = (
        f"missing {len(found.missing):,}, stale {len(found.stale):,}, ahead {len(found.ahead):,}, "
        f"orphaned {len(found.orphaned):,}, refused {len(found.refused):,}"
    )
    click.echo(f"Elasticsearch: {counts}")
    if repair and found.services:
        with show_progress("services") as show:
            indexer.repair(found, show)
        click.echo("Elasticsearch: repaired")
    return not found.refused and (repair or not found.services)


@contextmanager
def _opened(only: str | None) -> Iterator[Opened]:
    settings = Settings.from_environment()
    database = Database(settings.database_url, mapped=False)
    try:
        with refusing():
            with database.read() as session:
                if not is_current(session):
                    raise click.ClickException(
                        "The database has no tables, or those of another release: run `resource-api init`"
                    )
            indexer = None if only == DATABASE else make_indexer(database, settings)
            if only == ELASTICSEARCH and indexer is None:
                raise click.UsageError("ELASTICSEARCH_URL names no Elasticsearch")
            yield Opened(database, attach_index(database, settings), indexer)
            if indexer is not None:
                indexer.cluster.close()
    finally:
        database.close()
