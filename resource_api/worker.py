"""WHAT GOES ON BY ITSELF: one process that delivers, reminds, seals the audit, and forgets what has expired.

Each job is one function. Deliveries are leased one by one, so that several workers share them; every other job has one
lock, a row that says whose turn it is until when. Whoever is killed in the middle is followed by another.
"""

import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Event, Thread
from time import monotonic, sleep

from sqlalchemy.orm import Session

from resource_api.access.forget import forget_expired
from resource_api.database import Database
from resource_api.delivery.claim import Errand, Permitted, claim_due, due_targets
from resource_api.delivery.job import end_turn, take_turn
from resource_api.delivery.lanes import THREADS, Lanes
from resource_api.delivery.mail import read_smtp_url
from resource_api.delivery.send import Outcome, send
from resource_api.delivery.settle import settle
from resource_api.directory.availability import end_availability
from resource_api.egress import Egress
from resource_api.logs import log_fault, log_work
from resource_api.privacy.chain import checkpoint, seal
from resource_api.privacy.checkpoint import FILE_NAME, keep_checkpoint
from resource_api.privacy.keyring import Keyring, load_keyring
from resource_api.referrals.clock import remind_overdue
from resource_api.referrals.pool import offer_again
from resource_api.referrals.replay import forget_answers
from resource_api.referrals.retention import shred_expired
from resource_api.referrals.visible import TOLD_THOUGH_WITHHELD, may_be_told
from resource_api.settings import Settings
from resource_api.wiring import attach_index

# How often it is looked for something new, and how long ended attempts are gathered before they are settled together:
# between two of its short transactions, other writers have their turn.
POLL_S = 0.5
GATHER_S = 0.02
AFTER_A_FAULT_S = 1.0
STOP_WITHIN_S = 20.0
# How long a job is one worker's before another may take it over.
TURN = timedelta(minutes=5)
AT_A_TIME = 500


def now_utc() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


class Postman:
    """Delivers what is due: settles what ended and claims what is next in one short transaction, sends from threads."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: Settings,
        permitted: Permitted,
        *,
        egress: Egress | None = None,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self.database, self.keyring, self.settings, self.permitted = database, keyring, settings, permitted
        self.clock = clock
        self.egress = egress or Egress.of(settings)
        mail = settings.smtp_url
        self.mail_server = read_smtp_url(mail, public_url=settings.public_url) if mail else None
        self.lanes = Lanes()
        self.threads = ThreadPoolExecutor(THREADS, "deliver")
        self.ended: SimpleQueue[tuple[Outcome, float]] = SimpleQueue()
        self.unsettled: list[Outcome] = []

    def turn(self) -> bool:
        """Settle what ended, and begin what is due. Tells whether anything is under way."""
        away = 0
        self._take_ended()
        with self.database.read() as session:
            room = self.lanes.give(due_targets(session, now=self.clock()), at=monotonic())
        if room or self.unsettled:
            with self.database.write() as session:
                settle(session, self.name, self.unsettled)
                errands, away = self._claim(session, room)
                session.commit()
            self.unsettled = []
            for errand in errands:
                self.lanes.begin(errand.attempt, errand.target, at=monotonic())
                self.threads.submit(self._attempt, errand)
        return away > 0 or self.lanes.in_flight > 0

    def wait(self, seconds: float) -> None:
        """Wait for an attempt to end, and a moment more for others; or until the time is up."""
        try:
            ended = self.ended.get(timeout=seconds)
        except Empty:
            return
        sleep(GATHER_S)
        self._note(*ended)

    def deliver_all(self) -> None:
        """Deliver until nothing is due and nothing under way."""
        while self.turn():
            self.wait(POLL_S if self.lanes.in_flight else 0.0)

    def close(self) -> None:
        """Give what is under way a while to end, and settle it; what does not end is due again when its lease is."""
        until = monotonic() + STOP_WITHIN_S
        while self.lanes.in_flight and monotonic() < until:
            self.wait(POLL_S)
            self._take_ended()
        if self.unsettled:
            with self.database.write() as session:
                settle(session, self.name, self.unsettled)
                session.commit()
            self.unsettled = []
        self.threads.shutdown(wait=False, cancel_futures=True)

    def _claim(self, session: Session, room: dict[str, int]) -> tuple[list[Errand], int]:
        return claim_due(
            session, self.keyring, self.permitted, room,
            worker=self.name, public_url=self.settings.public_url, now=self.clock(),
        )  # fmt: skip

    def _attempt(self, errand: Errand) -> None:
        self.ended.put((send(errand, self.egress, self.mail_server, self.clock), monotonic()))

    def _take_ended(self) -> None:
        while not self.ended.empty():
            self._note(*self.ended.get())

    def _note(self, outcome: Outcome, at: float) -> None:
        self.lanes.end(outcome.errand.attempt, at=at, failed=outcome.end == "failed")
        self.unsettled.append(outcome)


@dataclass(frozen=True, slots=True)
class Work:
    """What a job works with."""

    settings: Settings
    database: Database
    keyring: Keyring
    now: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A job done every so often, by one worker at a time; `do` tells how much it did."""

    name: str
    every: timedelta
    do: Callable[[Work], int]


