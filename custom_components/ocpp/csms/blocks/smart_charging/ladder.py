"""The ways to tell a station a limit, and which of them it takes."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product
import time
from typing import Any, NamedTuple

from ...model import RateUnit
from .profiles import Purpose, Rung, neutral

# In seconds: how long a station that refused every way is asked in the first way only. An
# automation that follows the sun would else try them all each time.
_IN_VAIN = 900
KINDS: tuple[str, ...] = ("Absolute", "Relative")
# Of 2.1: one limit, which is changed without another profile (K28).
DYNAMIC = "Dynamic"
_EVSE = "evse"


class Means(NamedTuple):
    """What there is to choose from for one limit: the most proper first."""

    purposes: tuple[Purpose, ...]
    units: tuple[RateUnit, ...]
    has_levels: bool
    kinds: tuple[str, ...] = KINDS
    # Whether the station as a whole may be limited relative to a session: not in 2.x.
    station_may_be_relative: bool = True

    def kinds_for(self, purpose: Purpose) -> tuple[str, ...]:
        """Return the kinds that a profile for a purpose may have."""
        if purpose is Purpose.STATION and not self.station_may_be_relative:
            return (*(it for it in self.kinds if it == DYNAMIC), *KINDS[:1])
        return self.kinds

    def fit(self, rung: Rung) -> Rung:
        """Return the way among these that is most like another one."""
        kinds = self.kinds_for(rung.purpose)
        if (
            rung.kind in kinds
            and rung.unit in self.units
            and (self.has_levels or not rung.top_level)
        ):
            return rung
        ordinary = next(it for it in kinds if it != DYNAMIC)
        return rung._replace(
            top_level=rung.top_level and self.has_levels,
            kind=rung.kind if rung.kind in kinds else ordinary,
            unit=rung.unit if rung.unit in self.units else self.units[0],
        )


class Ladder:
    """Finds the way that works, and begins with it from then on.

    Brands refuse stack levels above 0, absolute or relative profiles, profiles of a
    transaction, or one of the units, each with the same "Rejected".
    """

    def __init__(self) -> None:
        """Begin with nothing tried."""
        # The way that worked, by kind of EVSE and purpose.
        self._worked: dict[str, Rung] = {}
        # Of what all ways were tried in vain, and until when that counts.
        self._exhausted: dict[Means, float] = {}
        # Whether profiles of a transaction were refused: they are not tried first then.
        self._no_transaction_profiles = False
        # Whether dynamic profiles were refused where ordinary ones were not, and the purposes
        # for which they were refused since something worked.
        self.no_dynamic = False
        self._not_dynamic: set[Purpose] = set()

    def ways(self, evse: int, means: Means) -> Iterator[Rung]:
        """Return the ways to try, beginning with those known to work.

        Where none worked last time not all are tried again. What comes after those that are
        known is only looked for where they are refused.
        """
        ways = self._untried(evse, means)
        if self._exhausted and self._exhausted.get(means, 0) > time.monotonic():
            return islice(ways, 1)
        return ways

    def _untried(self, evse: int, means: Means) -> Iterator[Rung]:
        tried: list[Rung] = []
        for purpose in means.purposes:
            if (rung := self._known(evse, purpose)) is None:
                continue
            known = means.fit(rung)
            if DYNAMIC in means.kinds:
                tried.append(known._replace(kind=DYNAMIC))
                yield tried[-1]
            if known not in tried:
                tried.append(known)
                yield known
        yield from (rung for rung in _every(means) if rung not in tried)

    def for_start(self, means: Means) -> Rung:
        """Return how to write the profile that goes with the start of a transaction."""
        # Relative: what comes before its transaction can't know when that begins.
        first = Rung(Purpose.TRANSACTION, means.has_levels, "Relative", means.units[0])
        if (like := self._like_default()) is None:
            return means.fit(first)
        return means.fit(
            like._replace(kind=first.kind) if like.kind == DYNAMIC else like
        )

    def _known(self, evse: int, purpose: Purpose) -> Rung | None:
        """Return the way that works for a purpose, or should."""
        rung = self._worked.get(_slot(evse, purpose))
        if purpose is not Purpose.TRANSACTION or self._no_transaction_profiles:
            return rung
        return self._like_default()

    def _like_default(self) -> Rung | None:
        """Return the way for a transaction that the one for default profiles suggests."""
        for purpose in (Purpose.TRANSACTION, Purpose.DEFAULT):
            if (rung := self._worked.get(_slot(1, purpose))) is not None:
                return rung._replace(purpose=Purpose.TRANSACTION)
        return None

    def uses_top_level(self, evse: int, purpose: Purpose) -> bool:
        """Return whether the way that works for a purpose has the highest stack level."""
        rung = self._worked.get(_slot(evse, purpose))
        return rung is not None and rung.top_level

    def refused(self, rung: Rung) -> None:
        """Keep in mind what did not work."""
        if rung.kind == DYNAMIC:
            self._not_dynamic.add(rung.purpose)
        if rung.purpose is Purpose.TRANSACTION:
            self._no_transaction_profiles = True

    def succeeded(self, evse: int, rung: Rung) -> bool:
        """Keep in mind what worked; return whether that is news."""
        self._exhausted.clear()
        if rung.purpose is Purpose.TRANSACTION:
            self._no_transaction_profiles = False
        news = False
        if rung.kind != DYNAMIC and rung.purpose in self._not_dynamic:
            news, self.no_dynamic = not self.no_dynamic, True
        self._not_dynamic.clear()
        slot = _slot(evse, rung.purpose)
        news = news or self._worked.get(slot) != rung
        self._worked[slot] = rung
        return news

    def exhausted(self, means: Means) -> None:
        """Keep in mind for a while that nothing worked."""
        self._exhausted[means] = time.monotonic() + _IN_VAIN

    def try_again(self) -> None:
        """Count on another answer, as after a boot."""
        self._exhausted.clear()
        self._no_transaction_profiles = False

    def forget(self) -> None:
        """Begin anew, as with new firmware."""
        self._worked.clear()
        self.no_dynamic = False
        self.try_again()

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what worked."""
        worked = [
            (slot, Rung(Purpose(neutral(purpose)), top_level, kind, RateUnit(unit)))
            for slot, (purpose, top_level, kind, unit) in facts.items()
        ]
        self._worked = {
            _slot(slot.startswith(_EVSE), rung.purpose): rung for slot, rung in worked
        }

    def facts(self) -> dict[str, Any]:
        """Return what worked, as JSON."""
        return {slot: list(rung) for slot, rung in self._worked.items()}


@lru_cache(maxsize=256)
def _every(means: Means) -> tuple[Rung, ...]:
    """Return every way, the most proper first."""
    return tuple(
        Rung(purpose, top_level, kind, unit)
        for unit, purpose in product(means.units, means.purposes)
        for kind, top_level in product(
            means.kinds_for(purpose), (True, False) if means.has_levels else (False,)
        )
    )


def units(allowed: str | None) -> tuple[RateUnit, ...]:
    """Return the units to try; the station's own word decides which comes first."""
    if (allowed or "").strip().casefold() in ("power", "w"):
        return (RateUnit.WATT, RateUnit.AMPERE)
    return (RateUnit.AMPERE, RateUnit.WATT)


def _slot(evse: int, purpose: Purpose) -> str:
    """Name what works alike: all EVSEs of a station take the same profiles."""
    return f"{_EVSE if evse else 'station'}/{purpose}"
