"""What was written into the audit stays there as it was, or it is seen that it did not."""

from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from resource_api.database import Database
from resource_api.errors import Unreadable
from resource_api.privacy.audit import SYSTEM, Agent, record
from resource_api.privacy.chain import _hash, checkpoint, head, seal, verify_chain, verify_checkpoints
from resource_api.privacy.checkpoint import Checkpoint, keep_checkpoint, read_checkpoints
from resource_api.privacy.keyring import Keyring
from resource_api.privacy.tables import Audit, AuditLink
from tests.privacy.conftest import KEYS, NOW, SECRET

SOMEBODY = Agent("organization", "client", "token", "request")


def write_rows(database: Database, count: int, *, at=NOW) -> None:
    with database.write() as session:
        for number in range(count):
            record(session, SOMEBODY, "R", "referral.read", now=at, kind="referral", ids=[f"id-{number}"])
        session.commit()


def seal_all(database: Database, keyring: Keyring, *, signed: bool = True) -> Checkpoint | None:
    with database.write() as session:
        while seal(session, keyring, now=NOW):
            session.commit()
        made = checkpoint(session, keyring, now=NOW) if signed else None
        session.commit()
    return made


def breaches(database: Database, keyring: Keyring, *, now=NOW) -> list[str]:
    with database.read() as session:
        return [breach.what for breach in verify_chain(session, keyring, now)]


@pytest.fixture
def sealed(database: Database, keyring: Keyring) -> Database:
    """Nine rows in the chain, signed."""
    write_rows(database, 9)
    seal_all(database, keyring)
    return database


def test_an_empty_audit_is_whole(database: Database, keyring: Keyring) -> None:
    assert breaches(database, keyring) == []


def test_sealed_rows_are_whole(sealed: Database, keyring: Keyring) -> None:
    assert breaches(sealed, keyring, now=NOW + timedelta(days=400)) == []


def test_rows_are_chained_in_the_order_in_which_they_were_committed_in_batches_of_any_size(
    database: Database, keyring: Keyring
) -> None:
    write_rows(database, 25)
    with database.write() as session:
        assert [seal(session, keyring, now=NOW, limit=10) for _ in range(4)] == [10, 10, 5, 0]
        session.commit()
        assert session.execute(select(AuditLink.seq, AuditLink.audit_id).order_by(AuditLink.seq)).all() == [
            (n, n) for n in range(1, 26)
        ]
    assert breaches(database, keyring) == []


def test_a_row_that_was_committed_after_later_ones_is_sealed_too(database: Database, keyring: Keyring, tamper) -> None:
    write_rows(database, 5)
    tamper("UPDATE audit SET id = 1000 WHERE id = 3")  # as if 3 had not been committed yet
    seal_all(database, keyring)
    tamper(
        "UPDATE sqlite_sequence SET seq = 6",
        "INSERT INTO audit SELECT 3, at, action, what, outcome, "
        "organization_id, client_id, token_id, request_id, object_kind, object_ids, reason FROM audit WHERE id = 4",
    )
    seal_all(database, keyring)
    with database.read() as session:
        assert list(session.scalars(select(AuditLink.audit_id).order_by(AuditLink.seq))) == [1, 2, 4, 5, 1000, 3]
    assert breaches(database, keyring) == []


def test_rows_unsealed_for_over_a_minute_are_a_breach(database: Database, keyring: Keyring) -> None:
    write_rows(database, 2)
    assert breaches(database, keyring, now=NOW + timedelta(seconds=60)) == []
    [breach] = breaches(database, keyring, now=NOW + timedelta(seconds=61))
    assert "2 audit rows, from 1 on, are unsealed" in breach


def test_a_chain_that_is_signed_already_is_not_signed_again(sealed: Database, keyring: Keyring) -> None:
    assert seal_all(sealed, keyring) is None


