"""The energy register of an EVSE, made fit for statistics that only ever add."""

from dataclasses import dataclass
from datetime import datetime

# In Wh and W. A register that moves further than any car could draw did not count it.
_PLAUSIBLE_STEP = 200_000
_PLAUSIBLE_POWER = 500_000
# In Wh. No charger of a home counts that far: one brand adds it while nothing charges.
_OVERFLOW = 2**32
# In Wh. Rounding makes registers step back by this much without having restarted.
_ROUNDING = 100


@dataclass
class Register:
    """The last value of a register in Wh that was believed."""

    value: float | None = None
    at: datetime | None = None
    # A value that does not follow from the last; believed when the next one follows it.
    doubted: float | None = None

    def take(self, value: float, at: datetime, *, dated: bool = True) -> bool:
        """Take a reading; return whether it is believed.

        Registers restart at zero, jump when a meter is exchanged, and glitch. A restart or
        jump shows in the next reading too; a glitch does not. A zero from a station whose
        clock is not set yet is one: its meter is not read yet either.
        """
        if value < 0 or (value == 0 and not dated):
            return False
        before = self.value
        if value >= _OVERFLOW and before is not None and before < _OVERFLOW:
            return False
        if before is not None and not self._follows(before, value, at):
            if max(before - _ROUNDING, before / 2) <= value < before:
                return False
            if self.doubted is None or not 0 <= value - self.doubted <= _PLAUSIBLE_STEP:
                self.doubted = value
                return False
        self.value, self.at, self.doubted = value, at, None
        return True

    def _follows(self, before: float, value: float, at: datetime) -> bool:
        if self.at is None:
            return True
        step = value - before
        if step <= _PLAUSIBLE_STEP:
            return step >= 0
        hours = max((at - self.at).total_seconds(), 0) / 3600
        return step <= _PLAUSIBLE_STEP + _PLAUSIBLE_POWER * hours
