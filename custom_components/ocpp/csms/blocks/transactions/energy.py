"""How much a session has charged, from registers that do not always behave."""

from dataclasses import asdict, dataclass
from typing import Any

# In Wh, more than any car takes at once. A register that moves further did not count it.
MOST_PER_SESSION = 200_000
# In Wh. Rounding makes registers step back by this much without having restarted.
_ROUNDING = 100


def is_rounded_back(register: float, before: float) -> bool:
    """Return whether a register below the one before is that same one, rounded."""
    return max(before - _ROUNDING, before / 2) <= register < before


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
    # The samples do not go on from the start: they may count the session only.
    relative: bool = False

    @property
    def energy(self) -> float:
        """Return the energy counted so far."""
        if self.base is None or self.last is None:
            return self.carried
        return self.carried + (self.last - self.base)

    def take(self, register: float, *, exported: float = 0) -> None:
        """Count up to a reading of the register.

        Where a meter subtracts what was `exported`, that is no restart, and no less was
        charged.
        """
        if self.base is None or self.last is None:
            self.base = self._first_base(register)
        elif is_rounded_back(register, self.last):
            return
        elif not 0 <= register - self.last <= MOST_PER_SESSION:
            self.carried = self.energy
            # What a restarted register shows was charged since it restarted. One that
            # jumped, as when the meter is exchanged, did not count its way there.
            restarted = (
                register < self.last
                and register <= MOST_PER_SESSION
                and not (exported and self.last - register <= exported + _ROUNDING)
            )
            self.base = 0 if restarted else register
            self.relative = True
        self.last = register

    def _first_base(self, register: float) -> float:
        if self.start:
            if -_ROUNDING <= register - self.start <= MOST_PER_SESSION:
                return min(self.start, register)
            self.relative = True
            return 0 if register <= MOST_PER_SESSION else register
        if self.before is not None and 0 <= register - self.before <= MOST_PER_SESSION:
            return self.before
        if self.start is None or register > MOST_PER_SESSION:
            return register
        return 0

    def go_on(self, register: float) -> None:
        """Count with another meter from now on, whose register is this."""
        if self.base is None:
            self.before = register
            return
        self.carried = self.energy
        self.base = self.last = register
        # It is not the meter that was read at the start.
        self.start, self.relative = None, True

    def begin(self, register: float) -> None:
        """Know only now what the register was at the start."""
        self.start = register
        if (
            self.base is not None
            and not self.relative
            and not self.carried
            and 0 < register <= self.base <= register + MOST_PER_SESSION
        ):
            self.base = register

    def finish(self, meter_stop: float | None) -> float:
        """Return the energy of the whole session, given the station's final register.

        It is never less than what was counted: some stations repeat the start as the end,
        or end with zero.
        """
        if meter_stop is None:
            return self.energy
        if (
            self.relative
            and self.start is not None
            and -_ROUNDING <= meter_stop - self.start <= MOST_PER_SESSION
        ):
            # The samples count differently, but start and stop are of one meter.
            return max(self.energy, meter_stop - self.start)
        if self.last is None or meter_stop > self.last:
            self.take(meter_stop)
        return self.energy

    def as_dict(self) -> dict[str, Any]:
        """Return everything that must survive a restart."""
        return asdict(self)
