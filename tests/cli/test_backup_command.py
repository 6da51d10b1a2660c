"""`resource-api backup` and `restore`: what was backed up comes back whole, or what is there stays as it was."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from resource_api.cli import main, snapshot
from resource_api.database import Database
from resource_api.privacy.audit import SYSTEM, record
from resource_api.privacy.chain import checkpoint, seal
from resource_api.privacy.keyring import load_keyring
from resource_api.privacy.sealed_file import PART_BYTES
from resource_api.settings import Settings
from tests.api.small_directory import write_small_directory
from tests.databases import make_tables
from tests.privacy.sealed_rows import CANARY, write_sealed_rows


class Instance:
    """An instance with a directory, sealed rows and an audit, and the commands that keep it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "directory.db"
        self.backup_file = folder.parent / "kept" / "backup"
        self.backup_file.parent.mkdir(exist_ok=True)

    def open(self) -> Database:
        return Database(f"sqlite:///{self.file}")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    def backup(self) -> Result:
        return self.run("backup", str(self.backup_file))

    def restore(self, *options: str) -> Result:
        return self.run("restore", str(self.backup_file), *options)

    def add(self, count: int, *, first: int) -> None:
        keyring = load_keyring(Settings.from_environment())
        database = self.open()
        with database.write() as session:
            write_sealed_rows(session, keyring, count, first=first)
            for _ in range(count):
                record(session, SYSTEM, "R", "referral.read", now=datetime.now(UTC))
            seal(session, keyring, now=datetime.now(UTC))
            checkpoint(session, keyring, now=datetime.now(UTC))
            session.commit()
        database.close()

    def referrals(self) -> int:
        database = self.open()
        with database.read() as session:
            count = session.scalar(text("SELECT count(*) FROM referral"))
        database.close()
        return count or 0

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if not path.name.endswith(("-door", "-turn")))


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "instance"))
    for name in ("DATABASE_URL", "SECRET_KEY", "DATA_KEYS", "APP_ENV"):
        monkeypatch.delenv(name, raising=False)
    made = Instance(tmp_path / "instance")
    database = made.open()
    make_tables(database)
    with database.write() as session:
        write_small_directory(session)
        session.commit()
    database.close()
    made.add(3, first=0)
    return made


@pytest.fixture
def backed_up(instance: Instance) -> Instance:
    """An instance whose backup has three referrals, and which has five by now."""
    assert instance.backup().exit_code == 0
    instance.add(2, first=3)
    return instance


def test_a_backup_says_what_is_in_it(instance: Instance) -> None:
    done = instance.backup()
    assert done.exit_code == 0, done.output
    manifest = orjson.loads(done.stdout)
    assert manifest["counts"]["referral"] == 3
    assert manifest["counts"]["audit"] == 4  # this backup too
    assert manifest["chain_links"] == 3
    assert manifest["revision"] == "0003"
    assert len(manifest["key_ids"]) == 1
    assert instance.backup_file.stat().st_mode & 0o777 == 0o600
    assert instance.files() == ["data_keys", "directory.db", "secret_key"]
    assert os.listdir(instance.backup_file.parent) == ["backup"]


def test_a_backup_shows_nothing_of_what_is_in_it(instance: Instance) -> None:
    instance.backup()
    written = instance.backup_file.read_bytes()
    for plain in (b"SQLite format 3", b"CREATE TABLE", CANARY.encode(), b"Maryland"):
        assert plain not in written


def test_a_backup_never_overwrites_another(backed_up: Instance) -> None:
    before = backed_up.backup_file.read_bytes()
    done = backed_up.backup()
    assert done.exit_code == 1
    assert "is there already" in done.output
    assert backed_up.backup_file.read_bytes() == before


def test_what_was_backed_up_comes_back(backed_up: Instance) -> None:
    done = backed_up.restore("--force")
    assert done.exit_code == 0, done.output
    assert backed_up.referrals() == 3
    assert backed_up.run("verify").output.splitlines()[-1] == "everything holds"
    database = backed_up.open()
    with database.read() as session:
        assert list(session.scalars(text("SELECT what FROM audit ORDER BY id"))) == [
            *["referral.read"] * 3, "backup.made", "backup.restored",
        ]  # fmt: skip
    database.close()


