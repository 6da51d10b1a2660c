"""HOW AN INPUT BECOMES RECORDS: read whole into staging, then landed batch by batch, each published once.

The functions here only flush; each yields after a batch, with its cursor and its problems in the same transaction, so
that whoever commits between may be killed at any moment: the next load of the same input continues there.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from resource_api.directory.graph import OWNERS, in_batches, table
from resource_api.directory.load.affected import affected_organizations, changed_terms
from resource_api.directory.load.check_links import check_links
from resource_api.directory.load.convert import convert, require
from resource_api.directory.load.identify import is_uuid, read_id
from resource_api.directory.load.mend_rows import mend_rows
from resource_api.directory.load.merge_copies import merge_copies
from resource_api.directory.load.open_input import Input
from resource_api.directory.load.record_sources import SourceFacts, assign_sources
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.retire import RetirePlan, retire_missing, retire_samples
from resource_api.directory.load.row import Draft, InputRow
from resource_api.directory.load.shape import LINKS, SHARED
from resource_api.directory.load.staging import START, Cursor, Staging
from resource_api.directory.load.write_rows import Written, write_rows
from resource_api.directory.load_state import LoadProblem, LoadRun
from resource_api.directory.publish import (
    Published,
    organizations_using,
    publish_organizations,
    publish_taxonomies,
    publish_taxonomy_heads,
)
from resource_api.directory.record import Source

PROBLEMS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """How to load: `confirm` is asked before `replace` retires much, and answers whether to go on."""

    dry_run: bool = False
    replace: bool = False
    keep_samples: bool = False
    confirm: Callable[[RetirePlan], bool] = lambda plan: False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is; `phase` is `read`, `load` or `retire`, and `problems` are those since the last."""

    phase: str
    done: int
    total: int | None
    problems: tuple[RowProblem, ...] = ()


def load(session: Session, given: Input, options: Options, report: Report, *, now: datetime) -> Iterator[Progress]:
    """Load an input, yielding after each flushed batch; the caller commits there, except in a dry run.

    Raises LoadError where the input cannot be read to its end; then nothing has been written.
    """
    with Staging() as staging:
        for done in staging.fill(_identify(given, report)):
            yield Progress("read", done, None)
        run = _Run(session, given, options, report, staging, now)
        yield from run.land()
        yield from run.retire()
        run.finish()
        yield Progress("load", staging.total, staging.total, report.take_problems())


def _identify(given: Input, report: Report) -> Iterator[Draft]:
    source = given.source.name
    for n, row in enumerate(given.rows(report)):
        yield _draft(row, source, n)


def _draft(row: InputRow, source: str, n: int) -> Draft:
    """Give a row our id, and its links ours too; the publisher's own id is kept where it was another."""
    fields = row.fields
    for name, noun in LINKS.items():
        linked = fields.get(name)
        if linked:
            fields[name] = read_id(source, noun, str(linked))
    for name, said in (("link_id", "link_entity"), ("resource_id", "resource_type")):
        if linked := fields.get(name):
            fields[name] = read_id(source, str(fields.get(said, "")), str(linked))
    kept = is_uuid(row.original_id)
    original = fields.pop("original_id", None) if kept else row.original_id
    own = read_id(source, row.noun, row.original_id)
    return Draft(row.noun, own, original and str(original), fields, row.file, row.line, n, row.in_passing)


