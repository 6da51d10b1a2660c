"""Everybody of the small directory, with receivers and a letterbox on this machine, and a worker run by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from resource_api import create_app
from resource_api.postman import Postman, now_utc
from resource_api.worker import JOBS, Work, do_job, permitted
from tests.delivery.letterbox import Letterbox, receiving_mail
from tests.delivery.receivers import Receivers, receiving
from tests.referrals.world import World


class DeliveringWorld(World):
    """A world whose events reach others."""

    def __init__(self, path: Path, receivers: Receivers, letterbox: Letterbox, smtp_url: str) -> None:
        super().__init__(path)
        self.receivers, self.letterbox = receivers, letterbox
        self.wiring.database.close()
        self.settings = replace(
            self.settings,
            public_url="https://help.example.org",
            egress_allow=(f"127.0.0.1:{receivers.port}",),
            smtp_url=smtp_url,
            log_level="INFO",
        )
        self.app = create_app(self.settings)
        self.wiring = self.app.extensions["resource_api"]
        self.keyring, self.database = self.wiring.keyring, self.wiring.database

    def work(self) -> None:
        """Let the worker do what there is to do."""
        postman = Postman(self.database, self.keyring, self.settings, permitted)
        for job in JOBS:
            do_job(job, Work(self.settings, self.database, self.keyring, now_utc()), "tests")
        postman.deliver_all()
        postman.close()


@contextmanager
def delivering(path: Path) -> Iterator[DeliveringWorld]:
    with receiving() as receivers, receiving_mail() as (letterbox, smtp_url):
        world = DeliveringWorld(path, receivers, letterbox, smtp_url)
        yield world
        world.close()
