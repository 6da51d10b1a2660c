"""HOW SERVICES REACH THE CALLER: by the nearest site in the circle, a service area, or remotely; and whether open then.

Squared chords stand for distances: their order is the same. Of a service's sites in the circle the nearest counts;
where a time is asked, the nearest that is not known to be closed.
"""

from datetime import datetime
from functools import lru_cache

import numpy as np
import orjson
from numpy.typing import NDArray

from resource_api.directory.hours import Hours, open_at, unpack
from resource_api.places import point_in_geojson
from resource_api.search.cells import chord_limit, unit_vector
from resource_api.search.column import NO, NOT_LISTED, NOTHING, YES, Flags, Floats, Numbers, spread
from resource_api.search.columns import Columns, X, Y, Z
from resource_api.search.query import Place, SearchQuery

BY_SITE, BY_AREA, REMOTELY, OUT_OF_REACH = 0, 1, 2, -1
# Wider than any squared chord, so that what is open comes first whatever the way.
_NO_WAY = 16.0
# Answers in order: not known, closed, open; the open come first, then what is not known.
_SHUT = np.array([1.0, 2.0, 0.0])

Small = NDArray[np.int8]


class Reached:
    """How each row reaches the caller.

    `by` what; the squared `chord` where by a site, else no number; by which `site` of several, -1 for the only one;
    and whether it `is_open` there, None where no time matters.
    """

    def __init__(
        self, query: SearchQuery, columns: Columns, slots: Numbers, hot: Floats, moment: datetime | None
    ) -> None:
        self._columns, self._slots = columns, slots
        counts = columns.sites[slots]
        self._several = np.flatnonzero(counts)
        # The sites of those that have several, end to end, and where each one's begin.
        self._at, self._begins = spread(columns.first_site[slots[self._several]], counts[self._several])
        self._answers = None if moment is None else self._ask_timetables(moment)
        self._shut: Floats | None = None
        if self._answers is not None and query.open_at is not None:
            self._shut = _SHUT[self._answers[columns.site_hours[self._at]] + 1]
        self.chord: Floats = np.full(len(slots), np.nan)
        self.site: Numbers = np.full(len(slots), -1)
        self.is_open: Small | None = None if self._answers is None else self._answers[columns.hours[slots]]
        if len(self._several):
            self._choose_anywhere()
        if query.place is None:
            self.by: Small = np.full(len(slots), BY_SITE, np.int8)
        else:
            self.by = self._reach(query.place, chord_limit(query.within_m), hot)

    def _reach(self, place: Place, limit: float, hot: Floats) -> Small:
        slots = self._slots
        px, py, pz = unit_vector(place.point.latitude, place.point.longitude)
        chord = (hot[:, X] - px) ** 2 + (hot[:, Y] - py) ** 2 + (hot[:, Z] - pz) ** 2
        if len(self._several):
            chord[self._several] = np.nan
            self._choose_near(chord, limit, px, py, pz)
        inside = chord <= limit
        self.chord = np.where(inside, chord, np.nan)
        by: Small = np.full(len(slots), BY_SITE, np.int8)
        outside = np.flatnonzero(~inside)
        if len(outside):
            by[outside] = self._reach_without_site(place, slots[outside])
        return by

    def _reach_without_site(self, place: Place, slots: Numbers) -> Small:
        columns = self._columns
        areas = columns.areas.gather(slots)
        covered = areas.say(columns.names.find(code) for code in place.areas)
        bounded: Flags = areas.codes[areas.begins] != NOTHING
        for at, slot in enumerate(slots.tolist() if columns.shapes else ()):
            if slot in columns.shapes:
                bounded[at] = True
                covered[at] |= any(point_in_geojson(place.point, shape) for shape in columns.shapes[slot])
        remote = columns.remote[slots]
        remotely = np.where(remote & ~bounded, REMOTELY, OUT_OF_REACH)
        return np.where(covered, np.where(remote, REMOTELY, BY_AREA), remotely).astype(np.int8)

    def _choose_near(self, chord: Floats, limit: float, px: float, py: float, pz: float) -> None:
        """Choose, of each service with several sites, the one in the circle that counts."""
        columns, at = self._columns, self._at
        way = (columns.site_x[at] - px) ** 2 + (columns.site_y[at] - py) ** 2 + (columns.site_z[at] - pz) ** 2
        preference = np.where(way <= limit, way, np.inf)
        if self._shut is not None:
            preference = preference + _NO_WAY * self._shut
        chosen = self._first_of_each(preference)
        found = preference[chosen] < np.inf
        rows, chosen = self._several[found], chosen[found]
        chord[rows] = way[chosen]
        self._settle(rows, chosen, self._begins[found])

    def _choose_anywhere(self) -> None:
        """Choose the sites that count where nobody is near: the first, or one that is not known to be closed."""
        chosen = self._begins if self._shut is None else self._first_of_each(self._shut)
        self._settle(self._several, chosen, self._begins)

    def _settle(self, rows: Numbers, chosen: Numbers, begins: Numbers) -> None:
        self.site[rows] = chosen - begins
        if self.is_open is not None and self._answers is not None:
            self.is_open[rows] = self._answers[self._columns.site_hours[self._at[chosen]]]

    def _first_of_each(self, preference: Floats) -> Numbers:
        """Find, for each of those services, its site with the least value; the first where several are equal."""
        least = np.minimum.reduceat(preference, self._begins)
        counts = np.diff(np.append(self._begins, len(preference)))
        hits = np.flatnonzero(preference == np.repeat(least, counts))
        return hits[np.searchsorted(hits, self._begins)]

    def _ask_timetables(self, moment: datetime) -> Small:
        """Ask each timetable that is in question once; the answers are by its code."""
        columns = self._columns
        texts = columns.timetables.texts
        answers = np.full(len(texts), NOT_LISTED, np.int8)
        asked = np.zeros(len(texts), np.bool_)
        asked[columns.hours[self._slots]] = asked[columns.site_hours[self._at]] = True
        asked[NOTHING] = False
        for code in np.flatnonzero(asked).tolist():
            answers[code] = YES if open_at(_read_hours(texts[code]), moment) else NO
        return answers


@lru_cache(maxsize=20_000)
def _read_hours(text: str) -> Hours:
    return unpack(orjson.loads(text))
