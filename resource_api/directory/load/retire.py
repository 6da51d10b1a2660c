"""WHAT LEAVES: records that their publisher no longer has, and the samples once there is real data.

Nothing is erased: a retired row carries the day it left, and its document stays as a tombstone for those who sync.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.directory.graph import NOUNS, SHARED, in_batches, table
from resource_api.directory.load.affected import owning_organizations
from resource_api.directory.load.report import Report
from resource_api.directory.load.staging import Staging
from resource_api.directory.publish import (
    Published,
    organizations_using,
    publish_organizations,
    publish_taxonomies,
    publish_taxonomy_heads,
)
from resource_api.directory.record import Source
from resource_api.directory.stewarded import kept

# Asked for each batch: what is written in an hour is not all of its first second.
Clock = Callable[[], datetime]

SAMPLE = "sample"
# Sources of this project's own seed data: loading one of them says nothing about local data.
SEEDS = ("sample", "national")
ASK_ABOVE = 0.2
_PER_BATCH = 500
# What is shared goes last, when nothing that was retired uses it any more.
_ORDER = (
    *(noun for noun in NOUNS if noun not in SHARED),
    "taxonomy_term",
    "taxonomy",
    "unit",
    "meta_table_description",
)
# What a retired record takes with it, though the input may still have it.
_TAKEN_ALONG = (
    ("service", "organization_id", "organization"),
    ("service_at_location", "service_id", "service"),
    ("service_at_location", "location_id", "location"),
)


@dataclass(frozen=True, slots=True)
class RetirePlan:
    """How many organizations and services a replacing load would retire, of how many."""

    organizations: int
    of_organizations: int
    services: int
    of_services: int

    @property
    def is_large(self) -> bool:
        """Tell whether so much would go that somebody should be asked."""
        return self.organizations > ASK_ABOVE * self.of_organizations or self.services > ASK_ABOVE * self.of_services


class Retirement:
    """Retires rows of one source in batches, and publishes what contained them."""

    def __init__(self, session: Session, source_id: int, report: Report, *, clock: Clock, dry_run: bool) -> None:
        self.session = session
        self.source_id = source_id
        self.report = report
        self.clock = clock
        self.dry_run = dry_run

    def live_ids(self, noun: str) -> Iterator[list[str]]:
        """Yield the ids of a noun's live rows, some at a time."""
        target = table(noun)
        last = ""
        statement = select(target.c.id).where(target.c.source_id == self.source_id, target.c.deleted_at.is_(None))
        while some := list(
            self.session.scalars(statement.where(target.c.id > last).order_by(target.c.id).limit(_PER_BATCH))
        ):
            yield some
            last = some[-1]

    def count(self, noun: str) -> int:
        """Count the live rows of a noun."""
        target = table(noun)
        statement = select(func.count()).where(target.c.source_id == self.source_id, target.c.deleted_at.is_(None))
        return self.session.scalar(statement) or 0

    def retire(self, noun: str, ids: Collection[str]) -> None:
        """Retire some rows of a noun and publish what contained them."""
        if noun == "unit":
            ids = set(ids) - self._used_units(ids)
        if self.dry_run:
            self.report.counts[noun].retired += len(ids)
            return
        now = self.clock()
        affected = owning_organizations(self.session, {noun: set(ids)})
        gone: dict[str, set[str]] = {noun: set(ids)}
        for child, link, owner in _TAKEN_ALONG:
            if gone.get(owner):
                gone.setdefault(child, set()).update(self._linked(child, link, gone[owner]))
        for each, those in gone.items():
            target = table(each)
            self.report.counts[each].retired += len(those)
            for some in in_batches(those):
                self.session.execute(
                    update(target).where(among(target.c.id, some), target.c.deleted_at.is_(None)).values(deleted_at=now)
                )
        if noun == "taxonomy_term":
            affected |= organizations_using(self.session, terms=ids)
            self._published(publish_taxonomies(self.session, ids, now=now))
        elif noun == "taxonomy":
            self._published(publish_taxonomy_heads(self.session, ids, now=now))
        if affected:
            self._published(publish_organizations(self.session, affected, now=now))
        self.session.flush()

    def _used_units(self, ids: Collection[str]) -> set[str]:
        """Find the units that a capacity still counts in: it would say nothing without."""
        if self.dry_run:
            return set()
        capacity = table("service_capacity")
        used = select(capacity.c.unit_id).where(capacity.c.unit_id.in_(ids), capacity.c.deleted_at.is_(None))
        return set(self.session.scalars(used))

    def _linked(self, noun: str, link: str, ids: Collection[str]) -> set[str]:
        target = table(noun)
        found: set[str] = set()
        for some in in_batches(ids):
            found.update(
                self.session.scalars(
                    select(target.c.id).where(
                        among(target.c[link], some),
                        target.c.deleted_at.is_(None),
                        or_(target.c.source_id == self.source_id, target.c.source_id.is_(None)),
                    )
                )
            )
        return found

    def _published(self, published: Published) -> None:
        self.report.documents += published.written
        self.report.tombstones += published.retired


def retire_missing(
    session: Session,
    source_id: int,
    staging: Staging,
    report: Report,
    *,
    confirm: Callable[[RetirePlan], bool],
    clock: Clock,
    dry_run: bool,
) -> Iterator[int]:
    """Retire what this source had and the input no longer has, unless that is much and `confirm` says no."""
    work = Retirement(session, source_id, report, clock=clock, dry_run=dry_run)

    def missing(noun: str) -> Iterator[list[str]]:
        for some in work.live_ids(noun):
            held = staging.holds(noun, some)
            gone = [i for i in some if i not in held]
            stays = kept(session, noun, gone)
            if gone := [i for i in gone if i not in stays]:
                yield gone

    plan = RetirePlan(
        sum(len(some) for some in missing("organization")),
        work.count("organization"),
        sum(len(some) for some in missing("service")),
        work.count("service"),
    )
    # Whoever is asked may take their time, and no lock is to be held meanwhile.
    yield 0
    if plan.is_large and not confirm(plan):
        report.stopped = (
            f"{plan.services} of {plan.of_services} services and {plan.organizations} of {plan.of_organizations} "
            "organizations of this source are not in the input; none were retired"
        )
        return
    done = 0
    for noun in _ORDER:
        for gone in missing(noun):
            work.retire(noun, gone)
            done += len(gone)
            yield done


def retire_samples(
    session: Session, landed: Collection[int | None], report: Report, *, clock: Clock, dry_run: bool
) -> Iterator[int]:
    """Retire the invented sample records: no family is sent to an invented pantry once there are real ones.

    `landed` are the sources whose organizations and services have just landed; a seed alone retires nothing, nor
    does a copy of a directory that has the samples itself.
    """
    seeds = {name: source_id for name, source_id in session.execute(select(Source.name, Source.id)) if name in SEEDS}
    sample_id = seeds.get(SAMPLE)
    if sample_id is None or sample_id in landed or set(landed) <= set(seeds.values()):
        return
    work = Retirement(session, sample_id, Report() if dry_run else report, clock=clock, dry_run=dry_run)
    services = work.count("service")
    if not services:
        return
    done = 0
    for noun in _ORDER:
        for some in work.live_ids(noun):
            work.retire(noun, some)
            done += len(some)
            yield done
    retired = "would be retired" if dry_run else "retired"
    report.notes.append(f"{services} invented services of the source `{SAMPLE}` {retired}; --keep-samples keeps them")
