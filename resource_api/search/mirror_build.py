"""WHICH INDEXES THERE ARE: each has a number, one of them answers, and at most one is being built.

`directory-3` holds documents; the alias `directory-f1` leads to the one that answers, in the format that this release
reads, and `directory-f1-next` to the one that is being built. An alias moves at once: no search meets half an index.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from resource_api.directory.document import Document
from resource_api.errors import IndexLost
from resource_api.search.elasticsearch_index import Cluster
from resource_api.search.elasticsearch_mapping import FORMAT, index_body
from resource_api.search.follow import BATCH
from resource_api.search.tables import MirrorBuild

# How long an index that answers no more is kept, should somebody want it back.
KEPT = timedelta(days=1)


def find_live(cluster: Cluster) -> str | None:
    """Find the index that answers."""
    return _find_behind(cluster, cluster.alias)


def find_next(cluster: Cluster) -> str | None:
    """Find the index that is being built."""
    return _find_behind(cluster, cluster.next_alias)


def find_left(cluster: Cluster) -> str | None:
    """Find the newest index that once answered in this format, and lost its alias."""
    found = [
        name
        for name, meta in _list_indexes(cluster).items()
        if meta.get("format") == FORMAT and meta.get("live_since") is not None
    ]
    return max(found, key=lambda name: _number(cluster, name), default=None)


def open_next(cluster: Cluster) -> str:
    """Make a new index, empty, under the alias of the one that is being built; another one there is dropped."""
    unfinished = find_next(cluster)
    if unfinished is not None:
        drop_index(cluster, unfinished)
    number = max((_number(cluster, name) for name in _list_indexes(cluster)), default=0) + 1
    name = f"{cluster.name}-{number}"
    cluster.call("PUT", f"/{name}", index_body() | {"aliases": {cluster.next_alias: {}}}, wait_for_active_shards="1")
    return name


def make_live(cluster: Cluster, name: str, *, now: datetime) -> None:
    """Let an index answer, instead of any other, at once."""
    meta = _list_indexes(cluster)[name]
    if "live_since" not in meta:
        body = {"_meta": meta | {"live_since": now.isoformat()}}
        cluster.call("PUT", f"/{name}/_mapping", body)
    actions: list[dict[str, dict[str, str]]] = [{"add": {"index": name, "alias": cluster.alias}}]
    before = find_live(cluster)
    if before not in (None, name):
        actions.append({"remove": {"index": str(before), "alias": cluster.alias}})
    if find_next(cluster) == name:
        actions.append({"remove": {"index": name, "alias": cluster.next_alias}})
    cluster.call("POST", "/_aliases", {"actions": actions})


def drop_old(cluster: Cluster, *, now: datetime) -> list[str]:
    """Drop the indexes that have not answered for a day; get their names."""
    live, building = find_live(cluster), find_next(cluster)
    indexes = _list_indexes(cluster)
    since = indexes.get(live or "", {}).get("live_since")
    if since is None or datetime.fromisoformat(since) > now - KEPT:
        return []
    old = sorted(name for name in indexes if name not in (live, building))
    for name in old:
        drop_index(cluster, name)
    return old


def drop_index(cluster: Cluster, name: str) -> None:
    """Drop an index."""
    cluster.call("DELETE", f"/{name}")


def read_build(session: Session) -> MirrorBuild | None:
    """Read how far the index that is being built has come."""
    return session.scalars(select(MirrorBuild)).first()


def begin_build(session: Session, name: str, *, now: datetime) -> MirrorBuild:
    """Note that an index is being built, from the beginning."""
    session.execute(delete(MirrorBuild))
    begun = MirrorBuild(index_name=name, last_service="", done=0, started_at=now)
    session.add(begun)
    session.flush()
    return begun


def note_build(session: Session, name: str, last: str, done: int) -> None:
    """Note how far an index has come: whoever goes on begins there."""
    own = update(MirrorBuild).where(MirrorBuild.index_name == name)
    session.execute(own.values(last_service=last, done=done))


def end_build(session: Session) -> None:
    """Note that no index is being built."""
    session.execute(delete(MirrorBuild))


def read_services(session: Session, after: str) -> list[str]:
    """Read the next ids of services, the deleted ones too."""
    ids = select(Document.id).where(Document.kind == "service", Document.id > after)
    return list(session.scalars(ids.order_by(Document.id).limit(BATCH)))


def _find_behind(cluster: Cluster, alias: str) -> str | None:
    try:
        found = cluster.call("GET", f"/_alias/{alias}")
    except IndexLost:
        return None
    return next(iter(found), None)


def _list_indexes(cluster: Cluster) -> dict[str, dict[str, Any]]:
    return dict(_read_indexes(cluster))


def _read_indexes(cluster: Cluster) -> Iterator[tuple[str, dict[str, Any]]]:
    mappings = cluster.call("GET", f"/{cluster.name}-*/_mapping")
    for name, found in mappings.items():
        if re.fullmatch(rf"{re.escape(cluster.name)}-\d+", name):
            yield name, found["mappings"].get("_meta", {})


def _number(cluster: Cluster, name: str) -> int:
    return int(name.removeprefix(f"{cluster.name}-"))
