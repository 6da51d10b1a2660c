"""Writers of one SQLite file take turns, fairly and with an end to every wait."""

import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from resource_api import sqlite
from resource_api import turn as turn_module
from resource_api.database import Database
from resource_api.errors import Busy
from resource_api.turn import WriterTurn


@pytest.fixture
def database(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'written.db'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE written (id INTEGER PRIMARY KEY, who TEXT)"))
        session.commit()
    yield database
    database.close()


def write(database: Database, who: str) -> None:
    with database.write() as session:
        session.execute(text("INSERT INTO written (who) VALUES (:who)"), {"who": who})
        session.commit()


def written(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(text("SELECT who FROM written ORDER BY id")))


def wait_until(is_so) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.002)


def waiting(database: Database) -> int:
    return len(WriterTurn.of(Path(str(database.url.database)))._waiting)


def test_threads_write_in_the_order_in_which_they_came(database: Database) -> None:
    with ThreadPoolExecutor(12) as pool, database.write() as session:
        session.execute(text("INSERT INTO written (who) VALUES ('first')"))
        for number in range(10):
            pool.submit(write, database, str(number))
            wait_until(lambda: waiting(database) == number + 1)  # noqa: B023 - asked at once
        session.commit()
    assert written(database) == ["first", *map(str, range(10))]


def test_a_turn_ends_with_its_transaction_and_not_with_its_session(database: Database) -> None:
    with ThreadPoolExecutor(1) as pool, database.write() as session:
        for end in (session.commit, session.rollback):
            session.execute(text("INSERT INTO written (who) VALUES ('here')"))
            end()
            pool.submit(write, database, "there").result(5)
    assert written(database) == ["here", "there", "there"]


def test_a_transaction_that_fails_gives_its_turn_away(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(OperationalError), database.write() as session:
            session.execute(text("INSERT INTO written (who) SELECT 'nobody' FROM nowhere"))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(write, database, "after").result(5)
    assert written(database) == ["after"]


def test_readers_wait_for_nobody(database: Database) -> None:
    with database.write() as session:
        session.execute(text("INSERT INTO written (who) VALUES ('unfinished')"))
        assert written(database) == []
        session.commit()


def test_a_thread_that_would_wait_for_itself_is_told_so_at_once(database: Database) -> None:
    other = Database(database.url.render_as_string(), mapped=False)
    with database.write() as session:
        session.execute(text("INSERT INTO written (who) VALUES ('first')"))
        for again in (database, other):
            with pytest.raises(RuntimeError, match="already"):
                write(again, "second")
        session.commit()
    write(other, "third")
    other.close()
    assert written(database) == ["first", "third"]


def test_a_wait_has_an_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WAIT_S", 0.05)
    with ThreadPoolExecutor(1) as pool, database.write() as session:
        session.execute(text("INSERT INTO written (who) VALUES ('slow')"))
        with pytest.raises(Busy, match=r"0\.05 s"):
            pool.submit(write, database, "impatient").result(5)
        assert waiting(database) == 0
        session.commit()
    write(database, "next")
    assert written(database) == ["slow", "next"]


def test_the_queue_has_an_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_module, "MOST_WAITING", 2)
    with ThreadPoolExecutor(3) as pool:
        with database.write() as session:
            session.execute(text("INSERT INTO written (who) VALUES ('first')"))
            patient = [pool.submit(write, database, "patient") for _ in range(2)]
            wait_until(lambda: waiting(database) == 2)
            began = time.monotonic()
            with pytest.raises(Busy, match="waiting already"):
                pool.submit(write, database, "one too many").result(5)
            assert time.monotonic() - began < 0.25
            session.commit()
        for one in patient:
            one.result(5)
    assert written(database) == ["first", "patient", "patient"]


def test_an_interrupted_wait_costs_nobody_a_turn() -> None:
    turn = WriterTurn()
    turn.take(1)

    class Interrupted(BaseException):
        pass

    class Interrupting:
        """A lock whose wait is broken off."""

        def acquire(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                raise Interrupted
            return True

    def wait() -> None:
        real, turn_module.threading.Lock = turn_module.threading.Lock, Interrupting
        try:
            turn.take(1)
        finally:
            turn_module.threading.Lock = real

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(Interrupted):
            pool.submit(wait).result(5)
        turn.give()
        pool.submit(turn.take, 0.1).result(5)


WRITER = """
import sys, time
from sqlalchemy import text
from resource_api.database import Database
database = Database(sys.argv[1], mapped=sys.argv[2] != "bulk")
with database.write() as session:
    session.execute(text("INSERT INTO written (who) VALUES ('other process')"))
    print("writing", flush=True)
    time.sleep(float(sys.argv[3]))
    session.commit()
"""


def other_process(database: Database, kind: str, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, database.url.render_as_string(), kind, str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate(timeout=10)


def test_processes_wait_for_each_other(database: Database) -> None:
    process = other_process(database, "web", 0.5)
    write(database, "here")
    assert written(database) == ["other process", "here"]
    assert process.wait(10) == 0
    end(process)


def test_a_killed_process_takes_its_turn_with_it(database: Database) -> None:
    process = other_process(database, "web", 60)
    end(process)
    write(database, "here")
    assert written(database) == ["here"]


def test_a_bulk_writer_holds_nobody_up_for_longer_than_sqlite_would(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WAIT_S", 0.3)
    impatient = Database(database.url.render_as_string())
    process = other_process(database, "bulk", 60)
    began = time.monotonic()
    with pytest.raises(Busy, match="Another process"):
        write(impatient, "here")
    assert time.monotonic() - began < 3
    end(process)
    write(impatient, "here")
    assert written(impatient) == ["here"]
    impatient.close()


def test_a_child_that_was_forked_takes_turns_of_its_own(database: Database) -> None:
    code = f"""
import os, sys, time
from sqlalchemy import text
from resource_api.database import Database
database = Database({database.url.render_as_string()!r})
def write(who, pause):
    with database.write() as session:
        session.execute(text("INSERT INTO written (who) VALUES (:who)"), {{"who": who}})
        time.sleep(pause)
        session.commit()
write("before", 0)
database.engine.dispose()
child = os.fork()
if child == 0:
    for _ in range(20): write("child", 0.005)
    os._exit(0)
for _ in range(20): write("parent", 0.005)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    rows = written(database)[1:]
    assert sorted(rows) == ["child"] * 20 + ["parent"] * 20
    changes = sum(a != b for a, b in itertools.pairwise(rows))
    assert changes > 20, rows  # they alternate once both are there


def test_no_writer_is_forgotten_when_many_write(database: Database) -> None:
    longest = [0.0]

    def go(who: str) -> None:
        for _ in range(20):
            began = time.monotonic()
            write(database, who)
            longest.append(time.monotonic() - began)

    threads = [threading.Thread(target=go, args=(str(n),)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written(database)) == 200
    assert max(longest) < 2


def test_a_database_in_memory_takes_turns_too() -> None:
    database = Database("sqlite://")
    with database.write() as session:
        session.execute(text("CREATE TABLE written (id INTEGER PRIMARY KEY, who TEXT)"))
        session.commit()
    write(database, "here")
    assert written(database) == ["here"]
    database.close()
