"""What energy costs: a price that changes with time, and one for each session."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

# For how long a price is still believed when nobody can tell it any more.
BELIEVED_FOR = timedelta(hours=6)
# Changes of the price that are remembered, for samples that come late: weeks of hourly ones.
_REMEMBERED_CHANGES = 1000
# Since when a price holds that was the first one there was.
_EVER = datetime.min.replace(tzinfo=UTC)


class Change(NamedTuple):
    """Since when energy has which price per kWh; None from when nobody could tell it."""

    since: datetime
    per_kwh: float | None


class Tariff:
    """The prices of a central system. Amounts are in its currency, energies in Wh.

    Without a price, sessions have no cost.
    """

    def __init__(self) -> None:
        """Begin without any price."""
        self._currency: str | None = None
        self._per_session: float = 0
        self._charges_energy = False
        self._changes: deque[Change] = deque(maxlen=_REMEMBERED_CHANGES)
        self._listeners: list[Callable[[], None]] = []

    def watch(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever a price changed; return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        """Have all who watch look again: time alone can make a price unknown."""
        for listener in tuple(self._listeners):
            listener()

    @property
    def currency(self) -> str | None:
        """The currency of all amounts, by its three letters."""
        return self._currency

    @currency.setter
    def currency(self, currency: str | None) -> None:
        self._currency = currency
        self.tell()

    @property
    def per_session(self) -> float:
        """What each session costs beside its energy."""
        return self._per_session

    @per_session.setter
    def per_session(self, amount: float) -> None:
        self._per_session = amount
        self.tell()

    @property
    def exists(self) -> bool:
        """Return whether sessions cost anything."""
        return self._charges_energy or self.per_session != 0

    def free(self) -> None:
        """Charge nothing for energy any more."""
        self._charges_energy = False
        self._changes.clear()
        self.tell()

    def fix(self, per_kwh: float, at: datetime) -> None:
        """Have one price from a moment on, and for all time where there was none."""
        self._charges_energy = True
        self._change(per_kwh, at if self._changes else _EVER)

    def vary(self, per_kwh: float | None, at: datetime) -> None:
        """Have another price from a moment on; None while nobody can tell it."""
        self._charges_energy = True
        self._change(per_kwh, at)

    def _change(self, per_kwh: float | None, at: datetime) -> None:
        if not self._changes:
            self._changes.append(Change(at, per_kwh))
        elif self._changes[-1].per_kwh != per_kwh:
            # A clock that was set back does not put the changes out of order.
            at = max(at, self._changes[-1].since)
            self._changes.append(Change(at, per_kwh))
        self.tell()

    # --- what something costs -----------------------------------------------------------

    def price(self, at: datetime) -> float | None:
        """Return the price per kWh at a moment, or None where it is not known.

        What nobody could tell at that moment is taken from before, for six hours.
        """
        if not self._charges_energy:
            return 0
        untold_since: datetime | None = None
        for since, per_kwh in reversed(self._changes):
            if since > at:
                continue
            if per_kwh is None:
                untold_since = since
                continue
            if untold_since is None or at - untold_since < BELIEVED_FOR:
                return per_kwh
            return None
        return None

    def charge(
        self, energy: float, since: datetime, until: datetime
    ) -> tuple[float, bool]:
        """Return what energy in Wh costs, and whether the price of all of it is known.

        Where the price changed in between, the energy is spread evenly over the time.
        """
        if not self._charges_energy:
            return 0.0, True
        if self._changes:
            newest = self._changes[-1]
            # The usual case, for each sample of each session.
            if newest.per_kwh is not None and newest.since <= since:
                return energy / 1000 * newest.per_kwh, True
        if since >= until:
            return self._charge_at(energy, until)
        amount, complete = 0.0, True
        for begin, end in pairwise(self._steps(since, until)):
            part, known = self._charge_at(
                energy * ((end - begin) / (until - since)), begin
            )
            amount += part
            complete = complete and known
        return amount, complete

    def _charge_at(self, energy: float, at: datetime) -> tuple[float, bool]:
        per_kwh = self.price(at)
        return (0, False) if per_kwh is None else (energy / 1000 * per_kwh, True)

    def _steps(self, since: datetime, until: datetime) -> list[datetime]:
        """Return a span of time with every moment in it at which the price may change."""
        moments = {since, until}
        for change in self._changes:
            moments.add(change.since)
            if change.per_kwh is None:
                moments.add(change.since + BELIEVED_FOR)
        return sorted(moment for moment in moments if since <= moment <= until)

    # --- memory -------------------------------------------------------------------------

    def as_dict(self, at: datetime) -> dict[str, Any]:
        """Return what must survive a restart, as JSON, as it is at a moment."""
        return {
            "changes": [[since.isoformat(), price] for since, price in self._changes],
            "at": at.isoformat(),
        }

    def recall(self, kept: dict[str, Any], *, told: bool) -> None:
        """Take up the prices from before a restart.

        With `told` false nobody could tell the price since it was kept.
        """
        for since, per_kwh in kept.get("changes", []):
            self._changes.append(Change(datetime.fromisoformat(since), per_kwh))
        if self._changes and not told:
            self._change(None, datetime.fromisoformat(kept["at"]))
