"""Elasticsearch keeps the contract of every index: the same sentences as the embedded one's."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from sqlalchemy.orm import Session

from resource_api.search.document import SearchDocument
from resource_api.search.elasticsearch_index import Cluster, ElasticsearchIndex
from resource_api.search.elasticsearch_mapping import index_body, write_document
from resource_api.search.mirror import Operation, send
from resource_api.search.query import SearchPage, SearchQuery
from resource_api.search.row import text_columns, write_row
from resource_api.search.sqlite_index import SQLiteIndex
from tests.search import test_index_contract as contract
from tests.search.elasticsearch_server import own_cluster
from tests.search.services import JSON, put, searching
from tests.search.test_index_contract import *  # noqa: F403 - every test of the contract


class Mirrored:
    """The embedded index of a test, whose queries Elasticsearch answers."""

    def __init__(self, embedded: SQLiteIndex, cluster: Cluster) -> None:
        self.embedded, self.cluster = embedded, cluster
        self.has_word, self.spoken_words = embedded.has_word, embedded.spoken_words
        self.stored_services = embedded.stored_services

    def put(self, session: Session, documents: Iterable[SearchDocument]) -> None:
        rows = list(documents)
        self.embedded.put(session, rows)
        self._send(
            [
                Operation(d.service_id, None, orjson.dumps(write_document(write_row(d) | text_columns(d), "")))
                for d in rows
            ]
        )

    def remove(self, session: Session, service_ids: Collection[str]) -> None:
        self.embedded.remove(session, service_ids)
        self._send([Operation(service, None, None) for service in service_ids])

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        return ElasticsearchIndex(self.cluster, self.embedded.explain).find(session, query)

    def is_degraded(self) -> bool:
        return False

    def _send(self, operations: list[Operation]) -> None:
        sent = send(self.cluster, [self.cluster.alias], operations)
        assert not sent.refused
        assert not sent.again
        self.cluster.call("POST", f"/{self.cluster.alias}/_refresh")


@pytest.fixture(autouse=True)
def at_elasticsearch(elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def searching_there(path: Path, *services: JSON) -> Iterator[tuple[Session, Mirrored]]:
        with own_cluster(elasticsearch_url) as cluster, searching(path) as (session, embedded):
            body = index_body() | {"aliases": {cluster.alias: {}}}
            cluster.call("PUT", f"/{cluster.name}-1", body)
            index = Mirrored(embedded, cluster)
            put(session, index, *services)
            yield session, index

    monkeypatch.setattr(contract, "searching", searching_there)