def test_two_sealers_at_once_make_one_chain(database: Database, keyring: Keyring) -> None:
    write_rows(database, 3)
    links = "INSERT INTO audit_link SELECT 1, id, x'00' FROM audit WHERE id = 1"
    with database.write() as session:
        session.execute(text(links))
        with pytest.raises(IntegrityError):
            session.execute(text(links))


@pytest.mark.parametrize("table", ["audit", "audit_link", "audit_checkpoint"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_the_audit(sealed: Database, table: str, change: str) -> None:
    column = "reason" if table == "audit" else "hash"
    with sealed.write() as session, pytest.raises(IntegrityError, match="only ever added to"):
        session.execute(text(change.format(table, column, column)))


COLUMNS = [column.key for column in Audit.__table__.columns if column.key not in ("id", "at")]


@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_row_is_found_whichever_column_it_is(
    sealed: Database, keyring: Keyring, tamper, column: str
) -> None:
    tamper(f"UPDATE audit SET {column} = 'other' WHERE id = 4")
    [breach] = breaches(sealed, keyring)
    assert "audit row 4, of link 4, was altered" in breach


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit SET at = '2026-03-01 12:00:00.000001' WHERE id = 4", "row 4, of link 4, was altered"),
        ("UPDATE audit SET reason = '' WHERE id = 4", "row 4, of link 4, was altered"),
        ("DELETE FROM audit WHERE id = 4", "row 4, of link 4, was deleted"),
        ("DELETE FROM audit_link WHERE seq = 4", "links 4 to 4 were taken out"),
        ("UPDATE audit_link SET hash = x'00' WHERE seq = 4", "row 4, of link 4, was altered"),
        ("UPDATE audit_checkpoint SET hash = x'00'", "checkpoint at link 9 is not signed"),
        ("UPDATE audit_checkpoint SET signature = x'00'", "checkpoint at link 9 is not signed"),
    ],
)
def test_what_was_altered_or_deleted_is_found(sealed: Database, keyring: Keyring, tamper, change, found) -> None:
    tamper(change)
    assert any(found in breach for breach in breaches(sealed, keyring)), breaches(sealed, keyring)


def test_rows_that_changed_places_are_found(sealed: Database, keyring: Keyring, tamper) -> None:
    tamper(
        "UPDATE audit SET id = -1 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 6",
        "UPDATE audit SET id = 6 WHERE id = -1",
    )
    found = breaches(sealed, keyring)
    assert len(found) == 2
    assert all("altered" in breach for breach in found)


def test_links_that_changed_places_are_found(sealed: Database, keyring: Keyring, tamper) -> None:
    tamper(
        "UPDATE audit_link SET seq = -1 WHERE seq = 4",
        "UPDATE audit_link SET seq = 4 WHERE seq = 6",
        "UPDATE audit_link SET seq = 6 WHERE seq = -1",
    )
    assert breaches(sealed, keyring)


def test_a_row_taken_out_with_all_numbers_closed_up_is_found(sealed: Database, keyring: Keyring, tamper) -> None:
    tamper(
        "DELETE FROM audit_link WHERE seq = 4",
        "DELETE FROM audit WHERE id = 4",
        "UPDATE audit_link SET seq = seq - 1, audit_id = audit_id - 1 WHERE seq > 4",
        "UPDATE audit SET id = id - 1 WHERE id > 4",
        "UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'audit'",
        "DELETE FROM audit_checkpoint",
    )
    assert breaches(sealed, keyring)


def test_a_cut_off_end_is_found_by_the_checkpoint(sealed: Database, keyring: Keyring, tamper) -> None:
    tamper(
        "DELETE FROM audit_link WHERE seq > 7",
        "DELETE FROM audit WHERE id > 7",
        "UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit'",
    )
    [breach] = breaches(sealed, keyring)
    assert "it has 7 links, and had 9" in breach


