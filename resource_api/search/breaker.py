"""WHETHER TO ASK AGAIN: who has just not answered is left alone for a while, and then asked by one caller only."""

from threading import Lock
from time import monotonic

# How long nobody asks. Each who asks in vain waits out a budget; the others are answered by the database meanwhile.
ALONE_S = 5.0


class Breaker:
    """Lets callers through while there are answers; after a failure nobody for a while, then one at a time."""

    def __init__(self, alone_s: float = ALONE_S) -> None:
        self._alone_s = alone_s
        self._changing = Lock()
        self._until: float | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the last who asked had no answer."""
        return self._until is not None

    def let_through(self) -> bool:
        """Tell whether a caller may ask now; who may tells how it went."""
        with self._changing:
            if self._until is None:
                return True
            now = monotonic()
            if now < self._until:
                return False
            # This one asks. Should it never tell how it went, another may ask when it has had as long.
            self._until = now + self._alone_s
            return True

    def note_answer(self) -> None:
        """Note that there was an answer."""
        with self._changing:
            self._until = None

    def note_failure(self) -> None:
        """Note that there was none."""
        with self._changing:
            self._until = monotonic() + self._alone_s
