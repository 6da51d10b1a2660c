"""HOW LONG THE FIRST REAL QUESTION TAKES: `/search?need=food&near=21215` on Baltimore's directory.

Measured in this process, as search_inprocess.py does, on the data that `RESOURCE_DATA` names (by default
`../shared/data` beside the repository), loaded by `resource-api load`. Told only: it has no bar.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns

from benchmarks.answering import answer_search
from benchmarks.backend import Backend
from benchmarks.figure import Figure, percentiles
from benchmarks.load import load_package
from benchmarks.serving import ROOT
from resource_api.database import Database
from resource_api.search.read_query import SearchRequest
from resource_api.wiring import make_index

BACKENDS = ("SQLite", "PostgreSQL")
QUESTION = SearchRequest(need=("food",), near="21215")
TIMES = 400


def measure(backend: Backend) -> Iterator[Figure]:
    """Load Baltimore and ask the same question many times."""
    data = Path(os.environ.get("RESOURCE_DATA", ROOT / "../shared/data")) / "baltimore"
    if not data.is_dir():
        yield Figure("baltimore.not measured", "its data is not here: RESOURCE_DATA names no folder with it", "")
        return
    with TemporaryDirectory() as folder, backend.database(Path(folder)) as url:
        seconds, _ = load_package(url, data)
        database = Database(url)
        index = make_index(database)
        taken = []
        for number in range(TIMES + 20):
            started = perf_counter_ns()
            _, total, _ = answer_search(database, index, QUESTION)
            if number >= 20:
                taken.append((perf_counter_ns() - started) / 1e6)
        database.close()
    yield from percentiles("baltimore.need=food&near=21215", taken)
    yield Figure("baltimore.services that fit", total, "services")
    yield Figure("baltimore.load", round(seconds, 1), "s")