def test_the_database_that_was_replaced_is_kept(backed_up: Instance) -> None:
    backed_up.restore("--force")
    (aside,) = (name for name in backed_up.files() if ".before-" in name)
    with sqlite3.connect(backed_up.folder / aside) as raw:
        assert raw.execute("SELECT count(*) FROM referral").fetchone() == (5,)
    raw.close()


def test_a_backup_is_restored_where_nothing_is_left_but_the_keys(backed_up: Instance) -> None:
    for path in backed_up.folder.glob("directory.db*"):
        path.unlink()
    (backed_up.folder / "directory.db-wal").write_bytes(b"of a database that is gone")
    done = backed_up.restore()
    assert done.exit_code == 0, done.output
    assert backed_up.referrals() == 3


def test_without_force_nothing_is_replaced(backed_up: Instance) -> None:
    done = backed_up.restore()
    assert done.exit_code == 1
    assert "--force" in done.output
    assert backed_up.referrals() == 5


def test_a_backup_can_be_checked_alone(backed_up: Instance) -> None:
    done = backed_up.restore("--check")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "the backup is whole"
    assert backed_up.referrals() == 5


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: data[: len(data) // 2], "cut off"),
        (lambda data: b"", "no backup of ours"),
        (lambda data: flip(data, len(data) // 2), "was altered"),
        (lambda data: data + b"\x00", "added after its end"),
    ],
    ids=["one byte short", "half", "empty", "altered", "longer"],
)
def test_a_damaged_backup_is_refused_and_leaves_everything_as_it_was(backed_up: Instance, change, told: str) -> None:
    backed_up.backup_file.write_bytes(change(backed_up.backup_file.read_bytes()))
    before = backed_up.files()
    done = backed_up.restore("--force")
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output
    assert backed_up.files() == before
    assert backed_up.referrals() == 5


def test_parts_that_changed_places_are_found(instance: Instance) -> None:
    instance.add(1000, first=3)
    database = instance.open()
    with database.write() as session:  # several parts
        session.execute(text("CREATE TABLE filler (x BLOB)"))
        session.execute(text("INSERT INTO filler VALUES (randomblob(:size))"), {"size": 3 * PART_BYTES})
        session.commit()
    database.close()
    instance.backup()
    data = instance.backup_file.read_bytes()
    size = 4 + PART_BYTES + 16
    first = data.index((PART_BYTES + 16).to_bytes(4, "big"))
    one, two = data[first : first + size], data[first + size : first + 2 * size]
    instance.backup_file.write_bytes(data[:first] + two + one + data[first + 2 * size :])
    done = instance.restore("--force")
    assert done.exit_code == 1
    assert "part 1 was altered, or stands where another was" in done.output
    assert instance.referrals() == 1003


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATA_KEYS", "other:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "DATA_KEYS has other"),
        ("SECRET_KEY", "another secret key than the backup was made with", "SECRET_KEY is not the one"),
    ],
)
def test_a_wrong_key_is_named(
    backed_up: Instance, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    done = backed_up.restore("--force")
    assert done.exit_code == 1
    assert told in done.output
    assert backed_up.referrals() == 5


def test_a_missing_data_key_is_named(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    old = (instance.folder / "data_keys").read_text().strip()
    monkeypatch.setenv("DATA_KEYS", f"fresh:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,{old}")
    instance.backup()
    monkeypatch.setenv("DATA_KEYS", "fresh:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    done = instance.restore("--force")
    assert done.exit_code == 1
    assert f"DATA_KEYS lacks {old.split(':')[0]}" in done.output


def test_a_backup_with_breaches_is_restored_only_where_that_is_said(instance: Instance) -> None:
    raw = sqlite3.connect(instance.file)
    raw.execute("UPDATE referral SET note = x'01' WHERE id = 'r-000001'")
    raw.commit()
    raw.close()
    instance.backup()
    instance.add(2, first=3)
    done = instance.restore("--force")
    assert done.exit_code == 1
    assert "sealed values: referral.note of r-000001" in done.output
    assert instance.referrals() == 5
    assert instance.restore("--force", "--despite-breaches").exit_code == 0
    assert instance.referrals() == 3


def test_a_backup_of_a_newer_release_is_refused(instance: Instance) -> None:
    raw = sqlite3.connect(instance.file)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    instance.backup()
    done = instance.restore("--force")
    assert done.exit_code == 1
    assert "newer release" in done.output


def test_a_database_that_is_in_use_is_not_replaced(backed_up: Instance) -> None:
    database = backed_up.open()
    with database.read() as session:
        session.execute(text("SELECT count(*) FROM referral"))
    before = backed_up.files()  # idle, and still open
    done = backed_up.restore("--force")
    assert done.exit_code == 1
    assert "stop the server and the worker" in done.output
    database.close()
    assert backed_up.referrals() == 5
    assert [name for name in before if ".before" in name] == []


def test_a_damaged_database_is_replaced(backed_up: Instance) -> None:
    backed_up.file.write_bytes(b"no database any more" * 1000)
    done = backed_up.restore("--force")
    assert done.exit_code == 0, done.output
    assert backed_up.referrals() == 3


def test_only_sqlite_is_backed_up_here(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1/nothing")
    for command in (instance.backup, lambda: instance.run("restore", str(instance.file))):
        done = command()
        assert done.exit_code == 1
        assert "pg_dump" in done.output


def test_where_nothing_is_nothing_is_backed_up(instance: Instance) -> None:
    instance.file.unlink()
    assert "There is no database" in instance.backup().output
    assert not instance.file.exists()


def test_a_place_that_cannot_be_written_to_is_told(instance: Instance) -> None:
    done = instance.run("backup", str(instance.folder / "nowhere" / "backup"))
    assert done.exit_code == 1
    assert "could not be written" in done.output


def test_an_unfinished_backup_has_not_its_name(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot.os, "fsync", full)
    done = instance.backup()
    assert done.exit_code == 1
    assert "No space left" in done.output
    assert os.listdir(instance.backup_file.parent) == []
    assert instance.files() == ["data_keys", "directory.db", "secret_key"]


WRITER = """
import sys, time
from sqlalchemy import text
from resource_api.database import Database
database = Database(sys.argv[1])
number = 0
while True:
    number += 1
    with database.write() as session:
        session.execute(text("INSERT INTO pair (id) VALUES (:n)"), {"n": number})
        session.execute(text("INSERT INTO twin (id) VALUES (:n)"), {"n": number})
        session.commit()
    print(number, flush=True)
"""


@pytest.mark.faults
def test_a_backup_made_under_load_is_of_one_moment_and_has_all_that_was_acknowledged_before(
    instance: Instance,
) -> None:
    database = instance.open()
    with database.write() as session:
        for name in ("pair", "twin"):
            session.execute(text(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)"))
        session.execute(text("CREATE TABLE filler (x BLOB)"))
        session.execute(text("INSERT INTO filler VALUES (zeroblob(60000000))"))
        session.commit()
    database.close()
    command = [sys.executable, "-c", WRITER, f"sqlite:///{instance.file}"]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        acknowledged = 0
        while acknowledged < 20:
            acknowledged = int(writer.stdout.readline())
        assert instance.backup().exit_code == 0
        while int(writer.stdout.readline()) < acknowledged + 20:
            pass
    finally:
        writer.kill()
        writer.communicate()
    done = instance.restore("--force")
    assert done.exit_code == 0, done.output
    with sqlite3.connect(instance.file) as raw:
        pairs, twins = (raw.execute(f"SELECT count(*), max(id) FROM {n}").fetchone() for n in ("pair", "twin"))
    raw.close()
    assert pairs == twins
    assert pairs[0] == pairs[1] >= acknowledged


@pytest.mark.faults
def test_a_restore_killed_at_any_moment_leaves_one_whole_database(backed_up: Instance) -> None:
    command = [sys.executable, "-m", "resource_api.cli", "restore", str(backed_up.backup_file), "--force"]
    began = time.monotonic()
    kept = shutil.copytree(backed_up.folder, backed_up.folder.parent / "before")
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    whole = time.monotonic() - began
    assert backed_up.referrals() == 3
    seen = set()
    for step in range(16):
        shutil.rmtree(backed_up.folder)
        shutil.copytree(kept, backed_up.folder)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * (0.3 + step * 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.add(backed_up.referrals())
        with sqlite3.connect(backed_up.file) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        raw.close()
    assert seen <= {3, 5}