def permitted(session: Session, referral_id: str, organization_id: str, type: str) -> str | None:
    """Tell why an organization may not be told of an event now; None: it may. That its part is over, it always may."""
    reason = may_be_told(session, referral_id, organization_id, now=now_utc())
    return None if reason == "consent-over" and type in TOLD_THOUGH_WITHHELD else reason


def remind(work: Work) -> int:
    """Remind recipients of the referrals that they have not answered in time."""
    return _commit_each(work, lambda session: remind_overdue(session, work.now))


def seal_audit(work: Work) -> int:
    """Chain the audit's new rows."""
    sealed = 0
    with work.database.write() as session:
        while new := seal(session, work.keyring, now=work.now, limit=AT_A_TIME):
            session.commit()
            sealed += new
    return sealed


def sign_audit(work: Work) -> int:
    """Sign how long the audit's chain is now, and keep that outside the database too."""
    with work.database.write() as session:
        made = checkpoint(session, work.keyring, now=work.now)
        session.commit()
    if made is None:
        return 0
    keep_checkpoint(work.settings.instance / FILE_NAME, made)
    return 1


def forget(work: Work) -> int:
    """Forget what has expired: tokens, assertions, rates, and answers kept for replay."""
    with work.database.write() as session:
        forgotten = forget_expired(session, work.now) + forget_answers(session, now=work.now)
        session.commit()
    return forgotten


def shred(work: Work) -> int:
    """Shred the referrals whose organizations keep them no longer."""
    return _commit_each(work, lambda session: shred_expired(session, work.now))


def offer_pool(work: Work) -> int:
    """Offer what waits in the pool to the services that reach it by now."""
    return _commit_each(work, lambda session: offer_again(session, work.keyring, work.now))


def end_availabilities(work: Work) -> int:
    """Make unknown again whether services take people, where that was said until now."""
    return _commit_each(work, lambda session: end_availability(session, now=work.now))


JOBS = (
    Job("remind", timedelta(minutes=1), remind),
    Job("seal", timedelta(seconds=2), seal_audit),
    Job("sign", timedelta(minutes=5), sign_audit),
    Job("availability", timedelta(minutes=1), end_availabilities),
    Job("offer", timedelta(hours=1), offer_pool),
    Job("forget", timedelta(minutes=10), forget),
    Job("shred", timedelta(hours=1), shred),
)


def run_worker(settings: Settings, *, once: bool = False, stop: Event | None = None) -> None:
    """Do every job until `stop` is set; or with `once`, what there is to do now."""
    stop = stop or Event()
    database, keyring = Database(settings.database_url), load_keyring(settings)
    attach_index(database)
    postman = Postman(database, keyring, settings, permitted)
    for exempt in settings.egress_allow:
        log_work("egress_allow", level=settings.log_level, entry=exempt)
    try:
        if once:
            for job in JOBS:
                do_job(job, Work(settings, database, keyring, now_utc()), postman.name, every=timedelta(0))
            postman.deliver_all()
            return
        others = [Thread(target=_repeat, args=(job, postman, stop), name=job.name) for job in JOBS]
        for thread in others:
            thread.start()
        _deliver(postman, stop)
        for thread in others:
            thread.join()
    finally:
        postman.close()
        database.close()


def do_job(job: Job, work: Work, worker: str, *, every: timedelta | None = None) -> int:
    """Do a job if it is this worker's turn; get how much was done."""
    with work.database.write() as session:
        own = take_turn(
            session, job.name, worker, every=job.every if every is None else every, lease=TURN, now=work.now
        )
        session.commit()
    if not own:
        return 0
    done = job.do(work)
    with work.database.write() as session:
        end_turn(session, job.name, worker, now=work.now)
        session.commit()
    return done


def _deliver(postman: Postman, stop: Event) -> None:
    while not stop.is_set():
        try:
            postman.turn()
            postman.wait(POLL_S)
        except Exception as error:
            log_fault(error, route="worker/deliver", request_id=postman.name, level=postman.settings.log_level)
            stop.wait(AFTER_A_FAULT_S)


def _repeat(job: Job, postman: Postman, stop: Event) -> None:
    level = postman.settings.log_level
    while not stop.wait(job.every.total_seconds()):
        try:
            done = do_job(job, Work(postman.settings, postman.database, postman.keyring, now_utc()), postman.name)
            if done and job.every >= timedelta(minutes=1):
                log_work(job.name, level=level, done=done)
        except Exception as error:
            log_fault(error, route=f"worker/{job.name}", request_id=postman.name, level=level)


def _commit_each(work: Work, batches: Callable[[Session], Iterable[int]]) -> int:
    done = 0
    with work.database.write() as session:
        for done in batches(session):  # noqa: B007 - the last count is told
            session.commit()
    return done
