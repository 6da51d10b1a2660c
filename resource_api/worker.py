"""WHAT GOES ON BY ITSELF: a process that delivers, reminds, seals the audit, forgets, keeps Elasticsearch in step.

Each job is one function. Deliveries are leased one by one, so that several workers share them; every other job has one
lock, a row that says whose turn it is until when. Whoever is killed in the middle is followed by another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from resource_api.access.forget import forget_expired
from resource_api.database import Database
from resource_api.delivery.job import end_turn, take_turn
from resource_api.directory.availability import end_availability
from resource_api.errors import Busy, IndexAway
from resource_api.logs import log_fault, log_warning, log_work
from resource_api.postman import POLL_S, Postman, now_utc
from resource_api.privacy.chain import checkpoint, seal
from resource_api.privacy.checkpoint import FILE_NAME, keep_checkpoint
from resource_api.privacy.keyring import Keyring, load_keyring
from resource_api.referrals.clock import remind_overdue
from resource_api.referrals.pool import offer_again
from resource_api.referrals.replay import forget_answers
from resource_api.referrals.retention import shred_expired
from resource_api.referrals.visible import TOLD_THOUGH_WITHHELD, may_be_told
from resource_api.settings import Settings
from resource_api.wiring import attach_index, make_indexer

if TYPE_CHECKING:
    from resource_api.indexer import Indexer

AFTER_A_FAULT_S = 1.0
# How long a job is one worker's before another may take it over; the audit is not left unsealed for a minute.
TURN = timedelta(minutes=5)
SEALERS_TURN = timedelta(seconds=20)
AT_A_TIME = 500
# How often it is looked, at the least, whether a job is due.
LOOK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Work:
    """What a job works with."""

    settings: Settings
    database: Database
    keyring: Keyring
    now: datetime
    indexer: "Indexer | None" = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job done every so often, by one worker at a time; `do` tells how much it did."""

    name: str
    every: timedelta
    do: Callable[[Work], int]
    turn: timedelta = TURN


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


def follow_mirror(work: Work) -> int:
    """Tell Elasticsearch what has changed; where it is away, that waits."""
    if work.indexer is None:
        return 0
    try:
        return work.indexer.follow()
    except (IndexAway, Busy) as error:
        log_warning("mirror_waits", level=work.settings.log_level, error=type(error).__name__)
        return 0


def reconcile_mirror(work: Work) -> int:
    """Compare what Elasticsearch holds with the documents, and repair it."""
    if work.indexer is None:
        return 0
    try:
        return work.indexer.reconcile()
    except Busy:  # somebody builds an index, and compares it himself
        return 0


JOBS = (
    Job("remind", timedelta(minutes=1), remind),
    Job("seal", timedelta(seconds=2), seal_audit, SEALERS_TURN),
    Job("sign", timedelta(minutes=5), sign_audit),
    Job("availability", timedelta(minutes=1), end_availabilities),
    Job("offer", timedelta(hours=1), offer_pool),
    Job("forget", timedelta(minutes=10), forget),
    Job("shred", timedelta(hours=1), shred),
)
# Where the settings name an Elasticsearch. Whoever dies while following is followed soon: searches wait for it.
MIRROR_JOBS = (
    Job("mirror", timedelta(seconds=1), follow_mirror, SEALERS_TURN),
    Job("reconcile", timedelta(hours=1), reconcile_mirror),
)


def run_worker(settings: Settings, *, once: bool = False, stop: Event | None = None) -> None:
    """Do every job until `stop` is set; or with `once`, what there is to do now."""
    stop = stop or Event()
    database, keyring = Database(settings.database_url), load_keyring(settings)
    attach_index(database, settings)
    indexer = make_indexer(database, settings)
    jobs = (*JOBS, *MIRROR_JOBS) if indexer else JOBS
    postman = Postman(database, keyring, settings, permitted)
    for exempt in settings.egress_allow:
        log_work("egress_allow", level=settings.log_level, entry=exempt)
    try:
        if once:
            for job in jobs:
                try:
                    do_job(job, Work(settings, database, keyring, now_utc(), indexer), postman.name, every=timedelta(0))
                except IndexAway as error:
                    # Searches have the database, and what was not told waits: no reason not to do the rest.
                    log_warning("mirror_waits", level=settings.log_level, error=type(error).__name__)
            postman.deliver_all()
            return
        others = [Thread(target=_repeat, args=(job, postman, indexer, stop), name=job.name) for job in jobs]
        for thread in others:
            thread.start()
        _deliver(postman, stop)
        for thread in others:
            thread.join()
    finally:
        postman.close()
        if indexer is not None:
            indexer.cluster.close()
        database.close()


def do_job(job: Job, work: Work, worker: str, *, every: timedelta | None = None) -> int:
    """Do a job if it is this worker's turn; get how much was done."""
    with work.database.write() as session:
        own = take_turn(
            session, job.name, worker, every=job.every if every is None else every, lease=job.turn, now=work.now
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


def _repeat(job: Job, postman: Postman, indexer: "Indexer | None", stop: Event) -> None:
    level = postman.settings.log_level
    # A worker that has just begun need not wait an hour for what is due.
    while not stop.wait(min(job.every, LOOK).total_seconds()):
        try:
            work = Work(postman.settings, postman.database, postman.keyring, now_utc(), indexer)
            done = do_job(job, work, postman.name)
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