class _Run:
    """One load into one database; holds what every batch of it needs."""

    def __init__(
        self, session: Session, given: Input, options: Options, report: Report, staging: Staging, now: datetime
    ) -> None:
        self.session = session
        self.given = given
        self.options = options
        self.report = report
        self.staging = staging
        self.now = now
        self.source: Source | None = None
        self.run: LoadRun | None = None
        self.republish = False
        self.cursor = START
        self.kept = 0
        self.known: dict[str, int | None] = {}
        self.landed_sources: set[int | None] = set()
        self._begin()

    @property
    def source_id(self) -> int | None:
        return None if self.source is None else self.source.id

    def _begin(self) -> None:
        self.source = self._keep_source(self.given.source)
        if self.options.dry_run or self.source is None:
            return
        for facts in self.given.others if self.given.keeps_sources else ():
            self._source_of(facts)
        unfinished = select(LoadRun).where(LoadRun.source_id == self.source.id, LoadRun.finished_at.is_(None))
        last = self.session.scalar(unfinished.order_by(LoadRun.id.desc()).limit(1))
        # A replacing load must meet every row again: it retires what it has not met.
        resumes = last is not None and last.digest == self.given.digest and not self.options.replace
        if resumes and last is not None and last.cursor:
            self.run = last
            g, noun, row_id = json.loads(last.cursor)
            self.cursor = (g, noun, row_id)
            self.kept = self.session.scalar(
                select(func.count()).select_from(LoadProblem).where(LoadProblem.run_id == last.id)
            ) or 0  # fmt: skip
            self.report.resumed = True
            # What reading found was kept with the run's first batch.
            self.report.take_problems()
            return
        self.run = LoadRun(
            source_id=self.source.id, input=self.given.name, digest=self.given.digest, started_at=self.now
        )
        self.session.add(self.run)
        self.session.flush()

    def _keep_source(self, facts: SourceFacts) -> Source | None:
        """Find or make a source, and note what is newly said of it; a dry run only finds."""
        source = self.session.scalar(select(Source).where(Source.name == facts.name))
        if self.options.dry_run:
            return source
        if source is None:
            source = Source(name=facts.name)
            self.session.add(source)
        for name in ("title", "licence", "url", "published_at"):
            said = getattr(facts, name)
            if said is not None and getattr(source, name) != said:
                setattr(source, name, said)
                # Every document of the source says this.
                self.republish = True
        self.session.flush()
        return source

    def _source_of(self, facts: SourceFacts) -> int | None:
        if not self.given.keeps_sources or facts.name == self.given.source.name:
            return self.source_id
        if facts.name not in self.known:
            source = self._keep_source(facts)
            # A source that a dry run cannot make has no records yet; no id is like it.
            self.known[facts.name] = -len(self.known) - 1 if source is None else source.id
        return self.known[facts.name]

    def land(self) -> Iterator[Progress]:
        total = self.staging.total
        done = total - self.staging.count_after(self.cursor) if self.report.resumed else 0
        for batch, cursor in self.staging.batches(self.cursor):
            done += len(batch)
            self._land_batch(batch)
            problems = self.report.take_problems()
            self._save(cursor, problems)
            yield Progress("load", done, total, problems)

    def _land_batch(self, batch: list[Draft]) -> None:
        report, source = self.report, self.given.source.name
        drafts = [d for d in merge_copies(batch, report, source=source) if convert(d, report)]
        drafts = [d for d in mend_rows(drafts, report, source=source) if require(d, report)]
        drafts = check_links(drafts, report, find=self._find)
        _number(drafts)
        assign_sources(drafts, self.source_id, self._source_of)
        self.landed_sources |= {d.source_id for d in drafts if d.noun in ("organization", "service")}
        written = write_rows(self.session, drafts, report, dry_run=self.options.dry_run)
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
                self.session.scalars(select(target.c.id).where(target.c.id.in_(some), target.c.deleted_at.is_(None)))
            )
        return found | self.staging.landed(noun, ids) if self.options.dry_run else found

    def _publish(self, written: Written, drafts: list[Draft]) -> None:
        organizations = {d.id for d in drafts if d.noun == "organization"} if self.republish else set()
        if written.any:
            organizations |= affected_organizations(self.session, written, drafts)
            terms = changed_terms(self.session, written)
            old = {t for t in terms if t not in written.new["taxonomy_term"]}
            organizations |= organizations_using(self.session, terms=old) if old else set()
            if terms:
                self._count(publish_taxonomies(self.session, terms, now=self.now))
            if heads := written.ids("taxonomy"):
                self._count(publish_taxonomy_heads(self.session, heads, now=self.now))
        if organizations:
            self._count(publish_organizations(self.session, organizations, now=self.now))

    def _count(self, published: Published) -> None:
        self.report.documents += published.written
        self.report.tombstones += published.retired

    def _save(self, cursor: Cursor | None, problems: tuple[RowProblem, ...]) -> None:
        if self.run is None:
            return
        if cursor is not None:
            self.run.cursor = json.dumps(cursor)
        self.run.written = self.report.written
        self.run.refused += sum(p.refused for p in problems)
        self.run.doubted += sum(not p.refused for p in problems)
        keep = problems[: max(0, PROBLEMS_KEPT - self.kept)]
        self.kept += len(keep)
        if keep:
            self.session.execute(
                insert(LoadProblem),
                [
                    {"run_id": self.run.id, "file": p.file, "line": p.line, "column": p.column, "reason": p.reason,
                     "hint": p.hint, "refused": p.refused}
                    for p in keep
                ],
            )  # fmt: skip
        self.session.flush()

    def retire(self) -> Iterator[Progress]:
        """Retire what the input no longer has, where that was asked for, and the samples."""
        options, dry_run = self.options, self.options.dry_run
        if options.replace:
            for source_id in sorted({s for s in (*self.landed_sources, self.source_id) if s is not None and s > 0}):
                for done in retire_missing(
                    self.session, source_id, self.staging, self.report, confirm=options.confirm, now=self.now,
                    dry_run=dry_run,
                ):  # fmt: skip
                    yield Progress("retire", done, None)
        if not options.keep_samples and self.landed_sources:
            for done in retire_samples(
                self.session, self.landed_sources, self.report, now=self.now, dry_run=dry_run
            ):  # fmt: skip
                yield Progress("retire", done, None)

    def finish(self) -> None:
        """Mark the run as finished."""
        if self.run is None or self.source is None:
            return
        self._save(None, self.report.take_problems())
        self.run.finished_at = self.now
        self.source.loaded_at = self.now
        self.session.flush()


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
