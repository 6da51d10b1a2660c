"""WHO BRINGS THE MESSAGES: it claims what is due, sends from threads, and settles what ended, in short transactions."""

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from secrets import token_hex
from time import monotonic, sleep

from sqlalchemy.orm import Session

from resource_api.access.token import CLOCKS_DIFFER
from resource_api.database import Database
from resource_api.delivery.claim import Errand, Permitted, claim_due, due_targets, recall_from_ahead
from resource_api.delivery.lanes import THREADS, Lanes
from resource_api.delivery.mail import read_smtp_url
from resource_api.delivery.send import Outcome, send
from resource_api.delivery.settle import settle
from resource_api.egress import Egress
from resource_api.privacy.keyring import Keyring
from resource_api.settings import Settings

# How often it is looked for something new, and how long ended attempts are gathered before they are settled together:
# between two of its short transactions, other writers have their turn.
POLL_S = 0.5
GATHER_S = 0.02
STOP_WITHIN_S = 20.0


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
        # None until the first turn: the clock may have been set back before this worker began.
        self.last_turn: datetime | None = None

    def turn(self) -> bool:
        """Settle what ended, and begin what is due. Tells whether anything is under way."""
        away = 0
        self._take_ended()
        self._watch_clock()
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

    def _watch_clock(self) -> None:
        """Where the clock was set back, let nothing wait until it is again as late as it was."""
        now = self.clock()
        if self.last_turn is None or now < self.last_turn - CLOCKS_DIFFER:
            with self.database.write() as session:
                recall_from_ahead(session, now=now)
                session.commit()
        self.last_turn = now

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
