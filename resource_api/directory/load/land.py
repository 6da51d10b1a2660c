"""HOW AN INPUT BECOMES RECORDS: read whole into staging, then landed batch by batch, each published once.

The functions here only flush; each yields after a batch, with its cursor and its problems in the same transaction, so
that whoever commits between may be killed at any moment: the next load of the same input continues there.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.database import wait_for_turn
from resource_api.directory.document import DIRECTORY
from resource_api.directory.graph import OWNERS, SHARED, in_batches, table
from resource_api.directory.load.affected import affected_organizations, changed_terms
from resource_api.directory.load.check_links import check_links
from resource_api.directory.load.convert import convert, require
from resource_api.directory.load.identify import is_uuid, read_id
from resource_api.directory.load.leave_stewarded import leave_stewarded
from resource_api.directory.load.mend_rows import mend_rows
from resource_api.directory.load.merge_copies import merge_copies
from resource_api.directory.load.open_input import Input
from resource_api.directory.load.record_sources import assign_sources
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.retire import Clock, retire_missing, retire_samples
from resource_api.directory.load.row import Draft, InputRow
from resource_api.directory.load.run_record import Options, RunRecord
from resource_api.directory.load.shape import LINKS
from resource_api.directory.load.staging import Staging
from resource_api.directory.load.write_rows import Written, write_rows
from resource_api.directory.publish import (
    Published,
    organizations_using,
    publish_organizations,
    publish_taxonomies,
    publish_taxonomy_heads,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is; `phase` is `read`, `load` or `retire`, and `problems` are those since the last."""

    phase: str
    done: int
    total: int | None
    problems: tuple[RowProblem, ...] = ()


def load(session: Session, given: Input, options: Options, report: Report, *, clock: Clock) -> Iterator[Progress]:
    """Load an input, yielding after each flushed batch; the caller commits there, except in a dry run.

    Each batch is of the time at which its turn to write came: whoever goes on, while a load of an hour does, from the
    latest modification that they have met, misses none of it.
    Raises LoadError where the input cannot be read to its end; then nothing has been written.
    """
    with Staging() as staging:
        for done in staging.fill(_identify(given, report)):
            yield Progress("read", done, None)
        if not options.dry_run:
            wait_for_turn(session, DIRECTORY)
        record = RunRecord(session, given, options, report, clock())
        landing = _Landing(session, given, options, report, staging, record, clock)
        yield from landing.land()
        yield from landing.retire()
        if report.stewarded:
            report.notes.append(f"{report.stewarded} records were left as their stewards wrote them")
        problems = report.take_problems()
        record.save(None, problems)
        record.finish(clock())
        yield Progress("load", staging.total, staging.total, problems)


def _identify(given: Input, report: Report) -> Iterator[Draft]:
    source = given.source.name
    for n, row in enumerate(given.rows(report)):
        yield _draft(row, source, n)


def _draft(row: InputRow, source: str, n: int) -> Draft:
    """Give a row our id, and its links ours too; the publisher's own id is kept where it was another."""
    fields = row.fields
    for name in fields.keys() & LINKS.keys():
        if linked := fields[name]:
            fields[name] = read_id(source, LINKS[name], str(linked))
    for name, said in (("link_id", "link_entity"), ("resource_id", "resource_type")):
        if linked := fields.get(name):
            fields[name] = read_id(source, str(fields.get(said, "")), str(linked))
    kept = is_uuid(row.original_id)
    original = fields.pop("original_id", None) if kept else row.original_id
    own = read_id(source, row.noun, row.original_id)
    return Draft(row.noun, own, original and str(original), fields, row.file, row.line, n, row.in_passing)


