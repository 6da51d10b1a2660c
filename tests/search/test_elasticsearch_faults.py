"""When Elasticsearch is away, slow, full or wrong: searches are answered, writers do not wait, nothing is lost."""

import base64
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from resource_api.database import Database
from resource_api.directory.tables import Address, Location
from resource_api.errors import IndexAway
from resource_api.indexer import Indexer
from resource_api.search import breaker as breaking
from resource_api.search.breaker import Breaker
from resource_api.search.mirror_build import drop_old, find_live, find_next, make_live
from resource_api.search.tables import MirrorBuild, MirrorFault
from resource_api.settings import Settings
from resource_api.worker import run_worker
from tests.search.elasticsearch_server import own_cluster
from tests.search.mirrored import SERVICES, Mirrored, change_services, following, mirrored, wait_until
from tests.search.troubled_link import Trouble

ROOT = Path(__file__).parents[2]
# What a search may take whatever becomes of Elasticsearch, and what it takes when nobody asks there.
WITHIN_S, AT_ONCE_S = 2.0, 0.5
TROUBLES: tuple[Trouble, ...] = ("refused", "silent", "slow", "503")


@pytest.fixture
def world(elasticsearch_url: str, tmp_path: Path) -> Iterator[Mirrored]:
    with mirrored(elasticsearch_url, tmp_path) as world:
        yield world


def is_degraded(world: Mirrored) -> bool:
    return world.search().headers.get("Search-Degraded") == "true"


def heal_soon(world: Mirrored) -> None:
    world.index.breaker._alone_s = 0.3


def test_a_search_is_answered_by_elasticsearch(world: Mirrored) -> None:
    answer = world.search(facets="city")
    assert "Search-Degraded" not in answer.headers
    assert len(world.names(answer)) == SERVICES
    assert (answer.json or {})["facets"]["city"] == [{"value": "Baltimore", "label": "Baltimore", "count": SERVICES}]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_in_trouble_the_database_answers_within_two_seconds_and_says_so(world: Mirrored, trouble: Trouble) -> None:
    expected = world.names(world.search())
    world.index.breaker._alone_s = 60.0
    world.link.set(trouble)
    for within in (WITHIN_S, AT_ONCE_S, AT_ONCE_S):
        started = time.monotonic()
        answer = world.search()
        assert time.monotonic() - started < within
        assert answer.headers["Search-Degraded"] == "true"
        assert "max-age=0" in answer.headers["Cache-Control"]
        assert world.names(answer) == expected


@pytest.mark.parametrize("trouble", TROUBLES)
def test_writers_do_not_wait_and_the_index_catches_up_by_itself(
    world: Mirrored, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    heal_soon(world)
    with following(world):
        world.link.set(trouble)
        started = time.monotonic()
        for number in range(SERVICES):
            world.write(number, name=f"Changed {number:02}")
        assert time.monotonic() - started < WITHIN_S
        assert is_degraded(world)
        assert world.names(world.search())[0] == "Changed 00"
        world.link.set("none")
        took = wait_until(lambda: world.waiting() == 0, 60)
    assert took < 60
    assert world.agrees()
    wait_until(lambda: not is_degraded(world), 5)
    assert world.mirrored_names()[0] == "changed 00"


def test_readiness_tells_that_the_database_answers_searches(world: Mirrored) -> None:
    client = world.app.test_client()
    assert client.get("/readyz").json == {"status": "ready"}
    world.link.set("silent")
    started = time.monotonic()
    answer = client.get("/readyz")
    assert time.monotonic() - started < WITHIN_S
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "search": "degraded"})


def test_after_a_failure_one_at_a_time_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(breaking, "monotonic", lambda: clock[0])
    breaker = Breaker(5.0)
    assert breaker.let_through()
    breaker.note_failure()
    assert breaker.is_open
    assert not breaker.let_through()
    clock[0] += 5.0
    assert [breaker.let_through() for _ in range(3)] == [True, False, False]
    breaker.note_answer()
    assert breaker.let_through()
    assert not breaker.is_open


# --- full disks, poison ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", ["read_only_allow_delete", "write", "read_only"])
def test_what_cannot_be_taken_now_waits_in_the_log(world: Mirrored, block: str) -> None:
    index = find_live(world.cluster)
    world.cluster.call("PUT", f"/{index}/_settings", {f"index.blocks.{block}": True})
    try:
        world.write(3, name="Changed 03")
        indexer = world.indexer()
        with pytest.raises(IndexAway):
            indexer.follow()
        assert world.waiting() == 1
        assert indexer.follow() == 0, "it is left alone for a while"
    finally:
        world.cluster.call("PUT", f"/{index}/_settings", {f"index.blocks.{block}": None})
    world.indexer().follow()
    assert world.waiting() == 0
    assert world.agrees()


