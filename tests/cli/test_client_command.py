"""An operator says who takes part, and who may call."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from resource_api import create_app
from resource_api.access.tables import Participant
from resource_api.cli import main
from resource_api.database import Database
from resource_api.settings import Settings
from tests.access.signing import jwk_of, key_set, rsa_key
from tests.api.small_directory import id_of, write_small_directory
from tests.databases import make_tables
from tests.outside import answer, listening

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on an instance with a small directory."""
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    for name in ("DATABASE_URL", "SECRET_KEY", "DATA_KEYS", "EGRESS_ALLOW", "APP_ENV"):
        monkeypatch.delenv(name, raising=False)
    database = Database(f"sqlite:///{tmp_path / 'directory.db'}")
    make_tables(database)
    with database.write() as session:
        write_small_directory(session)
        session.commit()
    database.close()
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


def read(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ask_token(client_id: str, secret: str) -> int:
    app = create_app(Settings.from_environment())
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    status: int = app.test_client().post("/oauth/token", data=form).status_code
    app.extensions["resource_api"].database.close()
    return status


def test_an_organization_that_is_never_published_takes_part(run: Run) -> None:
    organization = read(run("organization", "add", "General Hospital", "--retention-days", "365"))["organization_id"]
    added = read(run("client", "add", "their EHR", "--organization", organization, "--role", "referral_source"))
    assert set(added) >= {"client_id", "client_secret", "organization_id", "role", "scope"}
    assert added["organization_id"] == organization
    assert added["scope"] == "events.read referrals.read referrals.write"
    assert ask_token(added["client_id"], added["client_secret"]) == 200


def test_an_organization_of_the_directory_takes_part_under_its_own_id(run: Run, tmp_path: Path) -> None:
    pantry = id_of("Harbor Pantry")
    for name in ("one", "two"):
        assert read(run("client", "add", name, "--organization", pantry, "--role", "referral_recipient"))
    with Database(f"sqlite:///{tmp_path / 'directory.db'}").read() as session:
        kept = session.get(Participant, pantry)
        assert kept is not None
        assert kept.name == "Harbor Pantry"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--role", "referral_source"], 1, "organization"),
        (["--role", "referral_source", "--organization", "nobody"], 1, "organization add"),
        (["--role", "steward", "--organization", "{pantry}", "--scope", "referrals.read"], 1, "cannot use"),
        (["--role", "reader", "--organization", "{pantry}"], 1, "origin"),
        (["--role", "reader", "--organization", "{pantry}", "--origin", "*"], 1, "https://example.org"),
        (["--role", "admin", "--jwks", "/no/such/file"], 1, "no file"),
        (["--role", "admin", "--jwks", "/etc/hostname"], 1, "no JWKS"),
        (["--role", "admin", "--jwks", "http://example.org/jwks"], 1, "https"),
        (["--role", "admin", "--jwks", "https://127.0.0.1/jwks"], 1, "public"),
        (["--role", "king"], 2, "king"),
        (["--role", "admin", "--scope", "everything"], 2, "everything"),
        ([], 2, "--role"),
    ],
)
def test_what_cannot_be_is_refused_and_said(arguments: list[str], code: int, said: str, run: Run) -> None:
    done = run("client", "add", "a client", *(one.format(pantry=id_of("Harbor Pantry")) for one in arguments))
    assert done.exit_code == code
    assert said in done.output
    assert run("client", "list").stdout == ""


def test_a_secret_is_rotated_and_a_client_revoked(run: Run) -> None:
    added = read(run("client", "add", "root", "--role", "admin"))
    before, id = added["client_secret"], added["client_id"]
    after = read(run("client", "rotate", id))["client_secret"]
    assert [ask_token(id, secret) for secret in (before, after)] == [200, 200]
    last = read(run("client", "rotate", id, "--overlap-hours", "0"))["client_secret"]
    assert [ask_token(id, secret) for secret in (before, after, last)] == [401, 401, 200]
    assert read(run("client", "revoke", id)) == {"client_id": id, "revoked": True}
    assert ask_token(id, last) == 401
    for again in (("rotate", id), ("revoke", id), ("revoke", "nobody")):
        assert run("client", *again).exit_code == 1


def test_a_list_shows_every_client_and_no_secret(run: Run) -> None:
    first = read(run("client", "add", "first", "--role", "admin"))
    second = read(run("client", "add", "second", "--role", "auditor", "--test"))
    run("client", "revoke", first["client_id"])
    listed = run("client", "list").stdout
    lines = [json.loads(line) for line in listed.splitlines()]
    assert [line["client_id"] for line in lines] == [first["client_id"], second["client_id"]]
    assert [line["revoked_at"] is None for line in lines] == [False, True]
    assert lines[1]["test"] is True
    assert "secret" not in listed


def test_a_client_that_signs_is_added_with_a_file_or_an_address_of_keys(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(key_set(jwk_of(rsa_key(), "rsa")))
    added = read(run("client", "add", "by file", "--role", "admin", "--jwks", str(file)))
    assert "client_secret" not in added
    with listening(answer(file.read_bytes())) as machine:
        monkeypatch.setenv("EGRESS_ALLOW", f"127.0.0.1:{machine.port}")
        url = f"http://127.0.0.1:{machine.port}/jwks.json"
        added = read(run("client", "add", "by address", "--role", "admin", "--jwks", url))
        assert machine.calls == 1
        read(run("client", "rotate", added["client_id"], "--jwks", url))
    done = run("client", "add", "gone", "--role", "admin", "--jwks", url)
    assert done.exit_code == 1
    assert "no key set" in done.output


def test_a_private_key_is_not_taken(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk_of(rsa_key(), "rsa") | {"d": "AQAB"}]}))
    done = run("client", "add", "oops", "--role", "admin", "--jwks", str(file))
    assert done.exit_code == 1
    assert "private" in done.output


@pytest.mark.parametrize("command", [("organization", "add", " "), ("client", "add", " ", "--role", "admin")])
def test_what_takes_part_has_a_name(command: tuple[str, ...], run: Run) -> None:
    done = run(*command)
    assert done.exit_code == 1
    assert "needs a name" in done.output


def test_without_tables_a_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "new"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for command in (["organization", "add", "x"], ["client", "list"], ["client", "add", "x", "--role", "admin"]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 1
        assert "resource-api init" in done.output
