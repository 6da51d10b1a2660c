"""Of several nodes one may die: no search fails, no change is lost.

ELASTICSEARCH_CLUSTER names the nodes of a cluster on this machine (comma-separated) of which one may be killed.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from resource_api.search.elasticsearch_index import Access, Cluster
from resource_api.search.mirror_build import find_live
from tests.search.mirrored import SERVICES, following, mirrored, wait_until

READERS = 8
SECONDS = 25.0


def find_primary(asking: Cluster, of: Cluster) -> int:
    """Find the process that holds the primary of the index that answers: the worst one to lose."""
    shards = asking.call("GET", f"/_cat/shards/{find_live(of)}", format="json", h="prirep,id")
    primary = next(shard["id"] for shard in shards if shard["prirep"] == "p")
    process: int = asking.call("GET", f"/_nodes/{primary}/process")["nodes"][primary]["process"]["id"]
    return process


@pytest.mark.faults
def test_of_three_nodes_one_is_killed_and_nothing_fails_or_is_lost(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    urls = os.environ.get("ELASTICSEARCH_CLUSTER", "")
    if urls.count(",") < 2:
        pytest.skip("ELASTICSEARCH_CLUSTER names no cluster of three nodes that may lose one")
    stop, counts, slowest = Event(), Counter[str](), [0.0]
    written: dict[int, str] = {}
    with mirrored(urls, tmp_path, straight=True) as world:
        asking = Cluster(Access(tuple(urls.split(",")), "none"))

        def read() -> None:
            while not stop.is_set():
                started = time.monotonic()
                answer = world.search()
                slowest[0] = max(slowest[0], time.monotonic() - started)
                whole = answer.status_code == 200 and len((answer.json or {})["contents"]) == SERVICES
                counts["degraded" if "Search-Degraded" in answer.headers else "answered"] += whole
                counts["failed"] += not whole

        def load() -> None:
            number = 0
            while not stop.wait(0.05):
                name = f"Changed {number}"
                world.write(number % SERVICES, name=name)
                written[number % SERVICES] = name.lower()
                number += 1

        wait_until(lambda: asking.call("GET", "/_cluster/health")["status"] == "green", 60)
        threads = [Thread(target=load), *(Thread(target=read) for _ in range(READERS))]
        with following(world):
            for thread in threads:
                thread.start()
            stop.wait(SECONDS / 3)
            os.kill(find_primary(asking, world.cluster), signal.SIGKILL)
            stop.wait(SECONDS * 2 / 3)
            stop.set()
            for thread in threads:
                thread.join()
            took = wait_until(lambda: world.waiting() == 0, 60)
        assert world.agrees()
        assert world.mirrored_names() == sorted(written.values())
        asking.close()
    record_property(
        "summary",
        f"elasticsearch: one of three nodes killed: {dict(counts)}, slowest search {slowest[0]:.2f} s, "
        f"whole again {took:.1f} s after the last write",
    )
    assert counts["failed"] == 0
    assert counts["answered"] > counts["degraded"]
