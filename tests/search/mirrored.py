"""A small directory that is mirrored: its database, its application, its indexer, and the link between."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from resource_api import create_app
from resource_api.api.context import Wiring
from resource_api.database import Database
from resource_api.directory.publish import publish_organizations
from resource_api.directory.tables import Address, Location, Organization, Service, ServiceAtLocation
from resource_api.errors import Busy, IndexAway
from resource_api.indexer import Indexer
from resource_api.search.elasticsearch_index import Cluster
from resource_api.search.mirrored_index import MirroredIndex
from resource_api.search.tables import MirrorChange
from resource_api.settings import Settings
from tests.databases import empty_database
from tests.search.elasticsearch_server import drop_all, own_cluster
from tests.search.troubled_link import TroubledLink, troubled_link

SERVICES = 20


@dataclass
class Mirrored:
    """One mirrored directory."""

    database: Database
    settings: Settings
    app: Flask
    cluster: Cluster
    link: TroubledLink

    @property
    def index(self) -> MirroredIndex:
        wiring: Wiring = self.app.extensions["resource_api"]
        assert isinstance(wiring.index, MirroredIndex)
        return wiring.index

    def indexer(self) -> Indexer:
        return Indexer.of(self.database, self.settings)

    def search(self, **parameters: str) -> TestResponse:
        return self.app.test_client().get("/search", query_string={"sort": "name", "per_page": "100", **parameters})

    def names(self, answer: TestResponse) -> list[str]:
        assert answer.status_code == 200
        return [hit["service_name"] for hit in (answer.json or {})["contents"]]

    def write(self, *numbers: int, **values: str) -> None:
        """Change services as any writer does, mirrored where the application's database is."""
        wiring: Wiring = self.app.extensions["resource_api"]
        with wiring.database.write() as session:
            change_services(session, *numbers, **values)
            session.commit()

    def waiting(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(MirrorChange)) or 0

    def refresh(self) -> None:
        self.cluster.call("POST", f"/{self.cluster.alias}/_refresh")

    def mirrored_names(self) -> list[str]:
        """The names that the mirror has, in its order."""
        self.refresh()
        body = {"size": 1000, "sort": ["name_key", "service_id"], "docvalue_fields": ["name_key"]}
        hits = self.cluster.call("POST", f"/{self.cluster.alias}/_search", body)["hits"]["hits"]
        return [hit["fields"]["name_key"][0] for hit in hits]

    def agrees(self) -> bool:
        """I6: the ids, versions and contents of the mirror are the database's."""
        found = Indexer(self.database, self.cluster).compare()
        return not found.services and not found.refused

    def close(self) -> None:
        wiring: Wiring = self.app.extensions["resource_api"]
        wiring.database.close()
        self.database.close()
        self.index.mirror.cluster.close()


def write_services(session: Session) -> None:
    for number in range(SERVICES):
        session.add(Organization(id=f"o{number}", name=f"Organization {number}", description=""))
        session.flush()
        session.add(
            Service(id=f"s{number:02}", organization_id=f"o{number}", name=f"Pantry {number:02}", status="active")
        )
        session.add(Location(id=f"l{number}", location_type="physical", latitude=39.3 + number / 100, longitude=-76.6))
        session.flush()
        session.add(ServiceAtLocation(id=f"sal{number}", service_id=f"s{number:02}", location_id=f"l{number}"))
        address = {"address_1": "1 Main St", "city": "Baltimore", "state_province": "MD", "postal_code": "21215"}
        session.add(
            Address(id=f"a{number}", location_id=f"l{number}", country="US", address_type="physical", **address)
        )
    session.flush()
    publish_organizations(session, [f"o{number}" for number in range(SERVICES)], now=datetime.now(UTC))


def change_services(session: Session, *numbers: int, **values: str) -> None:
    for number in numbers:
        session.execute(update(Service).where(Service.id == f"s{number:02}").values(values))
    publish_organizations(session, [f"o{number}" for number in numbers], now=datetime.now(UTC))


@contextmanager
def mirrored(url: str, folder: Path, *, straight: bool = False) -> Iterator[Mirrored]:
    """Open a small mirrored directory, whose Elasticsearch is reached by a link that can be troubled, or `straight`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "directory.db"
    path.write_bytes(empty_database())
    with own_cluster(url) as cluster, troubled_link(urlsplit(url.split(",")[0]).port or 9200) as link:
        settings = Settings(
            f"sqlite:///{path}",
            instance=folder,
            elasticsearch_urls=tuple(url.split(",")) if straight else (link.url,),
            elasticsearch_index=cluster.name,
        )
        app = create_app(settings)
        world = Mirrored(Database(settings.database_url), settings, app, cluster, link)
        wiring: Wiring = app.extensions["resource_api"]
        with wiring.database.write() as session:
            write_services(session)
            session.commit()
        world.indexer().follow()
        world.refresh()
        try:
            yield world
        finally:
            world.close()
            drop_all(cluster)


@contextmanager
def following(world: Mirrored) -> Iterator[None]:
    """Follow as a worker does, every now and then, whatever happens."""
    stop, indexer = Event(), world.indexer()

    def follow() -> None:
        while not stop.wait(0.2):
            try:
                indexer.follow()
            except (IndexAway, Busy):
                continue

    thread = Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        indexer.cluster.close()


def wait_until(true: Callable[[], bool], seconds: float) -> float:
    """Wait until something is true; get how long that took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, f"not within {seconds:g} s"
        time.sleep(0.1)
    return time.monotonic() - started
