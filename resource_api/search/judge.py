"""WHICH CANDIDATES FIT, AND HOW WELL: the exact distance, the filters, the facets and the score.

Every index hands its candidates here as plain rows, so all of them answer alike. This is the inner loop of a search:
it may meet thousands of rows, so it compares squared chords instead of distances, asks each timetable and weighs each
set of needs once, and looks closely only at the hits of the page.
"""

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime
from math import sqrt
from typing import Any

import orjson

from resource_api.directory.hours import open_at, unpack
from resource_api.places import EARTH_RADIUS_M, point_in_geojson
from resource_api.search import rank
from resource_api.search.cells import chord_limit, chord_to_m, unit_vector
from resource_api.search.facets import FacetCounter
from resource_api.search.filters import read_filters
from resource_api.search.query import Reach, SearchHit, SearchPage, SearchQuery
from resource_api.search.row import COLUMNS, Row
from resource_api.search.weigh import Weigher

# How a service reaches the caller: by what, the squared chord where by a site, which site, and its hours.
Reached = tuple[Reach, float | None, str | None, str | None]


class Judge:
    """Judges one query's candidates, rows of COLUMNS; made anew for each search."""

    def __init__(self, query: SearchQuery) -> None:
        self.query = query
        self._weigher = Weigher(query, COLUMNS.index)
        self._checks = list(read_filters(query, COLUMNS.index))
        self._timetables: dict[str, bool] = {}
        self._answers: dict[str, tuple[float, float]] = {}
        self._freshness: dict[int | None, float] = {None: rank.freshness(None)}
        if query.place is not None:
            point = query.place.point
            self._px, self._py, self._pz = unit_vector(point.latitude, point.longitude)
            self._limit = chord_limit(query.within_m)
            self._shapes = COLUMNS.index("shapes")
        self._asks_hours = query.open_at is not None or "open" in query.facets
        self._moment = query.open_at or datetime.now(UTC)
        if query.place is not None or self._asks_hours:
            self._sites = COLUMNS.index("sites")
        # Timetables are long texts: they are read only where a time is asked for.
        self._hours = COLUMNS.index("hours") if self._asks_hours else None
        self._sorts_by = COLUMNS.index({"name": "name_key", "updated": "updated_at"}.get(query.sort, "service_id"))
        self._today = datetime.now(UTC).date().toordinal()
        self._facets = FacetCounter(query.facets, COLUMNS.index) if query.facets else None
        self._fits: list[tuple[Any, Any, str, float, Row]] = []

    def consider(self, rows: Iterable[Row]) -> None:
        """Judge candidates, and keep those that fit."""
        placed, checks, closely = (
            self.query.place is not None,
            self._checks,
            self._asks_hours or self._facets is not None,
        )
        best, answers, freshness = self.query.sort == "best", self._answers, self._freshness
        says_words, keep = self._weigher.says_words, self._fits.append
        capacities, unknown_capacity = rank.CAPACITY_WEIGHT, rank.UNKNOWN_CAPACITY
        chord: float | None
        if placed:
            px, py, pz, limit, at_sites = self._px, self._py, self._pz, self._limit, self._sites
            steepness = EARTH_RADIUS_M / rank.HALF_NEAR_M
        for row in rows:
            unknown = 0
            if checks:
                verdicts = [check(row) for _, check in checks]
                if False in verdicts:
                    continue
                unknown = verdicts.count(None)
            chord, reached = None, None
            if placed:
                x = row[5]
                if x is not None and row[at_sites] is None:
                    dx, dy, dz = x - px, row[6] - py, row[7] - pz
                    chord = dx * dx + dy * dy + dz * dz
                if chord is not None and chord <= limit:
                    # rank.nearness, without the call: a chord is as good as its arc here.
                    near = 1.0 / (1.0 + sqrt(chord) * steepness)
                else:
                    reached = self._reach(row)
                    if reached is None:
                        continue
                    chord = reached[1]
                    near = rank.nearness(None if chord is None else chord_to_m(chord), reached[0], remote=False)
            else:
                near = rank.REMOTE_ANYWHERE if row[10] else 1.0
            if closely:
                is_open = self._is_open(self._hours_here(row, reached)) if self._asks_hours else None
                if self.query.open_at is not None:
                    if is_open is False:
                        continue
                    unknown += is_open is None
                if self._facets is not None:
                    by: Reach | None = reached[0] if reached else "site" if placed else None
                    self._facets.count(row, by, is_open)
            weighed = answers.get(row[1])
            if weighed is None:
                weighed = answers[row[1]] = self._weigher.weigh_needs(row[1])
            relevance, filtered = weighed
            if says_words:
                relevance = self._weigher.weigh_words(row, relevance)
            day = row[3]
            fresh = freshness.get(day)
            if fresh is None:
                fresh = freshness[day] = rank.freshness(float(self._today - day))
            capacity = capacities.get(row[4], unknown_capacity)
            score = rank.score(relevance * filtered * row[2], near, fresh, capacity)
            if best:
                keep((unknown, -score, row[0], score, row))
            else:
                keep((*self._sort_key(row, chord), row[0], score, row))

    def page(self) -> SearchPage:
        """Rank what fits and cut the page that was asked for."""
        start, stop = (self.query.page - 1) * self.query.per_page, self.query.page * self.query.per_page
        # The service id breaks every tie, so what stands behind it is never compared.
        ranked = heapq.nsmallest(stop, self._fits) if start < len(self._fits) else []
        return SearchPage(
            hits=tuple(self._write_hit(row, score) for _, _, _, score, row in ranked[start:stop]),
            total=len(self._fits),
            facets=self._facets.write() if self._facets else {},
        )

    def _sort_key(self, row: Row, chord: float | None) -> tuple[Any, Any]:
        if self.query.sort == "distance":
            return chord is None, chord or 0.0
        value = row[self._sorts_by]
        return (-value if self.query.sort == "updated" else value), 0

    def _hours_here(self, row: Row, reached: Reached | None) -> str | None:
        if reached is not None:
            return reached[3]
        return self._own_hours(row) if self.query.place is not None else self._anywhere(row)[1]

    def _own_hours(self, row: Row) -> str | None:
        return None if self._hours is None else row[self._hours]

    def _reach(self, row: Row) -> Reached | None:
        """Find how a service reaches the caller: its nearest site in the circle, its area, or remotely."""
        x = row[5]
        if x is not None:
            if row[self._sites] is None:
                chord = (x - self._px) ** 2 + (row[6] - self._py) ** 2 + (row[7] - self._pz) ** 2
                if chord <= self._limit:
                    return "site", chord, row[8], self._own_hours(row)
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

    def _best_site(self, row: Row) -> Reached | None:
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

    def _anywhere(self, row: Row) -> tuple[str | None, str | None]:
        """Choose a site where none is near; where a time is asked, one that is not known to be closed."""
        if row[self._sites] is None:
            return row[8], self._own_hours(row)
        sites = [(site, hours) for site, _, _, _, hours in orjson.loads(row[self._sites])]
        return sites[self._most_open([hours for _, hours in sites])]

    def _most_open(self, timetables: list[str | None]) -> int:
        """Find the first that is open when asked, else the first not known to be closed, else the first."""
        if self.query.open_at is None:
            return 0
        answers = [self._is_open(hours) for hours in timetables]
        return answers.index(True if True in answers else None if None in answers else False)

    def _is_open(self, hours: str | None) -> bool | None:
        if hours is None:
            return None
        answer = self._timetables.get(hours)
        if answer is None:
            answer = self._timetables[hours] = open_at(unpack(orjson.loads(hours)), self._moment)
        return answer

    def _write_hit(self, row: Row, score: float) -> SearchHit:
        """Look at one hit of the page closely, and say why it is there."""
        unknown = [name for name, check in self._checks if check(row) is None]
        reached: Reached | None = None
        site: str | None = row[8]
        if self.query.place is not None:
            reached = self._reach(row)
        elif self._asks_hours:
            site = self._anywhere(row)[0]
        if self.query.open_at is not None and self._is_open(self._hours_here(row, reached)) is None:
            unknown.append("open_at")
        by, chord = (reached[0], reached[1]) if reached else (None, None)
        asked = self.query.asked
        words = tuple(word.text for word in (*asked.words, *asked.essential, *asked.context))
        distance = None if chord is None else chord_to_m(chord)
        site = reached[2] if reached else site
        return SearchHit(row[0], score, by, distance, site, self._weigher.explain(row), words, tuple(unknown))
