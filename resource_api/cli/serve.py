"""`resource-api serve`: the web application under gunicorn, and the worker beside it."""

import os
import subprocess
import sys
import threading
from typing import Any

import click

from resource_api.web_server import THREADS, gunicorn_settings, remove_metrics_folder

RESTART_S = 2.0
STOP_WITHIN_S = 25.0


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
    remove_metrics_folder(server)
