"""`resource-api verify` says of each thing that must hold whether it does."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from resource_api.cli import main
from resource_api.cli.verify import CHECKS
from resource_api.database import Database
from resource_api.privacy.audit import SYSTEM, record
from resource_api.privacy.chain import checkpoint, head, seal
from resource_api.privacy.checkpoint import FILE_NAME, Checkpoint, keep_checkpoint
from resource_api.privacy.keyring import Keyring, load_keyring
from resource_api.settings import Settings
from tests.databases import make_tables
from tests.privacy.sealed_rows import CANARY, write_sealed_rows


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "instance"))
    for name in ("DATABASE_URL", "SECRET_KEY", "DATA_KEYS", "APP_ENV"):
        monkeypatch.delenv(name, raising=False)
    database = Database(Settings.from_environment().database_url)
    make_tables(database)
    with database.write() as session:
        write_sealed_rows(session, keyring(), 3)
        for _ in range(3):
            record(session, SYSTEM, "R", "referral.read", now=datetime.now(UTC))
        seal(session, keyring(), now=datetime.now(UTC))
        made = checkpoint(session, keyring(), now=datetime.now(UTC))
        session.commit()
    assert made is not None
    keep_checkpoint(tmp_path / "instance" / FILE_NAME, made)
    yield database
    database.close()


def keyring() -> Keyring:
    return load_keyring(Settings.from_environment())


def verify() -> Result:
    return CliRunner().invoke(main, ["verify"])


def file_of(database: Database) -> Path:
    return Path(str(database.url.database))


def change(database: Database, *statements: str) -> None:
    raw = sqlite3.connect(file_of(database))
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()


def test_every_check_is_there() -> None:
    for _, function in CHECKS:
        module, _, name = function.partition(":")
        assert callable(getattr(import_module(module), name))


def test_a_sound_database_holds(database: Database) -> None:
    done = verify()
    assert done.output.splitlines() == [*(f"{name}: ok" for name, _ in CHECKS), "everything holds"]
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["UPDATE alembic_version SET version_num = '0001'"], "schema: the tables are of revision 0001"),
        (["DROP TRIGGER audit_update", "UPDATE audit SET what = 'x' WHERE id = 2"], "audit chain: the audit row 2, of"),
        (
            ["DROP TRIGGER audit_delete", "DROP TRIGGER audit_link_delete", "DROP TRIGGER audit_checkpoint_delete",
             "DELETE FROM audit_checkpoint", "DELETE FROM audit_link WHERE seq = 3", "DELETE FROM audit WHERE id = 3",
             "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'audit'"],
            "audit outside: the audit was cut off: it has 2 links, and had 3",
        ),
        (["UPDATE referral SET note = x'01' WHERE id = 'r-000001'"], "sealed values: referral.note of r-000001"),
        (["UPDATE referral SET status = 'accepted' WHERE id = 'r-000001'"],
         "referrals: referral r-000001: its events say another status"),
        (["UPDATE referral_key SET blind = x'00'", "INSERT INTO client_secret (client_id, hash, created_at) "
          "VALUES ('nobody', '', '2026-01-01')"], "database file: row 1 of client_secret refers to a row of client"),
    ],
    ids=["schema", "altered audit", "cut off audit", "unreadable value", "altered referral", "dangling reference"],
)  # fmt: skip
def test_a_breach_is_told_plainly_and_ends_in_a_one(database: Database, statements: list[str], told: str) -> None:
    change(database, *statements)
    done = verify()
    assert done.exit_code == 1
    assert [line for line in done.output.splitlines() if line.startswith(told)], done.output
    assert done.output.splitlines()[-1] == "1 breaches"
    assert CANARY not in done.output


def test_rows_that_nobody_seals_are_told(database: Database) -> None:
    with database.write() as session:
        record(session, SYSTEM, "R", "referral.read", now=datetime.now(UTC) - timedelta(minutes=2))
        session.commit()
    done = verify()
    assert done.exit_code == 1
    assert "audit chain: 1 audit rows, from 4 on, are unsealed" in done.output


def test_a_restore_that_was_signed_is_no_breach(database: Database) -> None:
    instance = Settings.from_environment().instance
    with database.read() as session:
        seq, ends = head(session)
    now = datetime.now(UTC)
    keep_checkpoint(instance / FILE_NAME, Checkpoint.sign(keyring(), seq + 5, now, b"", "reached"))
    assert verify().exit_code == 1
    keep_checkpoint(instance / FILE_NAME, Checkpoint.sign(keyring(), seq, now, ends, "restored"))
    assert verify().exit_code == 0


def damage(database: Database) -> None:
    """Overwrite the middle of every page but the first, where nothing is open."""
    database.close()
    with file_of(database).open("r+b") as file:
        size = file.seek(0, 2)
        for start in range(4096, size, 4096):
            file.seek(start + 100)
            file.write(b"\xff" * 400)


@pytest.mark.faults
def test_a_damaged_file_is_told_and_every_other_check_is_tried(database: Database) -> None:
    damage(database)
    done = verify()
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert "malformed" in done.output or "damaged" in done.output


def test_it_only_reads(database: Database, tmp_path: Path) -> None:
    database.close()
    before = file_of(database).read_bytes()
    assert verify().exit_code == 0
    assert file_of(database).read_bytes() == before


def test_without_tables_nothing_else_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    done = verify()
    assert done.exit_code == 1
    assert "of revision none" in done.output
    assert len(done.output.splitlines()) == 2
    shutil.rmtree(tmp_path / "empty")
