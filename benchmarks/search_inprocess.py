"""HOW LONG ONE SEARCH TAKES, in this process, with 10,000, 100,000 and 500,000 services.

Measured: all that a view does (read the question, find, write the hits with their cards, facets, sources, relaxations
when nothing fits, and the JSON) for 400 questions, none repeated (questions.py). Each size is a process of its own,
so that none profits from what another has cached; question by question, each size answers in turn, so that a slow
moment of the machine falls on all of them.

Against: SQLite's own `MATCH ... ORDER BY rank LIMIT 20`, the same FTS5 expression on the same table in the same
process, right after ours (so its pages are warm). It gets ids alone: no exact distance, no filter, no facet, no
total, no text. The bar is on that one; `MATCH ... LIMIT 20` in no order at all, which stops at the twentieth row it
meets, is told too. On PostgreSQL the same tokens are asked of GIN, by `ts_rank` and in no order; where the words must
stand is not asked there, which PostgreSQL is not told.
"""

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import TYPE_CHECKING

from benchmarks.answering import answer_search
from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small, percentile, percentiles
from benchmarks.index_database import index_databases
from benchmarks.questions import COUNT, ask_questions
from benchmarks.wording import SEED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from resource_api.search.query import SearchQuery

BACKENDS = ("SQLite", "PostgreSQL")
SIZES = (10_000, 100_000, 500_000)
SMALL_SIZES = (2_000, 5_000, 10_000)
WARM_UP = 100
MOST_TIMES_BARE = 4.0
MOST_GROWTH = 12.0
_PATIENCE_S = 120

_FTS5 = tuple(
    f"SELECT rowid FROM search_fts WHERE search_fts MATCH ? {order}LIMIT 20" for order in ("ORDER BY rank ", "")
)
_GIN = tuple(
    f"SELECT id FROM search_fts, CAST(%s AS tsquery) asked WHERE tokens @@ asked {order}LIMIT 20"
    for order in ("ORDER BY ts_rank(tokens, asked) DESC ", "")
)

Taken = tuple[float, float, float, int]


def measure(backend: Backend) -> Iterator[Figure]:
    """Measure every size, question by question."""
    sizes = SMALL_SIZES if is_small() else SIZES
    context = get_context("spawn")
    workers = []
    for url in index_databases(sizes, backend):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(url, theirs), daemon=True)
        process.start()
        workers.append((ours, process))
    taken: list[list[Taken]] = [[] for _ in sizes]
    for ours, _ in workers:
        _receive(ours)
    for number in range(COUNT):
        for place, (ours, _) in enumerate(workers):
            ours.send(number)
            taken[place].append(_receive(ours))
    for ours, process in workers:
        ours.send(None)
        process.join(timeout=30)
    medians = []
    for size, some in zip(sizes, taken, strict=True):
        name = f"search_inprocess.{size // 1000}k"
        ours_ms = [each[0] for each in some]
        ranked, unordered = (percentile([each[column] for each in some], 0.5) for column in (1, 2))
        medians.append((percentile(ours_ms, 0.5), ranked))
        yield from percentiles(name, ours_ms)
        yield Figure(f"{name} bare index by rank p50", round(ranked, 3), "ms")
        yield Figure(f"{name} bare index unordered p50", round(unordered, 3), "ms")
        yield Figure(f"{name} median hits", percentile([each[3] for each in some], 0.5), "services")
        yield Figure(f"{name} empty answers", round(sum(not each[3] for each in some) / COUNT, 3), "share")
    ours_ms, bare_ms = medians[1]
    name = f"search_inprocess.p50 at {sizes[1] // 1000}k ÷ bare index by rank"
    yield Figure(name, round(ours_ms / bare_ms, 2), "×", MOST_TIMES_BARE)
    name = f"search_inprocess.p50 at {sizes[2] // 1000}k ÷ p50 at {sizes[0] // 1000}k"
    yield Figure(name, round(medians[2][0] / medians[0][0], 2), "×", MOST_GROWTH)


def _receive(connection: Connection) -> Taken:
    if not connection.poll(_PATIENCE_S):
        raise TimeoutError(f"no answer within {_PATIENCE_S} s")
    taken: Taken = connection.recv()
    return taken


def _work(url: str, connection: Connection) -> None:
    """Answer questions by their number, each with what it took: ours, ranked and unordered (ms), and the hits."""
    from resource_api.database import Database
    from resource_api.wiring import make_index

    database = Database(url)
    index = make_index(database)
    for question in ask_questions(WARM_UP, seed=SEED + 1):
        answer_search(database, index, question.request())
    questions = ask_questions()
    connection.send((0.0, 0.0, 0.0, 0))
    while (number := connection.recv()) is not None:
        request = questions[number].request()
        started = perf_counter_ns()
        _, total, reading = answer_search(database, index, request)
        ours = perf_counter_ns() - started
        bare = [0, 0]
        with database.read() as session:
            expression, statements = _write_bare(session, reading.query)
            driver = session.connection().connection.dbapi_connection
            for place, sql in enumerate(statements if expression else ()):
                started = perf_counter_ns()
                driver.execute(sql, (expression,)).fetchall()  # type: ignore[union-attr]
                bare[place] = perf_counter_ns() - started
        connection.send((ours / 1e6, bare[0] / 1e6, bare[1] / 1e6, total))
    database.close()


def _write_bare(session: "Session", query: "SearchQuery") -> tuple[str | None, tuple[str, ...]]:
    """Write what the bare index is asked, and the statements that ask it."""
    from resource_api.database import is_sqlite
    from resource_api.search.expression import match_expression, token_clauses
    from resource_api.search.postgres_index import say_tokens

    if is_sqlite(session):
        return match_expression(query), _FTS5
    said = []
    for clause in token_clauses(query):
        alternatives = (" & ".join(f"({say_tokens(t.columns, t.tokens)})" for t in terms) for terms in clause)
        said.append(f"({' | '.join(alternatives)})")
    return " & ".join(said) or None, _GIN
