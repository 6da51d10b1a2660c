"""WHAT IS AT HAND: rows of the embedded index that this process has met, as columns of numbers.

Finding which services match takes a millisecond; judging them one by one in Python takes many. So rows are kept
in columns, where thousands are judged at once. A row's number is never given again, hence what is kept under it is
true for ever: a change of the index only leaves rows behind that nothing finds any more.
"""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from resource_api.search.column import NOT_LISTED, NOTHING, Codes, Column, ListColumn, Numbers
from resource_api.search.rank import CAPACITY_WEIGHT, UNKNOWN_CAPACITY
from resource_api.search.row import COLUMNS

if TYPE_CHECKING:
    from resource_api.search.shelf import Shelf

# The columns of `Columns.hot`: the point of the first site, how focused the service is, when it was assured, its room.
HOT = X, Y, Z, FOCUS, DAY, CAPACITY = range(6)


class Columns:
    """The rows kept, each in a slot."""

    def __init__(self) -> None:
        self._slots: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self._loading = Lock()
        self.number, self.service_id, self.site_id = Column(np.int64), Column("S36"), Column("S36")
        # What every search reads, side by side: see HOT.
        self.hot = Column(np.float64, len(HOT))
        self.updated_at, self.minimum_age, self.maximum_age = (Column(np.float64) for _ in range(3))
        self.free, self.remote = Column(np.int8), Column(np.bool_)
        self.capacity, self.accepts, self.organization = Column(np.int32), Column(np.int32), Column(np.int32)
        self.city, self.hours, self.accessible = Column(np.int32), Column(np.int32), Column(np.int32)
        self.needs, self.title, self.labels, self.areas = ListColumn(), ListColumn(), ListColumn(), ListColumn()
        self.languages, self.life_stages = ListColumn(), ListColumn()
        # Of services with several sites only; `first_site` is where they begin, `sites` how many they are.
        self.first_site, self.sites = Column(np.int64), Column(np.int32)
        self.site_x, self.site_y, self.site_z = Column(np.float64), Column(np.float64), Column(np.float64)
        self.site_hours, self.site_ids = Column(np.int32), Column("S36")
        self.shapes: dict[int, list[dict[str, Any]]] = {}
        self.names, self.tokens, self.timetables, self.parts = Codes(), Codes(), Codes(), Codes()
        self.statuses, self.tags, self.remarks = Codes(), Codes(), Codes()
        self._parts: list[tuple[str, str]] = [("", "")]
        self.families = Column(np.int32)
        self.families.extend([NOTHING])
        # A need as rows say it ("^baby") → the codes under which they do, with how surely (a digit).
        self.parts_of: dict[str, list[tuple[int, str]]] = {}

    def __len__(self) -> int:
        """Count the rows that are kept."""
        return self.number.size

    def find(self, shelf: "Shelf", numbers: Numbers) -> Numbers:
        """Get the slots of rows, reading those that are not kept yet."""
        if not len(numbers):
            return numbers
        slots = self._known(numbers)
        if slots.min() < 0:
            with self._loading:
                slots = self._known(numbers)
                missing = numbers[slots < 0]
                if len(missing):
                    self.load(shelf.read_rows(missing))
                    slots = self._known(numbers)
        # A row that has gone since its number was found is no candidate.
        return slots[slots >= 0]

    def read_site(self, slot: int, place: int) -> str | None:
        """Read the id of a row's site: the one at a place among several, or its own where that is -1."""
        site = self.site_id.values[slot] if place < 0 else self.site_ids.values[self.first_site.values[slot] + place]
        return site.decode() or None

    def whence(self, code: int) -> str:
        """Tell where it is known from that a row answers a need, by the code of how it does: a letter."""
        return self._parts[code][1][1]

    def _known(self, numbers: Numbers) -> Numbers:
        self._make_room(int(numbers.max()))
        return self._slots[numbers].astype(np.int64)

    def _make_room(self, top: int) -> None:
        slots = self._slots
        if top >= len(slots):
            grown = np.full(max(top + 1, 2 * len(slots)), -1, np.int32)
            grown[: len(slots)] = slots
            self._slots = grown

    def load(self, rows: Sequence[Any]) -> None:
        """Keep rows, each its number and then what COLUMNS name; they must not be kept yet."""
        if not rows:
            return
        number, *columns = zip(*rows, strict=True)
        of = dict(zip(COLUMNS, columns, strict=True))
        first = len(self)
        capacities = [CAPACITY_WEIGHT.get(code, UNKNOWN_CAPACITY) for code in of["capacity"]]
        hot = [of["x"], of["y"], of["z"], of["focus"], of["assured_day"], capacities]
        self.hot.extend(np.array(hot, np.float64).T)
        for name in ("updated_at", "minimum_age", "maximum_age"):
            getattr(self, name).extend(np.array(of[name], np.float64))
        for name, codes in (
            ("capacity", self.statuses),
            ("accepts", self.statuses),
            ("city", self.names),
            ("accessible", self.remarks),
            ("hours", self.timetables),
        ):
            getattr(self, name).extend([codes.write(text) for text in of[name]])
        self.organization.extend([self.names.write(text) for text in of["organization_id"]])
        self.free.extend([NOT_LISTED if free is None else free for free in of["free"]])
        self.remote.extend(of["remote"])
        self.service_id.extend(of["service_id"])
        self.site_id.extend([site or "" for site in of["site"]])
        for name in ("title", "labels"):
            getattr(self, name).extend([self.tokens.write(part) for part in text.split()] for text in of[name])
        for name, codes in (("areas", self.names), ("languages", self.tags), ("life_stages", self.tags)):
            getattr(self, name).extend([codes.write_list(text) for text in of[name]])
        self.needs.extend([self._part(part) for part in text.split(",") if part] for text in of["needs"])
        for slot, (sites, shapes) in enumerate(zip(of["sites"], of["shapes"], strict=True), first):
            self._load_sites(orjson.loads(sites) if sites else [])
            if shapes:
                self.shapes[slot] = orjson.loads(shapes)
        # Last: a row is known only when all of it is there.
        self.number.extend(number)
        self._make_room(max(number))
        self._slots[np.array(number)] = np.arange(first, first + len(rows))

    def _load_sites(self, sites: list[list[Any]]) -> None:
        self.first_site.extend([self.site_x.size])
        self.sites.extend([len(sites)])
        if sites:
            ids, x, y, z, hours = zip(*sites, strict=True)
            self.site_ids.extend(ids)
            self.site_x.extend(np.array(x, np.float64))
            self.site_y.extend(np.array(y, np.float64))
            self.site_z.extend(np.array(z, np.float64))
            self.site_hours.extend([self.timetables.write(text) for text in hours])

    def _part(self, part: str) -> int:
        """Write a need as a row says it, `^baby:9t`: its slug, how surely it is answered, where that is known from."""
        known = len(self.parts.texts)
        code = self.parts.write(part)
        if code == known:
            slug, _, said = part.partition(":")
            self._parts.append((slug, said))
            # What a need facet counts: each need that a row answers itself or by a child, once.
            self.families.extend([self.names.write(slug[1:]) if slug.startswith("^") else NOTHING])
            self.parts_of.setdefault(slug, []).append((code, said[0]))
        return code
