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


def test_the_readme_lists_every_setting() -> None:
    source = (Path(__file__).parents[1] / "resource_api" / "settings.py").read_text("utf-8")
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    names = {part.split('"')[0] for part in source.split('"') if part.isupper() and "_" in part}
    assert names
    assert not {name for name in names if f"`{name}`" not in readme}
