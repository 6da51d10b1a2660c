"""PostgreSQL that is killed, restarted, replaced, or asked by forked processes: nothing is lost, and it heals."""

import http.client
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from benchmarks.serving import free_port, our_command, serving
from resource_api.database import Database
from tests.databases import Kind, make_tables, url_of
from tests.postgres import Cluster, make_cluster, new_folder
from tests.referrals.conftest import made_world, world  # noqa: F401 - for those that share a server
from tests.referrals.world import DATA_KEYS, SECRET, World, make_world
from tests.town.cut_link import CutLink
from tests.town.town import Town, ask_on, living, wait_for
from tests.town.writers import check_nothing_lost, writing

# Whoever is told to come back finds it healed then.
HEALS_WITHIN_S = 5.0


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of its own, on disk, that may be killed."""
    made = make_cluster(on_disk=True)
    made.start()
    yield made
    made.stop("immediate")
    made.remove()


@contextmanager
def town_on(cluster: Cluster, folder: Path, link: CutLink | None = None) -> Iterator[Town]:
    """Let a town live on a server, and speak to it over a link perhaps."""
    path = Kind("postgresql", cluster.server).new(folder / "world", tables=False)
    database = Database(url_of(path))
    make_tables(database)
    database.close()
    make_world(path)
    if link is not None:
        path.write_text(make_url(url_of(path)).set(port=link.port).render_as_string(), "utf-8")
    (folder / "town").mkdir()
    with living(path, folder / "town", drop=False) as town:
        yield town


def is_up(cluster: Cluster) -> bool:
    try:
        psycopg.connect(cluster.server.url).close()
    except psycopg.OperationalError:
        return False
    return True


def wait_until_it_heals(town: Town, cluster: Cluster) -> float:
    """Wait until the server has recovered, which takes as long as its disk; then see how long ours takes."""
    wait_for(lambda: is_up(cluster))
    began = time.monotonic()
    wait_for(lambda: town.is_ready() and town.ask("GET", "/services").status == 200)
    return time.monotonic() - began


def kill_a_backend(cluster: Cluster) -> None:
    """Kill a process that serves one connection: the server ends all others, and recovers."""
    with psycopg.connect(cluster.server.url, autocommit=True) as connection:
        chosen = "SELECT pid FROM pg_stat_activity WHERE application_name = 'resource-api' ORDER BY random() LIMIT 1"
        found = connection.execute(chosen).fetchone()
        assert found is not None
        os.kill(found[0], signal.SIGKILL)
        with suppress(psycopg.OperationalError):  # until the server has noticed
            while True:
                connection.execute("SELECT pg_sleep(0.01)")


def restart(cluster: Cluster) -> None:
    cluster.stop("fast")
    cluster.start()


def kill(cluster: Cluster) -> None:
    """Kill the server's first process, as when the machine's memory is full; and start it again."""
    cluster.kill()
    cluster.start()


def end_connections(cluster: Cluster) -> None:
    with psycopg.connect(cluster.server.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'resource-api'"
        )


def break_again_and_again(cluster: Cluster, folder: Path, times: int) -> str:
    """Break the server in one way after the other, while eight write; each time it heals."""
    ways, slowest, chance = (restart, end_connections, kill, kill_a_backend), 0.0, random.Random(7)
    with town_on(cluster, folder) as town:
        with writing(town) as ledger:
            for number in range(times):
                time.sleep(chance.uniform(0.3, 1.0))
                ways[number % len(ways)](cluster)
                slowest = max(slowest, wait_until_it_heals(town, cluster))
        # What was on its way through several faults counts as tried, and comes by the published schedule: in minutes.
        check_nothing_lost(town, ledger, within_s=60 if times < 10 else 420)
    assert slowest < HEALS_WITHIN_S
    return (
        f"{times} faults, {len(ledger.ids)} referrals by {ledger.tries} requests: none lost, healed in {slowest:.1f} s"
    )


@pytest.mark.faults
def test_a_server_that_breaks_in_every_way_loses_nothing(cluster: Cluster, tmp_path: Path, record_property) -> None:
    record_property("summary", break_again_and_again(cluster, tmp_path, 12))


@pytest.mark.faults
def test_a_standby_takes_over_and_nothing_that_was_acknowledged_is_lost(
    cluster: Cluster, tmp_path: Path, record_property
) -> None:
    standby = cluster.copy_to(new_folder(on_disk=True))
    standby.start()
    cluster.server.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
    cluster.server.run("SELECT pg_reload_conf()")
    try:
        with CutLink(cluster.port).open() as link, town_on(cluster, tmp_path, link) as town:
            with writing(town) as ledger:
                time.sleep(2)
                cluster.stop("immediate")
                began = time.monotonic()
                standby.server.run("SELECT pg_is_in_recovery()")
                # The old one's setting came along, and nobody follows the new one.
                standby.promote()
                standby.server.run("ALTER SYSTEM RESET synchronous_standby_names")
                standby.server.run("SELECT pg_reload_conf()")
                link.to_port = standby.port
                wait_until_it_heals(town, standby)
                took = time.monotonic() - began
                before = len(ledger.ids)
                wait_for(lambda: len(ledger.ids) > before + 10)
                # The old one is back, and may only be read: whoever writes is led to it is told to come again.
                cluster.start("default_transaction_read_only=on")
                link.to_port = cluster.port
                end_connections(standby)
                assert town.ask("GET", "/services").status == 200
                time.sleep(1)
                link.to_port = standby.port
                end_connections(cluster)
                wait_until_it_heals(town, standby)
            check_nothing_lost(town, ledger)
        said = f"fail-over in {took:.1f} s, {len(ledger.ids)} referrals by {ledger.tries} requests: none lost"
        record_property("summary", said)
    finally:
        standby.stop("immediate")
        standby.remove()


def share(of: World, requests: int) -> Counter[int]:
    """Serve by two processes that were forked after the database was asked, and ask them so much."""
    port = free_port()
    command = our_command(port)
    command[command.index("wsgi:app")] = "tests.town.preloaded:app"
    environment = {
        "DATABASE_URL": url_of(of.path), "INSTANCE_PATH": str(of.path.parent), "SECRET_KEY": SECRET,
        "DATA_KEYS": DATA_KEYS,
    }  # fmt: skip
    token = of.asking("hospital").token

    def ask(number: int) -> Counter[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        paths = ("/services", "/referrals", "/search?q=food", "/organizations")
        found = Counter(
            ask_on(connection, "GET", paths[n % len(paths)], Authorization=f"Bearer {token}").status
            for n in range(requests // 8)
        )
        connection.close()
        return found

    with serving([*command, "--preload"], port, "/readyz", environment), ThreadPoolExecutor(8) as pool:
        return sum(pool.map(ask, range(8)), Counter())


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True, scope="session")
def test_processes_that_were_forked_share_no_connection(world: World) -> None:  # noqa: F811
    assert share(world, 800) == {200: 800}


@pytest.mark.faults
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True, scope="session")
def test_in_ten_thousand_requests_no_two_processes_speak_on_one_connection(world: World) -> None:  # noqa: F811
    assert share(world, 10_000) == {200: 10_000}
