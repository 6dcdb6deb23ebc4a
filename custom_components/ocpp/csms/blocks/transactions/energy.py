"""How much a session has charged, from registers that do not always behave."""

from dataclasses import asdict, dataclass
from typing import Any

# In Wh, more than any car takes at once. A register that moves further did not count it.
MOST_PER_SESSION = 200_000
# In Wh. Rounding makes registers step back by this much without having restarted.
_ROUNDING = 100


@dataclass(kw_only=True)
class SessionEnergy:
    """Counts one session. All values are in Wh; the energy never falls.

    `start` is what the station said the register was at the start. It can be missing, or 0
    where the register is not; `before` is the last register known from before the session,
    which settles both.
    """

    start: float | None = None
    before: float | None = None
    # Where counting began, how far it came, and what was counted before a restart.
    base: float | None = None
    last: float | None = None
    carried: float = 0
    # The samples count the session although the start is that of the meter.
    relative: bool = False

    @property
    def energy(self) -> float:
        """Return the energy counted so far."""
        if self.base is None or self.last is None:
            return self.carried
        return self.carried + self.last - self.base

    def take(self, register: float) -> None:
        """Count up to a reading of the register."""
        if self.base is None or self.last is None:
            self.base = self._first_base(register)
        elif register < self.last:
            if self.last - register <= _ROUNDING < register:
                return
            self.carried = self.energy
            # What a restarted register shows was charged since it restarted.
            self.base = 0 if register <= MOST_PER_SESSION else register
        self.last = register

    def _first_base(self, register: float) -> float:
        if self.start:
            if register >= self.start or self.start - register <= _ROUNDING:
                return min(self.start, register)
            self.relative = True
            return 0 if register <= MOST_PER_SESSION else register
        if self.before and register >= self.before:
            return self.before
        if self.start is None or register > MOST_PER_SESSION:
            return register
        return 0

    def finish(self, meter_stop: float | None) -> float:
        """Return the energy of the whole session, given the station's final register.

        It is never less than what was counted: some stations repeat the start as the end.
        """
        if meter_stop is None:
            return self.energy
        if self.base is None or self.last is None or self.relative:
            # Without usable samples, or with such as count differently, start and stop
            # are the station's own account.
            base = self.start or self._first_base(meter_stop)
            account = meter_stop - base
            if account < -_ROUNDING and not self.relative:
                account = meter_stop if meter_stop <= MOST_PER_SESSION else 0
        elif meter_stop < self.last - _ROUNDING and meter_stop <= self.base:
            account = self.energy + (0 if meter_stop > self.last / 2 else meter_stop)
        else:
            account = self.carried + meter_stop - self.base
        return max(self.energy, account, 0)

    def as_dict(self) -> dict[str, Any]:
        """Return everything that must survive a restart."""
        return asdict(self)