def test_a_row_deleted_before_it_was_sealed_is_found(database: Database, keyring: Keyring, tamper) -> None:
    write_rows(database, 5)
    for id in (3, 5):
        tamper(f"DELETE FROM audit WHERE id = {id}")
    seal_all(database, keyring)
    assert breaches(database, keyring) == ["5 audit rows were written, and 3 are there"]


def test_a_chain_made_anew_without_the_key_is_found(sealed: Database, keyring: Keyring, tamper) -> None:
    tamper("UPDATE audit SET reason = 'nothing' WHERE id = 4", "DELETE FROM audit_link", "DELETE FROM audit_checkpoint")
    forger = Keyring("what somebody takes to be the secret", KEYS)
    seal_all(sealed, forger)
    assert breaches(sealed, forger) == []
    assert len(breaches(sealed, keyring)) == 10


def test_a_transaction_rolled_back_leaves_no_gap(database: Database, keyring: Keyring) -> None:
    with database.write() as session:
        record(session, SYSTEM, "C", "never.happened", now=NOW)
        session.flush()
        session.rollback()
    write_rows(database, 1)
    seal_all(database, keyring)
    assert breaches(database, keyring) == []


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "audit_checkpoints"


def outside_breaches(database: Database, keyring: Keyring, outside: Path) -> list[str]:
    with database.read() as session:
        kept = read_checkpoints(outside, keyring)
        return [breach.what for breach in verify_checkpoints(session, keyring, kept)]


def test_an_end_cut_off_together_with_its_checkpoints_is_found_by_those_kept_outside(
    sealed: Database, keyring: Keyring, tamper, outside: Path
) -> None:
    with sealed.read() as session:
        keep_checkpoint(outside, Checkpoint.sign(keyring, *_reached(session)))
    assert outside_breaches(sealed, keyring, outside) == []
    tamper(
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_link WHERE seq > 7",
        "DELETE FROM audit WHERE id > 7",
        "UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit'",
    )
    assert breaches(sealed, keyring) == []
    [breach] = outside_breaches(sealed, keyring, outside)
    assert "it has 7 links, and had 9" in breach


def test_a_restore_that_was_signed_sets_aside_what_lay_beyond_it(
    sealed: Database, keyring: Keyring, outside: Path
) -> None:
    for seq, kind in ((9, "reached"), (12, "reached"), (9, "restored")):
        with sealed.read() as session:
            keep_checkpoint(outside, Checkpoint.sign(keyring, seq, NOW, head(session)[1], kind))
    assert outside_breaches(sealed, keyring, outside) == []


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b'{"kind":"reached","seq":1}', b"\xff\n"])
def test_a_file_of_checkpoints_that_was_tampered_with_is_refused(
    sealed: Database, keyring: Keyring, outside: Path, damage: bytes
) -> None:
    with sealed.read() as session:
        keep_checkpoint(outside, Checkpoint.sign(keyring, *_reached(session)))
    whole = outside.read_bytes()
    assert outside.stat().st_mode & 0o777 == 0o600
    outside.write_bytes(whole.replace(b'"seq":9', b'"seq":1') if not damage else whole + damage)
    with pytest.raises(Unreadable, match="line"):
        outside_breaches(sealed, keyring, outside)


def _reached(session):
    seq, ends = head(session)
    return seq, NOW, ends


def test_nothing_kept_outside_is_nothing_to_compare(sealed: Database, keyring: Keyring, outside: Path) -> None:
    assert outside_breaches(sealed, keyring, outside) == []


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
Row = namedtuple("Row", [column.key for column in Audit.__table__.columns])


@given(st.lists(st.tuples(texts, texts), min_size=2, max_size=5, unique=True))
def test_no_two_different_rows_have_the_same_hash(rows) -> None:
    keyring = Keyring(SECRET, KEYS)
    made = [Row(1, NOW, "R", "x", "ok", one, two, None, None, None, "", None) for one, two in rows]
    assert len({_hash(keyring, 1, row, bytes(32)) for row in made}) == len(rows)
