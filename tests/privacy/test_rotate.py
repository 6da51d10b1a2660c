"""A key is changed while everything goes on, and whoever stops it in the middle starts it again."""

import base64
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import LargeBinary

from resource_api.cli import main
from resource_api.database import Base, Database
from resource_api.errors import Unreadable
from resource_api.privacy.check import MOST_NAMED, find_unreadable
from resource_api.privacy.keyring import Keyring
from resource_api.privacy.rotate import count_to_reseal, reseal
from resource_api.privacy.sealed import AT_A_TIME, BY_DATA_KEYS, BY_RECORD_KEYS, PLAIN_BYTES
from tests.privacy.conftest import KEYS, NOW, SECRET
from tests.privacy.sealed_rows import write_sealed_rows

NEW_ONLY = Keyring(SECRET, {"new": KEYS["new"]})


def encoded(*ids: str) -> str:
    return ",".join(f"{id}:{base64.b64encode(KEYS[id]).decode()}" for id in ids)


def unreadable(database: Database, keyring: Keyring) -> list[str]:
    with database.read() as session:
        return [breach.what for breach in find_unreadable(session, keyring, NOW)]


def to_reseal(database: Database, keyring: Keyring) -> int:
    with database.read() as session:
        return count_to_reseal(session, keyring)


def fill(database: Database, keyring: Keyring, count: int) -> None:
    with database.write() as session:
        write_sealed_rows(session, keyring, count)
        session.commit()


def rotate(database: Database, keyring: Keyring) -> list[int]:
    counts = []
    with database.write() as session:
        for done in reseal(session, keyring):
            session.commit()
            counts.append(done)
    return counts


def test_every_column_of_bytes_is_either_sealed_or_known_to_be_plain() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not table.name.startswith(("document", "search", "change"))
    }
    sealed = {f"{one.table}.{one.column}" for one in (*BY_DATA_KEYS, *BY_RECORD_KEYS)}
    assert found == sealed | PLAIN_BYTES


def test_after_a_rotation_the_old_key_is_needed_no_longer(
    database: Database, keyring: Keyring, old_keyring: Keyring
) -> None:
    fill(database, old_keyring, 3)
    assert unreadable(database, keyring) == []
    assert to_reseal(database, keyring) == 12
    assert rotate(database, keyring)[-1] == 12
    assert to_reseal(database, keyring) == 0
    assert unreadable(database, NEW_ONLY) == []


def test_a_rotation_goes_in_batches_and_a_second_one_finds_nothing(
    database: Database, keyring: Keyring, old_keyring: Keyring
) -> None:
    fill(database, old_keyring, AT_A_TIME + 1)
    counts = rotate(database, keyring)
    assert counts == sorted(counts)
    assert len(counts) == 2 * len(BY_DATA_KEYS)
    assert counts[-1] == (AT_A_TIME + 1) * len(BY_DATA_KEYS)
    assert rotate(database, keyring) == []


def test_a_rotation_that_stopped_in_the_middle_is_taken_up(
    database: Database, keyring: Keyring, old_keyring: Keyring
) -> None:
    fill(database, old_keyring, AT_A_TIME + 1)
    with database.write() as session:
        going = reseal(session, keyring)
        assert next(going) == AT_A_TIME
        session.commit()
        next(going)  # and this batch is lost
    assert unreadable(database, keyring) == []
    left = to_reseal(database, keyring)
    assert left == (AT_A_TIME + 1) * len(BY_DATA_KEYS) - AT_A_TIME
    assert rotate(database, keyring)[-1] == left
    assert unreadable(database, NEW_ONLY) == []


def test_what_cannot_be_opened_is_left_as_it_is_and_told_at_the_end(
    database: Database, keyring: Keyring, old_keyring: Keyring, tamper
) -> None:
    fill(database, old_keyring, 3)
    tamper("UPDATE endpoint SET secret = x'00' WHERE id = 'e-000001'")
    with pytest.raises(Unreadable, match="1 values"):
        rotate(database, keyring)
    assert len(unreadable(database, NEW_ONLY)) == 1
    with database.read() as session:
        raw = session.connection().exec_driver_sql("SELECT secret FROM endpoint WHERE id = 'e-000001'").scalar()
    assert raw == b"\x00"


def row_number(table: str, number: int) -> str:
    """The clause on one of the rows that were written."""
    return f"key_hash = 'k-{number - 1:06}'" if table == "replay" else f"rowid = {number}"


SEALED = [*BY_DATA_KEYS, *BY_RECORD_KEYS]


