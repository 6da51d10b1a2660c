import os
from pathlib import Path
from types import SimpleNamespace

import prometheus_client  # noqa: F401 - how it counts is settled when it is imported, and not by a folder of a test here
import pytest
from click.testing import CliRunner
from gunicorn.config import Config

from resource_api import VERSION
from resource_api.cli import COMMANDS, main
from resource_api.web_server import gunicorn_settings


def test_help_lists_every_command_with_what_it_does() -> None:
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    for name in COMMANDS:
        (line,) = (line for line in done.output.splitlines() if line.split()[:1] == [name])
        assert len(line.split()) > 2


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["serv"]).exit_code == 2


def test_the_version_is_the_packages() -> None:
    assert VERSION in CliRunner().invoke(main, ["--version"]).output


def test_gunicorn_knows_every_setting_that_it_is_given() -> None:
    config = Config()
    for name, value in gunicorn_settings("127.0.0.1", 8001, 3, 5).items():
        config.set(name, value)
    assert config.address == [("127.0.0.1", 8001)]
    assert (config.workers, config.threads, config.worker_class_str) == (3, 5, "resource_api.web_worker.Worker")
    assert config.control_socket_disable
    assert not config.preload_app


def test_workers_are_as_many_as_the_cores_this_process_may_use() -> None:
    assert gunicorn_settings()["workers"] == len(os.sched_getaffinity(0))


def test_each_start_counts_in_a_folder_of_its_own_and_takes_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "what was there is put back")
    del os.environ["PROMETHEUS_MULTIPROC_DIR"]
    hooks, server = gunicorn_settings(), SimpleNamespace()
    hooks["on_starting"](server)
    (folder,) = tmp_path.iterdir()
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(folder)
    (folder / "gauge_liveall_4242.db").touch()
    hooks["child_exit"](server, SimpleNamespace(pid=4242))
    assert not list(folder.iterdir())
    hooks["on_exit"](server)
    assert not folder.exists()


def test_a_folder_that_the_operator_chose_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    hooks, server = gunicorn_settings(), SimpleNamespace()
    hooks["on_starting"](server)
    hooks["on_exit"](server)
    assert tmp_path.exists()
