"""HOW FAR A LOAD HAS COME, kept in the database: its source, its cursor, and what it found wrong."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from resource_api.directory.load.open_input import Input
from resource_api.directory.load.record_sources import SourceFacts
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.retire import RetirePlan
from resource_api.directory.load.staging import START, Cursor
from resource_api.directory.record import Source
from resource_api.directory.tables import LoadProblem, LoadRun

PROBLEMS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """How to load: `confirm` is asked before `replace` retires much, and answers whether to go on."""

    dry_run: bool = False
    replace: bool = False
    keep_samples: bool = False
    confirm: Callable[[RetirePlan], bool] = lambda plan: False


class RunRecord:
    """The record of one load; a dry run reads what is there and keeps nothing."""

    def __init__(self, session: Session, given: Input, options: Options, report: Report, now: datetime) -> None:
        self.session = session
        self.given = given
        self.options = options
        self.report = report
        self.now = now
        self.run: LoadRun | None = None
        self.cursor: Cursor = START
        self.recalled: tuple[RowProblem, ...] = ()
        self._kept = 0
        self._news = False
        self._known: dict[SourceFacts, int | None] = {}
        self.source = self._keep_source(given.source)
        if self.source is not None and not options.dry_run:
            for facts in given.others if given.keeps_sources else ():
                self.source_of(facts)
            self._begin(self.source)

    @property
    def source_id(self) -> int | None:
        """Get the source of records that name no other."""
        return None if self.source is None else self.source.id

    @property
    def republishes(self) -> bool:
        """Tell whether every document has to be rendered anew, because it says something new of its source."""
        return self.run is not None and self.run.republishes

    def source_of(self, facts: SourceFacts) -> int | None:
        """Get the source that a record names, made where it is new."""
        if not self.given.keeps_sources or facts.name == self.given.source.name:
            return self.source_id
        if facts not in self._known:
            source = self._keep_source(facts)
            # A source that a dry run cannot make has no records yet; no id is like it.
            self._known[facts] = -len(self._known) - 1 if source is None else source.id
        return self._known[facts]

    def save(self, cursor: Cursor | None, problems: tuple[RowProblem, ...]) -> None:
        """Save how far the load is, with what it found wrong since the last time."""
        if self.run is None:
            return
        if cursor is not None:
            self.run.cursor = json.dumps(cursor)
        self.run.republishes = self.run.republishes or self._news
        self.run.written = self.report.written
        self.run.refused = self.report.refused
        self.run.doubted = self.report.doubted
        keep = problems[: max(0, PROBLEMS_KEPT - self._kept)]
        self._kept += len(keep)
        if keep:
            rows = [
                {"run_id": self.run.id, "file": p.file, "line": p.line, "column": p.column, "reason": p.reason,
                 "hint": p.hint, "refused": p.refused}
                for p in keep
            ]  # fmt: skip
            self.session.execute(insert(LoadProblem), rows)
        self.session.flush()

    def finish(self, now: datetime) -> None:
        """Mark the load as finished now."""
        if self.run is None or self.source is None:
            return
        self.run.finished_at = self.source.loaded_at = now
        self.session.flush()

    def _begin(self, source: Source) -> None:
        latest = select(LoadRun).where(LoadRun.source_id == source.id).order_by(LoadRun.id.desc()).limit(1)
        last = self.session.scalar(latest)
        if last is not None and last.finished_at is not None:
            # What was stopped before that has been overtaken: its cursor says nothing any more.
            last = None
        # A replacing load must meet every row again: it retires what it has not met.
        if last is not None and last.cursor and last.digest == self.given.digest and not self.options.replace:
            self._resume(last, last.cursor)
            return
        self.run = LoadRun(
            source_id=source.id,
            input=self.given.name,
            digest=self.given.digest,
            started_at=self.now,
            republishes=self._news,
        )
        self.session.add(self.run)
        self.session.flush()

    def _resume(self, run: LoadRun, cursor: str) -> None:
        """Go on with an earlier load of this input, and with what it had found wrong."""
        self.run = run
        g, noun, row_id = json.loads(cursor)
        self.cursor = (g, noun, row_id)
        self.report.resumed = True
        rows = self.session.scalars(select(LoadProblem).where(LoadProblem.run_id == run.id).order_by(LoadProblem.id))
        # What reading finds was kept with the first batch, and is among them.
        self.report.replace_problems(RowProblem(p.file, p.line, p.column, p.reason, p.hint, p.refused) for p in rows)
        self.recalled = self.report.take_problems()
        self._kept = len(self.recalled)

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
                self._news = True
        self.session.flush()
        return source