@pytest.mark.parametrize("sealed", SEALED, ids=lambda one: f"{one.table}.{one.column}")
def test_two_rows_that_swapped_a_value_are_both_found(database: Database, keyring: Keyring, tamper, sealed) -> None:
    fill(database, keyring, 3)
    assert unreadable(database, keyring) == []
    column, table = sealed.column, sealed.table
    one, other = row_number(table, 1), row_number(table, 2)
    tamper(
        f"CREATE TEMP TABLE kept AS SELECT {column} AS v FROM {table} WHERE {one}",
        f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE {other}) WHERE {one}",
        f"UPDATE {table} SET {column} = (SELECT v FROM kept) WHERE {other}",
    )
    found = unreadable(database, keyring)
    assert len([breach for breach in found if breach.startswith(f"{table}.{column} of ")]) == 2


@pytest.mark.parametrize("sealed", SEALED, ids=lambda one: f"{one.table}.{one.column}")
def test_a_flipped_bit_is_found(database: Database, keyring: Keyring, sealed) -> None:
    fill(database, keyring, 2)
    with database.write() as session:
        raw = session.connection()
        second = row_number(sealed.table, 2)
        value = raw.exec_driver_sql(f"SELECT {sealed.column} FROM {sealed.table} WHERE {second}").scalar()
        flipped = bytes([*value[:-1], value[-1] ^ 1])
        raw.exec_driver_sql(f"UPDATE {sealed.table} SET {sealed.column} = ? WHERE {second}", (flipped,))
        session.commit()
    assert any(breach.startswith(f"{sealed.table}.{sealed.column} of ") for breach in unreadable(database, keyring))


def test_values_of_a_shredded_referral_must_be_gone_too(database: Database, keyring: Keyring, tamper) -> None:
    fill(database, keyring, 2)
    tamper("UPDATE referral SET data_key = NULL WHERE id = 'r-000001'")
    found = unreadable(database, keyring)
    assert len(found) == len(BY_RECORD_KEYS)
    assert all("key was shredded" in breach for breach in found)


def test_a_lost_key_is_named_and_does_not_fill_the_screen(database: Database, old_keyring: Keyring) -> None:
    fill(database, old_keyring, MOST_NAMED + 5)
    found = unreadable(database, NEW_ONLY)
    assert any("sealed by the key 'old', which DATA_KEYS does not have" in breach for breach in found)
    assert any("referral.data_key: 5 more" in breach for breach in found)
    assert len(found) == (MOST_NAMED + 1) * len(SEALED)


@pytest.fixture
def environment(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    given = {
        "DATABASE_URL": database.url.render_as_string(),
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "SECRET_KEY": SECRET,
        "DATA_KEYS": encoded("new", "old"),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return os.environ | given


def test_the_command_seals_everything_anew(
    database: Database, old_keyring: Keyring, environment: dict[str, str]
) -> None:
    fill(database, old_keyring, 2)
    done = CliRunner().invoke(main, ["keys", "rotate"])
    assert (done.exit_code, done.output) == (0, "8 values sealed anew; all are under the key new\n")
    assert unreadable(database, NEW_ONLY) == []


def test_the_command_says_what_it_could_not_open(
    database: Database, old_keyring: Keyring, environment: dict[str, str], tamper
) -> None:
    fill(database, old_keyring, 2)
    tamper("UPDATE endpoint SET secret = x'00' WHERE id = 'e-000001'")
    done = CliRunner().invoke(main, ["keys", "rotate"])
    assert done.exit_code == 1
    assert "1 values cannot be opened" in done.output


def test_a_malformed_key_is_refused_in_a_sentence(
    database: Database, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_KEYS", "new:nonsense")
    done = CliRunner().invoke(main, ["keys", "rotate"])
    assert done.exit_code == 1
    assert "DATA_KEYS: part 1 is no key" in done.output
    assert "Traceback" not in done.output


@pytest.mark.faults
def test_a_rotation_killed_in_the_middle_loses_nothing_and_is_taken_up(
    database: Database, keyring: Keyring, old_keyring: Keyring, environment: dict[str, str]
) -> None:
    fill(database, old_keyring, 10 * AT_A_TIME)
    everything = to_reseal(database, keyring)
    kills = 0
    while (left := to_reseal(database, keyring)) and kills < 5:
        process = subprocess.Popen([sys.executable, "-m", "resource_api.cli", "keys", "rotate"], env=environment)
        while to_reseal(database, keyring) == left and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        kills += 1
        assert unreadable(database, keyring) == []
    assert 0 < to_reseal(database, keyring) < everything
    done = subprocess.run([sys.executable, "-m", "resource_api.cli", "keys", "rotate"], env=environment, timeout=120)
    assert done.returncode == 0
    assert unreadable(database, NEW_ONLY) == []
    with sqlite3.connect(str(database.url.database)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
