"""WHO KEEPS ELASTICSEARCH IN STEP: it drains the log, builds indexes anew, compares and repairs.

Each step reads, then speaks to Elasticsearch, then writes, in short transactions of its own: nobody who writes to the
directory ever waits for a search server.
"""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from time import monotonic, sleep

from resource_api.database import Database
from resource_api.delivery.job import end_turn, take_turn
from resource_api.errors import Busy, IndexAway
from resource_api.search.elasticsearch_index import Access, Cluster
from resource_api.search.mirror import Batch, Operation, Sent, note_faults, read_batch, read_operations, send, settle
from resource_api.search.mirror_build import (
    begin_build,
    drop_old,
    end_build,
    find_left,
    find_live,
    find_next,
    make_live,
    note_build,
    open_next,
    read_build,
    read_services,
)
from resource_api.search.mirror_check import MirrorDifference, compare_mirror, look_again
from resource_api.search.tables import MirrorBuild
from resource_api.settings import Settings

Show = Callable[[int], None]

BUILDING = "mirror-build"
TURN = timedelta(minutes=5)
# How long it is left alone that could not take a change: at first, and at most.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
PATIENCE_S = 60.0
AT_A_TIME = 500
# How often a new index is compared and mended before it answers; what is still wrong then, the next check mends.
MENDED = 3


def _show_nobody(_done: int) -> None:
    return


def now_utc() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


