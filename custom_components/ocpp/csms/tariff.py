"""What energy costs: a price that changes with time, and one for each session."""

from collections import deque
from datetime import datetime, timedelta

# For how long a price is still believed when nobody can tell it any more.
_BELIEVED_FOR = timedelta(hours=6)
# Changes of the price that are remembered, for samples that come late: weeks of hourly ones.
_REMEMBERED_CHANGES = 1000


class Tariff:
    """The prices of a central system. Amounts are in its currency, energies in Wh.

    Without a price, sessions have no cost.
    """

    def __init__(self) -> None:
        """Begin without any price."""
        self.currency: str | None = None
        self.per_session: float = 0
        self._fixed: float | None = None
        # Since when which price per kWh; None from when it could not be told any more.
        self._changes: deque[tuple[datetime, float | None]] = deque(
            maxlen=_REMEMBERED_CHANGES
        )
        self._varies = False

    @property
    def exists(self) -> bool:
        """Return whether sessions cost anything."""
        return self._varies or self._fixed is not None or self.per_session != 0

    def fix(self, per_kwh: float | None) -> None:
        """Have the same price at all times, or none."""
        self._fixed = per_kwh
        self._varies = False
        self._changes.clear()

    def vary(self, per_kwh: float | None, at: datetime) -> None:
        """Have another price from a moment on; None while nobody can tell it."""
        self._fixed = None
        self._varies = True
        if self._changes and at < self._changes[-1][0]:
            at = self._changes[-1][0]
        if not self._changes or self._changes[-1][1] != per_kwh:
            self._changes.append((at, per_kwh))

    def price(self, at: datetime) -> float | None:
        """Return the price per kWh at a moment, or None where it is not known.

        What nobody could tell at that moment is taken from before, for six hours.
        """
        if not self._varies:
            return 0 if self._fixed is None else self._fixed
        untold_since: datetime | None = None
        for since, per_kwh in reversed(self._changes):
            if since > at:
                continue
            if per_kwh is None:
                untold_since = since
                continue
            if untold_since is None or at - untold_since <= _BELIEVED_FOR:
                return per_kwh
            return None
        return None