@pytest.mark.faults
def test_a_disk_that_is_full_refuses_for_now_and_nothing_is_lost(world: Mirrored) -> None:
    """The flood stage, as the cluster itself declares it; it is of the whole server, hence of the long forms."""
    prefix = "cluster.routing.allocation.disk"
    full = {
        f"{prefix}.threshold_enabled": True,
        f"{prefix}.watermark.low": "900tb",
        f"{prefix}.watermark.high": "900tb",
        f"{prefix}.watermark.flood_stage": "900tb",
        f"{prefix}.watermark.flood_stage.max_headroom": None,
        "cluster.info.update.interval": "10s",
    }
    live = find_live(world.cluster)

    def is_blocked() -> bool:
        settings = world.cluster.call("GET", f"/{live}/_settings", flat_settings="true")
        return settings[str(live)]["settings"].get("index.blocks.read_only_allow_delete") == "true"

    world.cluster.call("PUT", "/_cluster/settings", {"persistent": full})
    try:
        wait_until(is_blocked, 90)
        world.write(3, name="Changed 03")
        with pytest.raises(IndexAway):
            world.indexer().follow()
        assert world.waiting() == 1
        assert not is_degraded(world), "a full disk still answers"
    finally:
        world.cluster.call("PUT", "/_cluster/settings", {"persistent": dict.fromkeys(full)})
    with following(world):
        world.cluster.call("PUT", f"/{live}/_settings", {"index.blocks.read_only_allow_delete": None})
        wait_until(lambda: world.waiting() == 0, 60)
    assert world.agrees()


def test_poison_is_set_aside_and_the_others_go_on(world: Mirrored) -> None:
    def write_city(city: str) -> None:
        with world.app.extensions["resource_api"].database.write() as session:
            session.execute(update(Address).where(Address.id == "a5").values(city=city))
            change_services(session, 4, 5, 6, name="Changed")
            session.commit()

    write_city("x" * 40_000)
    assert world.indexer().follow() == 2
    assert world.waiting() == 0
    with world.database.read() as session:
        (fault,) = session.scalars(select(MirrorFault)).all()
    assert fault.service_id == "s05"
    assert "city" in fault.reason
    assert Indexer(world.database, world.cluster).compare().refused == ["s05"]
    write_city("Towson")
    world.indexer().follow()
    with world.database.read() as session:
        assert session.scalars(select(MirrorFault)).all() == []
    assert world.agrees()


# --- an index that is gone, older, or newer --------------------------------------------------------------------------


def test_an_index_that_was_deleted_is_built_again(world: Mirrored) -> None:
    heal_soon(world)
    world.cluster.call("DELETE", f"/{find_live(world.cluster)}")
    assert is_degraded(world)
    assert len(world.names(world.search())) == SERVICES
    with following(world):
        wait_until(lambda: not is_degraded(world), 60)
    assert world.agrees()


def test_an_alias_that_was_lost_is_set_again_and_what_was_missed_is_sent(world: Mirrored) -> None:
    heal_soon(world)
    live = find_live(world.cluster)
    world.cluster.call("DELETE", f"/{live}/_alias/{world.cluster.alias}")
    forget_to_tell(world, 7, name="Changed 07")
    assert is_degraded(world)
    with following(world):
        wait_until(lambda: not is_degraded(world), 60)
        wait_until(world.agrees, 60)
    assert find_live(world.cluster) == live


def forget_to_tell(world: Mirrored, *numbers: int, **values: str) -> None:
    """Change services as somebody whose settings name no Elasticsearch."""
    from resource_api.wiring import attach_index

    database = Database(world.settings.database_url)
    attach_index(database)
    with database.write() as session:
        change_services(session, *numbers, **values)
        session.commit()
    database.close()


def test_an_index_that_is_older_is_brought_up(world: Mirrored) -> None:
    forget_to_tell(world, 1, 2, name="Changed")
    forget_to_tell(world, 3, status="inactive")
    version = world.cluster.call("GET", f"/{world.cluster.alias}/_doc/s04")["_version"]
    gone = {"version": str(version), "version_type": "external_gte"}
    world.cluster.call("DELETE", f"/{world.cluster.alias}/_doc/s04", **gone)
    world.refresh()
    indexer = world.indexer()
    found = indexer.compare()
    assert (found.stale, found.orphaned, found.missing, found.ahead) == (["s01", "s02"], ["s03"], ["s04"], [])
    live = find_live(world.cluster)
    assert indexer.reconcile() == 4
    assert world.agrees()
    assert find_live(world.cluster) == live