class Indexer:
    """Keeps the indexes of one cluster in step with one database."""

    @classmethod
    def of(cls, database: Database, settings: Settings) -> "Indexer":
        """Make one for the Elasticsearch that the settings name."""
        return cls(database, Cluster(Access.of(settings)))

    def __init__(self, database: Database, cluster: Cluster) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self.database, self.cluster = database, cluster
        self._pause_s, self._not_before = FIRST_PAUSE_S, 0.0

    def follow(self) -> int:
        """Bring the mirror up to the log, making sure that there is one; get how many services were sent.

        Where it could not take them, nothing is tried for a while.
        """
        if monotonic() < self._not_before:
            return 0
        try:
            self.find_again()
            sent = self.sync()
        except IndexAway:
            self._not_before = monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            raise
        self._pause_s = FIRST_PAUSE_S
        return sent

    def sync(self) -> int:
        """Send every logged change; raises IndexAway where some could not be taken now: they stay in the log."""
        total = 0
        while True:
            with self.database.read() as session:
                batch = read_batch(session)
            if not batch.change_ids:
                return total
            sent = send(self.cluster, self._targets(), batch.operations)
            self._settle(batch, sent)
            total += len(sent.done)
            if sent.again:
                raise IndexAway(f"Elasticsearch takes {len(sent.again)} services not now")

    def find_again(self) -> None:
        """Where no index answers, let the one answer that did before, and compare it; or build one."""
        if find_live(self.cluster) is not None:
            return
        left = find_left(self.cluster)
        if left is None:
            self.rebuild()
            return
        make_live(self.cluster, left, now=now_utc())
        self.reconcile()

    def rebuild(self, show: Show = _show_nobody) -> int:
        """Build a new index beside the one that answers, and let it answer when it agrees with the database.

        Goes on where a rebuild before it was cut off. Raises Busy where somebody else is building one.
        """
        self._take_turn()
        try:
            build = self._begin_build()
            done = build.done
            for services in self._send_all(build.last_service):
                done += len(services)
                with self.database.write() as session:
                    note_build(session, build.index_name, services[-1], done)
                    session.commit()
                self._take_turn()
                show(done)
            self._finish(build.index_name)
        finally:
            self._end_turn()
        return done

    def compare(self, show: Show = _show_nobody, *, alias: str | None = None) -> MirrorDifference:
        """Compare what answers with the database."""
        difference = MirrorDifference()
        for done, found in compare_mirror(self.database, self.cluster, alias or self.cluster.alias):
            difference = found
            show(done)
        return difference

    def repair(self, difference: MirrorDifference, show: Show = _show_nobody) -> None:
        """Make what answers agree with the database where it differs: by sending, or by an index built anew."""
        if not difference.services:
            return
        if not difference.ahead:
            self._mend(self.cluster.alias, difference.services)
            left = MirrorDifference()
            for start in range(0, len(difference.services), AT_A_TIME):
                some = difference.services[start : start + AT_A_TIME]
                look_again(self.database, self.cluster, self.cluster.alias, some, left)
            if not left.services:
                return
        # It remembers what the database does not, be it a deletion: only an index that remembers nothing can follow.
        self.rebuild(show)

    def reconcile(self) -> int:
        """Compare and repair what answers, drop what has not answered for a day; get how much differed."""
        if find_live(self.cluster) is None:
            self.find_again()
        difference = self.compare()
        self.repair(difference)
        drop_old(self.cluster, now=now_utc())
        return len(difference.services)

    def _targets(self) -> list[str]:
        """List the aliases that changes are sent to: what answers, and what is being built."""
        pairs = ((self.cluster.alias, find_live), (self.cluster.next_alias, find_next))
        targets = [alias for alias, find in pairs if find(self.cluster) is not None]
        if not targets:
            raise IndexAway("There is no index yet")
        return targets

    def _begin_build(self) -> MirrorBuild:
        building = find_next(self.cluster)
        with self.database.read() as session:
            build = read_build(session)
        if build is not None and build.index_name == building:
            return build
        name = open_next(self.cluster)
        with self.database.write() as session:
            begun = begin_build(session, name, now=now_utc())
            session.commit()
        return begun

    def _finish(self, name: str) -> None:
        self.sync()
        for _ in range(MENDED):
            difference = self.compare(alias=self.cluster.next_alias)
            if not difference.services:
                break
            self._mend(self.cluster.next_alias, difference.services)
        make_live(self.cluster, name, now=now_utc())
        with self.database.write() as session:
            end_build(session)
            session.commit()

    def _send_all(self, last: str) -> Iterator[list[str]]:
        """Send every service after one to the index that is being built, yielding those that have been taken.

        The next ones are made while Elasticsearch takes these.
        """
        sent: list[str] = []
        with ThreadPoolExecutor(1) as pool:
            sending: Future[None] | None = None
            while True:
                with self.database.read() as session:
                    services = read_services(session, last)
                    operations = read_operations(session, services)
                if sending is not None:
                    sending.result()
                    sending = None
                    yield sent
                if not services:
                    return
                sending = pool.submit(self._send_patiently, [self.cluster.next_alias], operations)
                sent, last = services, services[-1]

    def _mend(self, alias: str, services: Sequence[str]) -> None:
        for start in range(0, len(services), AT_A_TIME):
            with self.database.read() as session:
                operations = read_operations(session, list(services[start : start + AT_A_TIME]))
            self._send_patiently([alias], operations)

    def _send_patiently(self, aliases: list[str], operations: list[Operation]) -> None:
        """Send operations, again and again where they cannot be taken now, for a minute."""
        until, pause = monotonic() + PATIENCE_S, FIRST_PAUSE_S
        waiting = operations
        while True:
            try:
                sent = send(self.cluster, aliases, waiting)
            except IndexAway:
                if monotonic() + pause > until:
                    raise
            else:
                if sent.refused or sent.done:
                    self._note(waiting, sent)
                waiting = [operation for operation in waiting if operation.service_id in sent.again]
                if not waiting:
                    return
                if monotonic() + pause > until:
                    raise IndexAway(f"Elasticsearch takes {len(waiting)} services not now")
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _settle(self, batch: Batch, sent: Sent) -> None:
        with self.database.write() as session:
            settle(session, batch, sent, now=now_utc())
            session.commit()

    def _note(self, operations: list[Operation], sent: Sent) -> None:
        with self.database.write() as session:
            note_faults(session, operations, sent, now=now_utc())
            session.commit()

    def _take_turn(self) -> None:
        with self.database.write() as session:
            own = take_turn(session, BUILDING, self.name, every=timedelta(0), lease=TURN, now=now_utc())
            session.commit()
        if not own:
            raise Busy("Another process is building the index", hint="wait until it has ended")

    def _end_turn(self) -> None:
        with self.database.write() as session:
            end_turn(session, BUILDING, self.name, now=now_utc())
            session.commit()
