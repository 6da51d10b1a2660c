"""HOW IT IS SERVED BY GUNICORN: the settings, and what is made ready once for every worker.

It knows no command line, which takes a while to import and which `gunicorn wsgi:app` does without.
"""

import gc
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from resource_api.errors import SettingsError
from resource_api.settings import Settings

THREADS = 4
# New objects before garbage is looked for: several requests' worth, instead of several looks in each (a tenth of one).
_GARBAGE = 10_000
_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def gunicorn_settings(
    host: str = "127.0.0.1", port: int = 8000, workers: int | None = None, threads: int = THREADS
) -> dict[str, Any]:
    """Get the settings that gunicorn runs with.

    Threads beat gevent here (measured: p99 60 ms against 1.5 s on CPU work); each worker opens its own database.
    """
    return {
        "bind": f"{host}:{port}",
        "worker_class": "resource_api.web_worker.Worker",
        "workers": workers or len(os.sched_getaffinity(0)),
        "threads": threads,
        "preload_app": False,
        "control_socket_disable": True,
        "timeout": 30,
        "graceful_timeout": 20,
        "keepalive": 5,
        "backlog": 2048,
        "worker_connections": 256,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "error",  # its warnings quote request lines, with what somebody asked for
        "on_starting": _get_ready,
        "child_exit": _forget_worker,
        "on_exit": remove_metrics_folder,
    }


def _get_ready(server: Any) -> None:
    """Check what is served, import once what every worker needs, and make the folder that they count in.

    Raises RuntimeError, which gunicorn prints and ends with, where it must not start. No connection is left open.
    """
    gc.disable()  # nearly all that is imported stays: looking for garbage in it takes a tenth of the start
    from resource_api.damage import is_damaged

    settings = Settings.from_environment()
    with ThreadPoolExecutor(1) as pool:  # SQLite reads the file meanwhile
        damaged = pool.submit(is_damaged, settings.database_url)
        _import_all()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
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


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def remove_metrics_folder(server: Any) -> None:
    """Remove the folder that workers counted in, where it was ours."""
    if server.metrics_folder is not None:
        shutil.rmtree(server.metrics_folder, ignore_errors=True)
