"""How well are judged questions answered? precision@5 and nDCG@10, by class of question."""

import math
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.search.cards import read_cards
from resource_api.search.find import find_services
from resource_api.search.read_query import SearchRequest, read_query
from resource_api.search.sqlite_index import SQLiteIndex


@dataclass(frozen=True, slots=True)
class Score:
    """How well one question was answered. An unanswerable one counts fully or not at all: on zero hits."""

    id: str
    of_class: str
    precision: float
    ndcg: float


def measure(database_path: Path, judged_path: Path) -> list[Score]:
    """Ask every judged question of a loaded directory."""
    judged = tomllib.loads(judged_path.read_text("utf-8"))["query"]
    database = Database(f"sqlite:///{database_path}")
    index = SQLiteIndex()
    with database.read() as session:
        scores = [_measure_one(session, index, query) for query in judged]
    database.close()
    return scores


def summarize(scores: list[Score]) -> Iterator[tuple[str, int, float, float]]:
    """Average by class, and over all last."""
    by_class: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_class[score.of_class].append(score)
        by_class["all"].append(score)
    for name in [*(name for name in by_class if name != "all"), "all"]:
        of = by_class[name]
        yield name, len(of), sum(s.precision for s in of) / len(of), sum(s.ndcg for s in of) / len(of)


def _measure_one(session: Session, index: SQLiteIndex, query: dict[str, Any]) -> Score:
    asked: dict[str, Any] = {key: query[key] for key in ("q", "near", "within") if key in query}
    if "code" in query:
        asked["code"] = (query["code"],)
    page = find_services(session, index, read_query(session, index, SearchRequest(**asked)).query)
    cards = read_cards(session, [hit.service_id for hit in page.hits])
    found = [cards[hit.service_id]["source"]["id"] for hit in page.hits]
    grades = dict.fromkeys(query["good"], 1) | dict.fromkeys(query["best"], 2)
    if not grades:
        right = float(page.total == 0)
        return Score(query["id"], query["class"], right, right)
    precision = sum(each in grades for each in found[:5]) / min(5, len(grades))
    gained = _gain([grades.get(each, 0) for each in found[:10]])
    ndcg = gained / _gain(sorted(grades.values(), reverse=True)[:10])
    return Score(query["id"], query["class"], precision, ndcg)


def _gain(grades: list[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))
