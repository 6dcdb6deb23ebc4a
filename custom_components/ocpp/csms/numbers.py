"""Numbers that requests and reservations are known by."""

from time import time


class Numbers:
    """Numbers that differ also over restarts."""

    def __init__(self) -> None:
        """Begin with the clock's seconds."""
        self._last = 0

    def next(self) -> int:
        """Return a number that was not given before."""
        self._last = max(self._last + 1, int(time()))
        return self._last


next_number = Numbers().next