def test_an_index_that_is_ahead_of_a_restored_database_is_built_anew(world: Mirrored, tmp_path: Path) -> None:
    path = Path(world.database.url.database or "")
    world.database.close()
    backup = copy_while_open(path, tmp_path / "backup.db")
    world.write(1, name="Never was")
    world.write(2, name="Otherwise")
    world.write(9, status="inactive")
    world.indexer().follow()
    world.close()
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    shutil.copy(backup, path)
    # The same version twice, of another content.
    world.write(2, name="This way")
    indexer, live = world.indexer(), find_live(world.cluster)
    indexer.follow()
    found = indexer.compare()
    assert "s01" in found.ahead
    assert found.missing == ["s09"] or "s09" in found.ahead
    indexer.reconcile()
    assert find_live(world.cluster) != live
    assert world.agrees()
    world.write(1, name="Goes on")
    world.indexer().follow()
    assert world.agrees()
    assert "goes on" in world.mirrored_names()


def copy_while_open(path: Path, to: Path) -> Path:
    """Copy a database that somebody is connected to."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    return to


def test_what_was_deleted_by_hand_and_is_remembered_so_is_built_anew(world: Mirrored) -> None:
    world.cluster.call("DELETE", f"/{world.cluster.alias}/_doc/s04")
    world.refresh()
    world.indexer().reconcile()
    assert world.agrees()
    assert "pantry 04" in world.mirrored_names()


def test_a_service_of_a_database_that_never_had_it_leaves_the_index(world: Mirrored) -> None:
    body = {"service_id": "stranger", "etag": "x", "tags": [], "facts": "AAAA"}
    world.cluster.call("PUT", f"/{world.cluster.alias}/_doc/stranger", body)
    world.refresh()
    assert world.indexer().reconcile() == 1
    assert world.agrees()


def test_a_site_that_has_just_become_confidential_is_told_of_no_more_though_the_index_still_knows_it(
    world: Mirrored,
) -> None:
    def make_confidential() -> None:
        with world.app.extensions["resource_api"].database.write() as session:
            session.execute(update(Location).where(Location.id == "l3").values(confidential=True))
            change_services(session, 3, name="Pantry 03")
            session.commit()

    def hits() -> dict[str, dict[str, object]]:
        answer = world.search(near="39.33,-76.6", within="50mi")
        assert "Search-Degraded" not in answer.headers
        return {hit["service_name"]: hit for hit in (answer.json or {})["contents"]}

    assert hits()["Pantry 03"]["distance_m"] == 0
    make_confidential()
    assert "Pantry 03" not in hits()
    world.indexer().follow()
    world.refresh()
    assert "Pantry 03" not in hits()
    said = {"size": 1, "query": {"term": {"service_id": "s03"}}, "docvalue_fields": ["city", "facts"]}
    (hit,) = world.cluster.call("POST", f"/{world.cluster.alias}/_search", said)["hits"]["hits"]
    assert "city" not in hit["fields"]
    near = {"query": {"bool": {"filter": [said["query"], {"prefix": {"tags": "g"}}]}}}
    assert world.cluster.call("POST", f"/{world.cluster.alias}/_count", near)["count"] == 0
    site = struct.unpack(">B24s", base64.b64decode(hit["fields"]["facts"][0])[-29:-4])
    assert site == (0, bytes(24)), "no point is left in what is judged"


def test_a_worker_follows_and_reconciles(world: Mirrored) -> None:
    world.write(3, name="Changed 03")
    forget_to_tell(world, 4, name="Changed 04")
    run_worker(world.settings, once=True)
    assert world.waiting() == 0
    assert world.agrees()
    world.link.set("refused")
    world.write(3, name="Changed again")
    run_worker(world.settings, once=True)
    assert world.waiting() == 1, "other work goes on where it is away"


@pytest.mark.faults
def test_after_a_restore_of_an_older_backup_the_index_is_the_databases_again(world: Mirrored, tmp_path: Path) -> None:
    def run(*arguments: str) -> None:
        line = [sys.executable, "-m", "resource_api.cli", *arguments]
        done = subprocess.run(line, cwd=ROOT, env=environment(world), capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    run("worker", "--once")
    run("backup", str(tmp_path / "backup"))
    world.write(1, name="Never was")
    world.write(2, status="inactive")
    world.indexer().follow()
    world.close()
    run("restore", str(tmp_path / "backup"), "--force")
    run("search", "check", "--repair")
    assert world.agrees()
    assert "pantry 01" in world.mirrored_names()
    assert len(world.mirrored_names()) == SERVICES


# --- rebuilding ------------------------------------------------------------------------------------------------------


def environment(world: Mirrored) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": world.settings.database_url,
        "INSTANCE_PATH": str(world.settings.instance),
        "ELASTICSEARCH_URL": world.settings.elasticsearch_urls[0],
        "ELASTICSEARCH_INDEX": world.settings.elasticsearch_index,
        "PYTHONPATH": str(ROOT),
    }


def command(world: Mirrored, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "resource_api.cli", "search", *arguments]
    return subprocess.run(
        line, cwd=ROOT, env=environment(world), capture_output=True, text=True, timeout=120, check=False
    )


def test_the_commands_keep_both_indexes(world: Mirrored) -> None:
    world.write(3, name="Changed 03")
    done = command(world, "check")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "missing 0, stale 0, orphaned 0",
            "Elasticsearch: missing 0, stale 0, ahead 0, orphaned 0, refused 0",
        ],
    ), "what waits in the log is no difference"
    done = command(world, "sync")
    assert done.stdout == "0 services brought up to date\n1 services brought up to date in Elasticsearch\n"
    forget_to_tell(world, 3, name="Changed again")
    done = command(world, "check")
    assert done.returncode == 1
    assert "stale 1," in done.stdout
    assert command(world, "check", "--repair").returncode == 0
    assert world.agrees()
    done = command(world, "rebuild")
    assert done.stdout == f"{SERVICES} services indexed anew\n{SERVICES} services indexed anew in Elasticsearch\n"
    assert world.agrees()
    world.link.set("refused")
    done = command(world, "sync", "--only", "elasticsearch")
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_index_that_answers_no_more_is_kept_a_day(world: Mirrored) -> None:
    first = find_live(world.cluster)
    world.indexer().rebuild()
    now = datetime.now(UTC)
    assert drop_old(world.cluster, now=now + timedelta(hours=23)) == []
    assert drop_old(world.cluster, now=now + timedelta(hours=25)) == [first]
    assert world.agrees()


def test_changes_made_while_an_index_is_built_are_in_it(world: Mirrored) -> None:
    indexer = world.indexer()
    seen: list[int] = []

    def change(done: int) -> None:
        seen.append(done)
        world.write(0, name="Changed meanwhile")
        world.write(1, status="inactive")
        assert len(world.names(world.search())) >= SERVICES - 1, "the old index answers meanwhile"
        world.indexer().follow()

    indexer.rebuild(change)
    assert seen == [SERVICES]
    assert world.waiting() == 0
    assert world.agrees()


@pytest.mark.faults
def test_a_rebuild_that_was_killed_goes_on_where_it_was(
    baltimore_database: Path, elasticsearch_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "directory.db"
    shutil.copy(baltimore_database, path)
    database = Database(f"sqlite:///{path}")
    with own_cluster(elasticsearch_url) as cluster:
        settings = Settings(
            f"sqlite:///{path}", elasticsearch_urls=(elasticsearch_url,), elasticsearch_index=cluster.name
        )
        Indexer.of(database, settings).rebuild()
        first = find_live(cluster)
        env = {**os.environ, "DATABASE_URL": settings.database_url, "ELASTICSEARCH_URL": elasticsearch_url}
        env |= {"ELASTICSEARCH_INDEX": cluster.name, "PYTHONPATH": str(ROOT), "INSTANCE_PATH": str(tmp_path)}
        line = [sys.executable, "-m", "resource_api.cli", "search", "rebuild", "--only", "elasticsearch"]

        def done() -> int:
            with database.read() as session:
                return session.scalar(select(MirrorBuild.done)) or 0

        process = subprocess.Popen(line, cwd=ROOT, env=env)
        wait_until(lambda: done() >= 500, 60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        reached, building = done(), find_next(cluster)
        assert 500 <= reached < 1_875
        assert find_live(cluster) == first
        # The turn of the killed one ends with its lease; here with a clock that is ahead.
        with database.write() as session:
            from resource_api.delivery.tables import Job

            session.execute(update(Job).values(leased_until=datetime.now(UTC) - timedelta(seconds=1)))
            session.commit()
        seen: list[int] = []
        Indexer.of(database, settings).rebuild(seen.append)
        assert seen[0] > reached
        assert find_live(cluster) == building
        found = Indexer.of(database, settings).compare()
        assert not found.services
    database.close()


def test_making_live_twice_is_making_live_once(world: Mirrored) -> None:
    live = find_live(world.cluster)
    assert live is not None
    make_live(world.cluster, live, now=datetime.now(UTC))
    assert find_live(world.cluster) == live
