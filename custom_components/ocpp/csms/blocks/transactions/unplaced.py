"""The sessions of which a station of 2.x does not say at which EVSE they run."""

from collections.abc import Iterator

from ...model import Transaction


class Unplaced:
    """They run on one of several EVSEs, nobody knows which, until the station says it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: dict[int, Transaction] = {}
        # Whether there ever was one.
        self.seen = False

    def __iter__(self) -> Iterator[Transaction]:
        """Return them in the order in which they began."""
        return iter(sorted(self._running.values(), key=lambda it: it.started))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._running)

    def get(self, number: int) -> Transaction | None:
        """Return one by its number."""
        return self._running.get(number)

    def take(self, transaction: Transaction) -> None:
        """Know one that runs, as it is now."""
        self.seen = True
        self._running[transaction.number] = transaction

    def drop(self, number: int) -> bool:
        """Know one no more that ended, or has a place; return whether it was there."""
        return self._running.pop(number, None) is not None
