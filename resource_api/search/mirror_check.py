"""DOES ELASTICSEARCH TELL THE TRUTH: the ids, versions and contents that it holds, compared with the documents'.

The database is right. What it has and the mirror lacks, or has older, is sent; what it has not is deleted. Where the
mirror is ahead, the database was restored: versions will be given a second time, and only an index built anew can
follow them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from resource_api.among import among
from resource_api.database import Database
from resource_api.directory.tables import Document, Service
from resource_api.search.elasticsearch_index import Cluster
from resource_api.search.follow import OFFERED
from resource_api.search.mirror import join_etags
from resource_api.search.tables import MirrorChange, MirrorFault

AT_A_TIME = 5_000
KEPT = "2m"


@dataclass(slots=True)
class MirrorDifference:
    """Services that the mirror lacks, has older, has newer or otherwise, and should not have; and those it refused."""

    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def services(self) -> list[str]:
        """List every service that differs, and could be mended."""
        return [*self.missing, *self.stale, *self.ahead, *self.orphaned]


@dataclass(frozen=True, slots=True)
class Held:
    """A version of a service, and what tells its content from another's."""

    version: int
    etag: str


def compare_mirror(database: Database, cluster: Cluster, alias: str) -> Iterator[tuple[int, MirrorDifference]]:
    """Compare the index of an alias with the documents, both ways; yields how many were compared, and what differs.

    Both go on changing meanwhile: whatever differs is looked at again, and what waits in the log differs by right.
    """
    cluster.call("POST", f"/{alias}/_refresh")
    difference = MirrorDifference()
    done, last, matched = 0, "", 0
    while True:
        with database.read() as session:
            expected = dict(_read_expected(session, last))
        if not expected:
            break
        held = _read_held(cluster, alias, [service for service, each in expected.items() if each is not None])
        matched += len(held)
        suspects = [service for service, each in expected.items() if held.get(service) != each]
        if suspects:
            look_again(database, cluster, alias, suspects, difference)
        done, last = done + len(expected), next(reversed(expected))
        yield done, difference
    if cluster.call("GET", f"/{alias}/_count")["count"] != matched:
        for ids in _walk_ids(cluster, alias):
            with database.read() as session:
                waiting = _read_waiting(session, ids)
                offered = {service for service, each in _find_expected(session, ids) if each is not None}
            difference.orphaned += sorted(set(ids) - offered - waiting - set(difference.orphaned))
    yield done, difference


def look_again(
    database: Database, cluster: Cluster, alias: str, suspects: list[str], difference: MirrorDifference
) -> None:
    """Add to a difference those of these services that differ."""
    cluster.call("POST", f"/{alias}/_refresh")
    held = _read_held(cluster, alias, suspects)
    with database.read() as session:
        # Read after the mirror was: what is ahead of this is ahead indeed.
        expected = _find_expected(session, suspects)
        waiting = _read_waiting(session, suspects)
        refused = {fault.service_id: fault.version for fault in session.scalars(select(MirrorFault))}
    for service, each in expected:
        there = held.get(service)
        if there == each or (service in waiting and (there is None or each is None or there.version < each.version)):
            continue
        if each is None:
            difference.orphaned.append(service)
        elif refused.get(service) == each.version:
            difference.refused.append(service)
        elif there is None:
            difference.missing.append(service)
        elif there.version < each.version:
            difference.stale.append(service)
        else:
            difference.ahead.append(service)


def _read_waiting(session: Session, ids: list[str]) -> set[str]:
    return set(session.scalars(select(MirrorChange.service_id).where(among(MirrorChange.service_id, ids))))


def _expected() -> Any:
    card = aliased(Document)
    same = and_(card.kind == "card", card.id == Document.id)
    return (
        select(
            Document.id,
            (Document.version + card.version).label("version"),
            Document.etag,
            card.etag.label("card_etag"),
            (Document.deleted_at.is_(None) & card.deleted_at.is_(None) & Service.status.in_(OFFERED)).label("offered"),
        )
        .join(card, same, isouter=True)
        .join(Service, Service.id == Document.id, isouter=True)
        .where(Document.kind == "service")
    )


def _read_expected(session: Session, after: str) -> list[tuple[str, Held | None]]:
    rows = session.execute(_expected().where(Document.id > after).order_by(Document.id).limit(AT_A_TIME))
    return [_read_row(row) for row in rows]


def _find_expected(session: Session, ids: list[str]) -> list[tuple[str, Held | None]]:
    return [_read_row(row) for row in session.execute(_expected().where(among(Document.id, ids)))]


def _read_row(row: Any) -> tuple[str, Held | None]:
    return row.id, Held(row.version, join_etags(row.etag, row.card_etag)) if row.offered else None


def _read_held(cluster: Cluster, alias: str, ids: list[str]) -> dict[str, Held]:
    body = {
        "query": {"bool": {"filter": {"terms": {"service_id": ids}}}},
        "size": AT_A_TIME,
        "_source": False,
        "version": True,
        "docvalue_fields": ["etag"],
        "sort": ["_doc"],
    }
    if not ids:
        return {}
    answer = cluster.call("POST", f"/{alias}/_search", body, allow_partial_search_results="false")
    return {hit["_id"]: Held(hit["_version"], hit["fields"]["etag"][0]) for hit in answer["hits"]["hits"]}


def _walk_ids(cluster: Cluster, alias: str) -> Iterator[list[str]]:
    opened = cluster.call("POST", f"/{alias}/_pit", keep_alive=KEPT, allow_partial_search_results="false")
    point: str = opened["id"]
    body: dict[str, Any] = {"size": AT_A_TIME, "_source": False, "sort": [{"service_id": "asc"}]}
    try:
        while True:
            answer = cluster.call("POST", "/_search", body | {"pit": {"id": point, "keep_alive": KEPT}})
            hits = answer["hits"]["hits"]
            if not hits:
                return
            yield [hit["_id"] for hit in hits]
            body["search_after"] = hits[-1]["sort"]
    finally:
        cluster.call("DELETE", "/_pit", {"id": point})