class _Landing:
    """Lands one staged input; holds what every batch of it needs."""

    def __init__(
        self,
        session: Session,
        given: Input,
        options: Options,
        report: Report,
        staging: Staging,
        record: RunRecord,
        clock: Clock,
    ) -> None:
        self.session = session
        self.source = given.source.name
        self.options = options
        self.report = report
        self.staging = staging
        self.record = record
        self.clock = clock
        # Of what was landed before a resumed load was stopped, only the load's own source is known.
        self.sources: set[int | None] = {record.source_id} if report.resumed else set()

    def land(self) -> Iterator[Progress]:
        """Land every batch after the record's cursor."""
        total = self.staging.total
        done = total - self.staging.count_after(self.record.cursor) if self.report.resumed else 0
        yield Progress("load", done, total, self.record.recalled)
        for batch, cursor in self.staging.batches(self.record.cursor):
            done += len(batch)
            self._land_batch(batch)
            problems = self.report.take_problems()
            self.record.save(cursor, problems)
            yield Progress("load", done, total, problems)

    def retire(self) -> Iterator[Progress]:
        """Retire what the input no longer has, where that was asked for, and the samples."""
        options, dry_run = self.options, self.options.dry_run
        if options.replace:
            for source_id in sorted({s for s in (*self.sources, self.record.source_id) if s is not None and s > 0}):
                missing = retire_missing(
                    self.session, source_id, self.staging, self.report, confirm=options.confirm, clock=self.clock,
                    dry_run=dry_run,
                )  # fmt: skip
                for done in missing:
                    yield Progress("retire", done, None)
        if not options.keep_samples and self.sources:
            for done in retire_samples(self.session, self.sources, self.report, clock=self.clock, dry_run=dry_run):
                yield Progress("retire", done, None)

    def _land_batch(self, batch: list[Draft]) -> None:
        report = self.report
        if not self.options.dry_run:
            wait_for_turn(self.session, DIRECTORY)
        drafts = [d for d in merge_copies(batch, report, source=self.source) if convert(d, report)]
        drafts = [d for d in mend_rows(drafts, report, source=self.source) if require(d, report)]
        drafts = check_links(drafts, report, find=self._find)
        _number(drafts)
        assign_sources(drafts, self.record.source_id, self.record.source_of)
        self.sources |= {d.source_id for d in drafts if d.noun in ("organization", "service")}
        stewards = leave_stewarded(self.session, drafts)
        self.report.stewarded += len(stewards.records)
        written = write_rows(self.session, stewards.drafts, report, dry_run=self.options.dry_run)
        if self.options.dry_run or self.options.replace:
            for draft in drafts:
                self.staging.land(draft.noun, [draft.id])
        if not self.options.dry_run:
            self._publish(written, drafts)

    def _find(self, noun: str, ids: Collection[str]) -> set[str]:
        target = table(noun)
        found: set[str] = set()
        for some in in_batches(ids):
            found.update(
                self.session.scalars(select(target.c.id).where(among(target.c.id, some), target.c.deleted_at.is_(None)))
            )
        return found | self.staging.landed(noun, ids) if self.options.dry_run else found

    def _publish(self, written: Written, drafts: list[Draft]) -> None:
        now = self.clock()
        organizations = {d.id for d in drafts if d.noun == "organization"} if self.record.republishes else set()
        if written.any:
            organizations |= affected_organizations(self.session, written, drafts)
            terms = changed_terms(self.session, written)
            old = {t for t in terms if t not in written.new["taxonomy_term"]}
            organizations |= organizations_using(self.session, terms=old) if old else set()
            if terms:
                self._count(publish_taxonomies(self.session, terms, now=now))
            if heads := written.ids("taxonomy"):
                self._count(publish_taxonomy_heads(self.session, heads, now=now))
        if organizations:
            self._count(publish_organizations(self.session, organizations, now=now))

    def _count(self, published: Published) -> None:
        self.report.documents += published.written
        self.report.tombstones += published.retired


def _number(drafts: list[Draft]) -> None:
    """Number rows among those of the same owner, in the input's order: a row added elsewhere changes no number."""
    numbers: Counter[tuple[str, str]] = Counter()
    for draft in drafts:
        if draft.noun in SHARED or draft.noun == "organization":
            continue
        fields = draft.fields
        owners = OWNERS.get(draft.noun) or ("organization_id", "service_id", "link_id", "resource_id")
        owner = next((fields[name] for name in owners if name in fields), "")
        draft.position = numbers[draft.noun, owner]
        numbers[draft.noun, owner] += 1
