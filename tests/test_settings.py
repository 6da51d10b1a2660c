"""Settings are read once, and a wrong one says what would be right."""

from pathlib import Path

import pytest

from resource_api.errors import SettingsError
from resource_api.settings import Settings


def test_with_nothing_set_everything_runs_on_sqlite() -> None:
    settings = Settings.from_environment({})
    assert settings.database_url.startswith("sqlite:///")
    assert settings.public_url == "http://127.0.0.1:8000"


def test_the_instance_path_is_where_the_default_database_is(tmp_path: Path) -> None:
    settings = Settings.from_environment({"INSTANCE_PATH": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path / 'directory.db'}"


def test_a_public_url_loses_its_last_slash() -> None:
    assert (
        Settings.from_environment({"PUBLIC_URL": "https://help.example.org/"}).public_url == "https://help.example.org"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PUBLIC_URL", "help.example.org"), ("CACHE_SECONDS", "-1"), ("CACHE_SECONDS", "soon")],
)
def test_a_wrong_setting_names_itself_and_what_would_be_right(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({name: value})
    assert refused.value.field == name
    assert refused.value.hint


def test_production_does_not_start_without_keys_or_with_a_way_back_to_itself(tmp_path: Path) -> None:
    from resource_api import create_app

    given = {"APP_ENV": "production", "INSTANCE_PATH": str(tmp_path)}
    keys = {"SECRET_KEY": "s" * 43, "DATA_KEYS": "k1:" + "A" * 43 + "="}
    for wrong, field in (
        (given, "SECRET_KEY"),
        (given | {"SECRET_KEY": "s" * 43}, "DATA_KEYS"),
        (given | keys | {"EGRESS_ALLOW": "localhost:8025"}, "EGRESS_ALLOW"),
    ):
        with pytest.raises(SettingsError) as refused:
            create_app(Settings.from_environment(wrong))
        assert refused.value.field == field
    assert create_app(Settings.from_environment(given | keys | {"EGRESS_ALLOW": "10.1.0.0/16:8443"}))
    assert not list(tmp_path.glob("*key*"))


def test_what_is_exempt_from_the_outbound_rules_is_logged_at_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from resource_api import create_app

    create_app(Settings(database_url=f"sqlite:///{tmp_path / 'a.db'}", egress_allow=("localhost:8025",)))
    assert '"exempt":"localhost:8025"' in capfd.readouterr().out


def test_the_readme_lists_every_setting() -> None:
    source = (Path(__file__).parents[1] / "resource_api" / "settings.py").read_text("utf-8")
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    names = {part.split('"')[0] for part in source.split('"') if part.isupper() and "_" in part}
    assert names
    assert not {name for name in names if f"`{name}`" not in readme}
