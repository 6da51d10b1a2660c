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
from resource_api.search.columns import NO, NOT_LISTED, NOTHING, YES, Columns, Flags, Floats, Numbers, spread
from resource_api.search.query import Place, SearchQuery

BY_SITE, BY_AREA, REMOTELY, OUT_OF_REACH = 0, 1, 2, -1
# Wider than any squared chord, so that what is open comes first whatever the way.
_NO_WAY = 16.0

Small = NDArray[np.int8]


class Reached:
    """How each row reaches the caller.

    `by` what; the squared `chord` where by a site, else no number; by which `site` of several, -1 for the only one;
    and whether it `is_open` there, None where no time matters.
    """

    def __init__(self, query: SearchQuery, columns: Columns, slots: Numbers, moment: datetime | None) -> None:
        self._columns, self._slots = columns, slots
        self._several = np.flatnonzero(columns.sites[slots])
        self._prefers_open = query.open_at is not None
        self._open_by_timetable = None if moment is None else self._ask_timetables(moment)
        self.chord: Floats = np.full(len(slots), np.nan)
        self.site: Numbers = np.full(len(slots), -1)
        self.is_open: Small | None = None
        self._choose_first_sites()
        if query.place is None:
            self.by: Small = np.full(len(slots), BY_SITE, np.int8)
        else:
            self.by = self._reach(query.place, chord_limit(query.within_m))

    def _reach(self, place: Place, limit: float) -> Small:
        columns, slots = self._columns, self._slots
        px, py, pz = unit_vector(place.point.latitude, place.point.longitude)
        chord = (columns.x[slots] - px) ** 2 + (columns.y[slots] - py) ** 2 + (columns.z[slots] - pz) ** 2
        chord[self._several] = np.nan
        if len(self._several):
            self._choose_sites(chord, limit, px, py, pz)
        inside = chord <= limit
        self.chord = np.where(inside, chord, np.nan)
        areas = columns.areas.gather(slots)
        covered = areas.say(columns.names.find(code) for code in place.areas)
        bounded: Flags = areas.codes[areas.begins] != NOTHING
        for at, slot in enumerate(slots.tolist() if columns.shapes else ()):
            if slot in columns.shapes:
                bounded[at] = True
                covered[at] |= any(point_in_geojson(place.point, shape) for shape in columns.shapes[slot])
        remote = columns.remote[slots]
        otherwise = np.where(
            remote, np.where(covered | ~bounded, REMOTELY, OUT_OF_REACH), np.where(covered, BY_AREA, OUT_OF_REACH)
        )
        return np.where(inside, BY_SITE, otherwise).astype(np.int8)

    def _choose_sites(self, chord: Floats, limit: float, px: float, py: float, pz: float) -> None:
        """Choose, of each service with several sites, the one in the circle that counts."""
        columns = self._columns
        at, begins = self._sites()
        way = (columns.site_x[at] - px) ** 2 + (columns.site_y[at] - py) ** 2 + (columns.site_z[at] - pz) ** 2
        preference = np.where(way <= limit, way, np.inf)
        if self._prefers_open and self._open_by_timetable is not None:
            preference += _NO_WAY * _shut(self._open_by_timetable[columns.site_hours[at]])
        chosen = _first_of_each(preference, begins)
        found = preference[chosen] < np.inf
        rows, chosen, begins = self._several[found], chosen[found], begins[found]
        chord[rows] = way[chosen]
        self.site[rows] = chosen - begins
        if self.is_open is not None and self._open_by_timetable is not None:
            self.is_open[rows] = self._open_by_timetable[columns.site_hours[at[chosen]]]

    def _choose_first_sites(self) -> None:
        """Choose the sites that count where nobody is near: the first, or one that is not known to be closed."""
        if self._open_by_timetable is not None:
            self.is_open = self._open_by_timetable[self._columns.hours[self._slots]]
        if not len(self._several):
            return
        at, begins = self._sites()
        preference = np.zeros(len(at))
        if self._open_by_timetable is not None and self._prefers_open:
            preference = _shut(self._open_by_timetable[self._columns.site_hours[at]])
        chosen = _first_of_each(preference, begins)
        self.site[self._several] = chosen - begins
        if self.is_open is not None and self._open_by_timetable is not None:
            self.is_open[self._several] = self._open_by_timetable[self._columns.site_hours[at[chosen]]]

    def _sites(self) -> tuple[Numbers, Numbers]:
        slots = self._slots[self._several]
        return spread(self._columns.first_site[slots], self._columns.sites[slots])

    def _ask_timetables(self, moment: datetime) -> Small:
        """Ask each timetable that is in question once; the answers are by its code."""
        columns = self._columns
        codes = columns.hours[self._slots]
        if len(self._several):
            codes = np.concatenate([codes, columns.site_hours[self._sites()[0]]])
        answers = np.full(len(columns.timetables.texts), NOT_LISTED, np.int8)
        for code in np.unique(codes).tolist():
            if code != NOTHING:
                answers[code] = YES if open_at(_read_hours(columns.timetables.texts[code]), moment) else NO
        return answers


def _shut(answers: Small) -> Floats:
    """Order answers: open, then not known, then closed."""
    return np.array([1.0, 2.0, 0.0])[answers + 1]


def _first_of_each(preference: Floats, begins: Numbers) -> Numbers:
    """Find the place of the least value of each run, the first where several are equal."""
    owner = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(preference))))
    first: Numbers = np.lexsort((preference, owner))[begins]
    return first


@lru_cache(maxsize=20_000)
def _read_hours(text: str) -> Hours:
    return unpack(orjson.loads(text))
