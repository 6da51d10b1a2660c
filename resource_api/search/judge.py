"""WHICH CANDIDATES FIT, AND HOW WELL: the exact distance, the filters, the facets and the score.

Every index hands its candidates here as plain rows, so all of them answer alike. This is the inner loop of a search:
it may meet thousands of rows, so it compares squared chords instead of distances and asks each timetable once.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from resource_api.directory.hours import open_at, unpack
from resource_api.needs.infer import CERTAINTIES
from resource_api.places import point_in_geojson
from resource_api.search import rank
from resource_api.search.cells import chord_limit, chord_to_m, unit_vector
from resource_api.search.filters import read_filters
from resource_api.search.query import Ask, Reach, SearchHit, SearchPage, SearchQuery

_WEIGHTS = rank.CONFIDENCE_WEIGHT
_CERTAINTY = {name[0]: name for name in CERTAINTIES}
_BASE = ("service_id", "needs", "focus", "assured_day", "capacity", "x", "y", "z", "site", "areas", "remote")

# A service found only because its name or labels say the words of a need that it is not known to answer.
NAMED_ONLY, LABELLED_ONLY = 0.45, 0.2
TITLE_BONUS = 0.25
CONTEXT_TITLE, CONTEXT_LABEL, CONTEXT_MOST = 0.08, 0.05, 0.2
TITLE_WORD, LABEL_WORD, BODY_WORD = 1.0, 0.7, 0.3


class Judge:
    """Judges one query's candidates; made anew for each search."""

    def __init__(self, query: SearchQuery) -> None:
        self.query = query
        self.columns: list[str] = list(_BASE)
        asked = query.asked
        if asked.words or asked.essential or asked.context:
            self._title, self._labels = self._column("title"), self._column("labels")
        self._asked_needs = [_keys(ask) for ask in asked.needs]
        self._filter_needs = [_keys(ask) for ask in query.needs]
        self._words = [tuple(f" {form} " for form in word.forms) for word in asked.words]
        self._essential = [tuple(f" {form} " for form in word.forms) for word in asked.essential]
        self._context = [tuple(f" {form} " for form in word.forms) for word in asked.context]
        self._checks = list(read_filters(query, self._column))
        self._timetables: dict[str, bool] = {}
        if query.place is not None:
            point = query.place.point
            self._px, self._py, self._pz = unit_vector(point.latitude, point.longitude)
            self._limit = chord_limit(query.within_m)
            self._shapes = self._column("shapes")
        self._asks_hours = query.open_at is not None or "open" in query.facets
        if query.place is not None or self._asks_hours:
            self._sites, self._hours = self._column("sites"), self._column("hours")
        self._name = self._column("name_key") if query.sort == "name" else 0
        self._updated = self._column("updated_at") if query.sort == "updated" else 0
        self._today = datetime.now(UTC).date().toordinal()
        self._counters = {name: Counter[str]() for name in query.facets}
        self._facet_columns = self._read_facets()
        self._fits: list[tuple[Any, ...]] = []

    def consider(self, row: Sequence[Any]) -> None:
        """Judge one candidate, and keep it if it fits."""
        query = self.query
        unknown: list[str] = []
        for name, check in self._checks:
            answer = check(row)
            if answer is False:
                return
            if answer is None:
                unknown.append(name)
        reached: Reach | None = None
        chord: float | None = None
        site, hours = row[8], None
        if query.place is not None:
            found = self._reach(row)
            if found is None:
                return
            reached, chord, site, hours = found
        elif self._asks_hours:
            site, hours = self._anywhere(row)
        if query.open_at is not None:
            open_now = self._is_open(hours, query.open_at)
            if open_now is False:
                return
            if open_now is None:
                unknown.append("open_at")
        if self._counters:
            self._count(row, reached, hours)
        distance = chord_to_m(chord) if chord is not None else None
        score = self._score(row, distance, reached)
        self._fits.append(
            (
                self._key(row, score, distance, len(unknown)),
                row[0],
                score,
                reached,
                distance,
                site,
                row,
                unknown,
            )
        )

    def page(self) -> SearchPage:
        """Rank what fits and cut the page that was asked for."""
        start, stop = (self.query.page - 1) * self.query.per_page, self.query.page * self.query.per_page
        # The service id breaks every tie, so rows themselves are never compared.
        ranked = heapq.nsmallest(stop, self._fits, key=_key_then_id) if start < len(self._fits) else []
        return SearchPage(
            hits=tuple(self._write_hit(fit) for fit in ranked[start:stop]),
            total=len(self._fits),
            facets={name: tuple(c.most_common(50)) for name, c in self._counters.items()},
        )

    def _column(self, name: str) -> int:
        if name not in self.columns:
            self.columns.append(name)
        return self.columns.index(name)

    def _reach(self, row: Sequence[Any]) -> tuple[Reach, float | None, str | None, str | None] | None:
        """Find how a service reaches the caller: its nearest site in the circle, its area, or remotely."""
        x = row[5]
        if x is not None:
            if row[self._sites] is None:
                chord = (x - self._px) ** 2 + (row[6] - self._py) ** 2 + (row[7] - self._pz) ** 2
                if chord <= self._limit:
                    return "site", chord, row[8], row[self._hours]
            else:
                best = self._best_site(row)
                if best is not None:
                    return best
        place = self.query.place
        assert place is not None  # noqa: S101 - only called with a place
        areas = row[9]
        covered = bool(areas) and not place.areas.isdisjoint(areas.split())
        if not covered and row[self._shapes] is not None:
            covered = any(point_in_geojson(place.point, shape) for shape in orjson.loads(row[self._shapes]))
        if row[10] and (covered or (not areas and row[self._shapes] is None)):
            return "remote", None, *self._anywhere(row)
        return ("area", None, *self._anywhere(row)) if covered and not row[10] else None

    def _best_site(self, row: Sequence[Any]) -> tuple[Reach, float, str, str | None] | None:
        """Choose the nearest site in the circle; where a time is asked, the nearest that is not known to be closed."""
        inside: list[tuple[float, str, str | None]] = []
        for site, x, y, z, hours in orjson.loads(row[self._sites]):
            if x is None:
                continue
            chord = (x - self._px) ** 2 + (y - self._py) ** 2 + (z - self._pz) ** 2
            if chord <= self._limit:
                inside.append((chord, site, hours))
        if not inside:
            return None
        inside.sort(key=lambda each: (each[0], each[1]))
        return "site", *inside[self._most_open([hours for _, _, hours in inside])]

    def _anywhere(self, row: Sequence[Any]) -> tuple[str | None, str | None]:
        """Choose a site where none is near; where a time is asked, one that is not known to be closed."""
        if row[self._sites] is None:
            return row[8], row[self._hours]
        sites = [(site, hours) for site, _, _, _, hours in orjson.loads(row[self._sites])]
        return sites[self._most_open([hours for _, hours in sites])]

    def _most_open(self, timetables: list[str | None]) -> int:
        """Find the first that is open when asked, else the first not known to be closed, else the first."""
        if self.query.open_at is None:
            return 0
        answers = [self._is_open(hours, self.query.open_at) for hours in timetables]
        return answers.index(True if True in answers else None if None in answers else False)

    def _is_open(self, hours: str | None, moment: datetime) -> bool | None:
        if hours is None:
            return None
        answer = self._timetables.get(hours)
        if answer is None:
            answer = self._timetables[hours] = open_at(unpack(orjson.loads(hours)), moment)
        return answer

    def _score(self, row: Sequence[Any], distance: float | None, reached: Reach | None) -> float:
        relevance = self._relevance(row) * row[2]
        age = None if row[3] is None else float(self._today - row[3])
        capacity = rank.CAPACITY_WEIGHT.get(row[4], rank.UNKNOWN_CAPACITY)
        return rank.score(
            relevance, rank.nearness(distance, reached, remote=bool(row[10])), rank.freshness(age), capacity
        )

    def _relevance(self, row: Sequence[Any]) -> float:
        needs = row[1]
        relevance = 1.0
        if self._asked_needs:
            relevance = sum(_answer(needs, keys) for keys in self._asked_needs) / len(self._asked_needs)
            if self._words:
                title = row[self._title]
                named = sum(any(form in title for form in forms) for forms in self._words) / len(self._words)
                relevance = relevance * (1.0 + TITLE_BONUS * named) or (NAMED_ONLY if named == 1.0 else LABELLED_ONLY)
        elif self._essential:
            title, labels = row[self._title], row[self._labels]
            total = 0.0
            for forms in self._essential:
                if any(form in title for form in forms):
                    total += TITLE_WORD
                elif any(form in labels for form in forms):
                    total += LABEL_WORD
                else:
                    total += BODY_WORD
            relevance = total / len(self._essential)
        if self._context:
            title, labels = row[self._title], row[self._labels]
            bonus = 0.0
            for forms in self._context:
                if any(form in title for form in forms):
                    bonus += CONTEXT_TITLE
                elif any(form in labels for form in forms):
                    bonus += CONTEXT_LABEL
            relevance += min(bonus, CONTEXT_MOST)
        for keys in self._filter_needs:
            relevance *= _answer(needs, keys)
        return relevance

    def _key(self, row: Sequence[Any], score: float, distance: float | None, unknown: int) -> tuple[Any, ...]:
        if self.query.sort == "distance":
            return (distance is None, distance or 0.0)
        if self.query.sort == "name":
            return (row[self._name],)
        if self.query.sort == "updated":
            return (-row[self._updated],)
        return (unknown, -score)

    def _read_facets(self) -> dict[str, int]:
        columns = {
            "language": "languages",
            "city": "city",
            "organization": "organization_id",
            "free": "free",
            "accepts_referrals": "accepts",
            "life_stage": "life_stages",
        }
        return {name: self._column(columns[name]) for name in self.query.facets if name in columns}

    def _count(self, row: Sequence[Any], reached: Reach | None, hours: str | None) -> None:
        for name, counter in self._counters.items():
            if name == "need":
                counter.update(part[1:].partition(":")[0] for part in row[1].split(",") if part.startswith("^"))
            elif name == "reached_by":
                if reached is not None:
                    counter[reached] += 1
            elif name == "capacity":
                if row[4] is not None:
                    counter[row[4]] += 1
            elif name == "open":
                answer = self._is_open(hours, self.query.open_at or datetime.now(UTC))
                counter["unknown" if answer is None else "open" if answer else "closed"] += 1
            elif name == "free":
                value = row[self._facet_columns[name]]
                counter["unknown" if value is None else "yes" if value else "no"] += 1
            else:
                value = row[self._facet_columns[name]]
                if name in ("language", "life_stage"):
                    counter.update(value.split())
                elif value:
                    counter[value] += 1

    def _write_hit(self, fit: tuple[Any, ...]) -> SearchHit:
        _key, service_id, score, reached, distance, site, row, unknown = fit
        found: dict[str, str] = {}
        for keys in (*self._asked_needs, *self._filter_needs):
            for key, _weight in keys:
                at = row[1].find(key)
                if at >= 0:
                    found.setdefault(key.strip(",^:"), _CERTAINTY[row[1][at + len(key) + 1]])
        needs = tuple(found.items())
        asked = self.query.asked
        words = tuple(word.text for word in (*asked.words, *asked.essential, *asked.context))
        return SearchHit(service_id, score, reached, distance, site, needs, words, tuple(unknown))


def _key_then_id(fit: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*fit[0], fit[1])


def _keys(ask: Ask) -> list[tuple[str, float]]:
    """List what to look for in a row's needs, and how much each counts."""
    return [(f",^{slug}:" if weight == 1.0 else f",{slug}:", weight) for slug, weight in ask.answers]


def _answer(needs: str, keys: list[tuple[str, float]]) -> float:
    """Weigh how well a row answers one ask: by its best need, and how sure that is."""
    best = 0.0
    for key, weight in keys:
        at = needs.find(key)
        if at >= 0:
            best = max(best, weight * _WEIGHTS[needs[at + len(key)]])
    return best
