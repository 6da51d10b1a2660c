"""The questions that people ask are answered by services that a reader would send them to.

`judged.toml` was looked at while searching was made; `held_back.toml` was not, until it was done.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.relevance.measure import measure, summarize

HERE = Path(__file__).parent
LEAST = 0.85


@pytest.mark.parametrize("judged", ["judged", "held_back"])
def test_judged_questions_are_answered_well(
    baltimore_database: Path, judged: str, record_property: Callable[[str, object], None]
) -> None:
    scores = measure(baltimore_database, HERE / f"{judged}.toml")
    averages = {name: (count, precision, ndcg) for name, count, precision, ndcg in summarize(scores)}
    lines = [f"{name:14} {count:3}  P@5 {p:.3f}  nDCG@10 {n:.3f}" for name, (count, p, n) in averages.items()]
    record_property("summary", "\n".join([f"relevance: {judged}.toml", *lines]))
    assert averages["all"][1] >= LEAST
    assert averages["unanswerable"][1] == 1.0
