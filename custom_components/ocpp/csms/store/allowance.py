"""How much a station may have kept in a day: what it tells has no end, a disk has one."""

from collections.abc import Callable
import logging
from time import monotonic

_LOGGER = logging.getLogger(__name__)

# In seconds.
A_DAY = 86_400.0
# In a day, of one station. A large site, where each minute of 64 EVSEs is kept and each of
# them has a hundred cars, stays below.
MOST_SAMPLES = 100_000
MOST_USES = 10_000
# Transactions are never dropped: with more than this people are told.
MANY_TRANSACTIONS = 1_000
# Stations that are counted; beyond that the oldest begins anew.
_MOST_STATIONS = 1_000


class Allowance:
    """Counts what each station has kept, and begins anew each day."""

    def __init__(
        self, what: str, most: int, clock: Callable[[], float] = monotonic
    ) -> None:
        """Begin with nothing kept; `what` is what it is called in the log."""
        self._what, self._most, self._clock = what, most, clock
        # By station: since when, and how many.
        self._counts: dict[str, tuple[float, int]] = {}

    def take(self, station: str) -> bool:
        """Count one more; return whether it may be kept. What may not is told once."""
        since, count = self._counts.get(station, (self._clock(), 0))
        if self._clock() - since >= A_DAY:
            since, count = self._clock(), 0
        if station not in self._counts and len(self._counts) >= _MOST_STATIONS:
            del self._counts[next(iter(self._counts))]
        self._counts[station] = since, count + 1
        if count == self._most:
            _LOGGER.warning(
                "%s told of more than %s %s within a day",
                station,
                self._most,
                self._what,
            )
        return count < self._most

    def is_exceeded(self, station: str) -> bool:
        """Return whether a station wanted more kept, within the last day."""
        since, count = self._counts.get(station, (self._clock(), 0))
        return count > self._most and self._clock() - since < A_DAY


class Plenty(Allowance):
    """Counts the transactions that stations begin, and says where they are too many."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with none."""
        super().__init__("transactions", MANY_TRANSACTIONS, clock)
        self._watchers: dict[str, Callable[[], None]] = {}

    def count(self, station: str) -> None:
        """Count a transaction, which is kept in any case."""
        before = self.is_exceeded(station)
        self.take(station)
        if self.is_exceeded(station) and not before and station in self._watchers:
            self._watchers[station]()

    def watch(self, station: str, tell: Callable[[], None]) -> Callable[[], None]:
        """Have it told when a station begins too many; return how to stop that."""
        self._watchers[station] = tell

        def stop() -> None:
            if self._watchers.get(station) is tell:
                del self._watchers[station]

        return stop
