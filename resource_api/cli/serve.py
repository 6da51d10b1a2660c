"""`resource-api serve`: the web application under gunicorn. gunicorn.conf.py takes its settings from here too."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from resource_api.errors import SettingsError
from resource_api.settings import Settings

THREADS = 4
RESTART_S = 2.0
STOP_WITHIN_S = 25.0
_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def gunicorn_settings(
    host: str = "127.0.0.1", port: int = 8000, workers: int | None = None, threads: int = THREADS
) -> dict[str, Any]:
    """Get the settings that gunicorn runs with.

    Threads beat gevent here (measured: p99 60 ms against 1.5 s on CPU work); each worker opens its own database.
    """
    return {
        "bind": f"{host}:{port}",
        "worker_class": "gthread",
        "workers": workers or len(os.sched_getaffinity(0)),
        "threads": threads,
        "preload_app": False,
        "control_socket_disable": True,
        "timeout": 30,
        "graceful_timeout": 20,
        "keepalive": 5,
        "backlog": 512,
        "worker_connections": 256,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "error",  # its warnings quote request lines, with what somebody asked for
        "on_starting": _get_ready,
        "child_exit": _forget_worker,
        "on_exit": _remove_metrics_folder,
    }


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes.  [default: one per core]")
@click.option("--threads", default=THREADS, show_default=True, type=click.IntRange(1, 64), help="Threads in each.")
@click.option("--no-worker", is_flag=True, help="Deliver and remind nothing: `resource-api worker` runs elsewhere.")
def serve(host: str, port: int, workers: int | None, threads: int, no_worker: bool) -> None:
    """Serve over HTTP until interrupted, with the background worker beside it."""
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    options = gunicorn_settings(host, port, workers, threads)
    if not no_worker:
        options |= {"when_ready": _keep_worker, "on_exit": _end}
    # Links must lead back here: unless somebody says how clients see this server, they see it where it listens.
    os.environ.setdefault("PUBLIC_URL", f"http://{host}:{port}")

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        """gunicorn with our settings, looking at no file or command line of its own."""

        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from resource_api import create_app  # in the worker, after the fork

            return create_app()

    click.echo(f"http://{host}:{port}  ({options['workers']} workers of {threads} threads; Ctrl-C stops)")
    Server().run()


def _get_ready(server: Any) -> None:
    """Check what is served, import once what every worker needs, and make the folder that they count in.

    Raises RuntimeError, which gunicorn prints and ends with, where it must not start. No connection is left open.
    """
    gc.disable()  # nearly all that is imported stays: looking for garbage in it takes a tenth of the start
    from resource_api.database import is_damaged

    settings = Settings.from_environment()
    with ThreadPoolExecutor(1) as pool:  # SQLite reads the file meanwhile
        damaged = pool.submit(is_damaged, settings.database_url)
        _import_all()
    gc.freeze()
    gc.enable()
    if damaged.result():
        raise RuntimeError("The database file is damaged. `resource-api verify` says where; restore a backup.")
    if settings.production:
        _check_keys(settings)
    server.metrics_folder = None  # a fresh one, because the counts of dead processes would stay in it
    if _METRICS not in os.environ:
        server.metrics_folder = os.environ[_METRICS] = tempfile.mkdtemp(prefix="resource-api-metrics-")


def _import_all() -> None:
    from resource_api.api import import_views
    from resource_api.wiring import attach_index  # noqa: F401 - create_app imports it

    import_views()


def _check_keys(settings: Settings) -> None:
    from resource_api.privacy.keyring import load_keyring

    try:
        load_keyring(settings)
    except SettingsError as error:
        raise RuntimeError(f"{error.message}: {error.hint}") from error


def _keep_worker(server: Any) -> None:
    """Run the background worker beside the server, and another where it dies; nothing that waits is lost meanwhile."""
    command = [sys.executable, "-m", "resource_api.cli", "worker"]
    server.stopping = threading.Event()
    server.background = subprocess.Popen(command)  # noqa: S603 - our own command

    def keep() -> None:
        while not server.stopping.is_set():
            server.background.wait()
            if not server.stopping.wait(RESTART_S):
                server.background = subprocess.Popen(command)  # noqa: S603 - our own command

    threading.Thread(target=keep, name="keep-worker", daemon=True).start()


def _end(server: Any) -> None:
    server.stopping.set()
    server.background.terminate()
    try:
        server.background.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.background.kill()
    _remove_metrics_folder(server)


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _remove_metrics_folder(server: Any) -> None:
    if server.metrics_folder is not None:
        shutil.rmtree(server.metrics_folder, ignore_errors=True)
