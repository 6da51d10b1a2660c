"""HOW FAR A LOAD HAS COME, and what it found wrong: what a killed load resumes from, and what is shown of it later."""

from datetime import datetime

from sqlalchemy import ForeignKey, false, text
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base


class LoadRun(Base):
    """One load of one input; `digest` knows the input again, `cursor` is the last batch that was committed.

    `republishes` where it renders every document anew, because something new is said of its source.
    """

    __tablename__ = "load_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    input: Mapped[str]
    digest: Mapped[str]
    cursor: Mapped[str | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    republishes: Mapped[bool] = mapped_column(default=False, server_default=false())
    written: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    refused: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    doubted: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class LoadProblem(Base):
    """One problem of one row; the first ten thousand of a run are kept, the rest only counted."""

    __tablename__ = "load_problem"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.id"), index=True)
    file: Mapped[str]
    line: Mapped[int]
    column: Mapped[str]
    reason: Mapped[str]
    hint: Mapped[str]
    refused: Mapped[bool]
