"""The limits of a station and its EVSEs: those in force, and those to go back to."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from ...model import Limit, RateUnit, Topic, utcnow
from ..block import Block
from .ladder import Ladder
from .memory import read_limits, write_limits
from .rate import Wiring
from .v16 import Purpose

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


class Limits(Block):
    """Keeps what was accepted. EVSE 0 is the station as a whole."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no limits."""
        super().__init__(station)
        # The limit in force of each EVSE: what the station last accepted.
        self.limits: dict[int, Limit] = {}
        # What a limit falls back to when the one in force was only for some time.
        self._standing: dict[int, Limit] = {}
        # The default profile a station holds for the sessions to come.
        self._defaults: dict[int, Limit] = {}
        # EVSEs whose limit the station may have lost: it is sent again though unchanged.
        self._unsure: set[int] = set()
        # EVSEs whose session began with a profile of which no limit can be told.
        self._untold: set[int] = set()
        self._ladder = Ladder()
        self._expiries: dict[int, asyncio.TimerHandle] = {}

    def limit(self, evse: int) -> Limit | None:
        """Return the limit in force."""
        return self.limits.get(evse)

    def amperes(self, evse: int) -> float | None:
        """Return the limit in force in ampere per phase: what was asked for, or kept of it."""
        limit = self.limits.get(evse)
        if limit is None:
            return None
        value, unit = limit.value, limit.unit
        if limit.lowered:
            value, unit = limit.sent_value, limit.sent_unit
        wiring = self._wiring(evse, limit.phases)
        return round(wiring.convert(value, unit, RateUnit.AMPERE), 1)

    def _wiring(self, evse: int, phases: int | None = None) -> Wiring:
        return Wiring(
            phases or self.station.settings.phases,
            self.station.metering.voltage(evse or 1),
        )

    def _set_again(self, evse: int, limit: Limit) -> Coroutine[Any, Any, None]:
        """Tell the station a limit anew that it may have forgotten."""
        raise NotImplementedError

    # --- what changes them --------------------------------------------------------------

    def _accept(self, evse: int, limit: Limit) -> None:
        self._stop_timer(evse)
        self.limits[evse] = limit
        self._unsure.discard(evse)
        self._untold.discard(evse)
        if limit.until is None:
            self._standing[evse] = limit
        else:
            seconds = (limit.until - utcnow()).total_seconds()
            self._expiries[evse] = asyncio.get_running_loop().call_later(
                seconds, self._expire, evse
            )
        if limit.purpose == Purpose.DEFAULT:
            self._defaults[evse] = limit
        self.changed(Topic.LIMIT, evse)
        self.station.remember()

    def _stop_timer(self, evse: int) -> None:
        if (timer := self._expiries.pop(evse, None)) is not None:
            timer.cancel()

    def _expire(self, evse: int) -> None:
        """Go back to the limit that stands, now that the one for some time is over."""
        self._stop_timer(evse)
        self._defaults.pop(evse, None)
        self._lose(evse)
        if (standing := self._standing.get(evse)) is not None:
            self._unsure.add(evse)
            if not self.station.options.quiet:
                self.station.spawn(self._set_again(evse, standing))
        self.station.flush()

    def _forget(self, evse: int) -> None:
        self._stop_timer(evse)
        self._standing.pop(evse, None)
        self._defaults.pop(evse, None)
        self._unsure.discard(evse)
        self._lose(evse)

    def _lose(self, evse: int) -> None:
        """Know of no limit that is in force."""
        if self.limits.pop(evse, None) is not None:
            self.changed(Topic.LIMIT, evse)
        self.station.remember()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the limits and what worked."""
        self._ladder.recall(facts.get("worked", {}))
        self._unsure = set(facts.get("unsure", []))
        self._standing = read_limits(facts.get("limits", {}))
        self.limits = self._standing.copy()
        self._defaults = read_limits(facts.get("defaults", {}))

    def facts(self) -> dict[str, Any]:
        """Keep the limits that stand and what worked."""
        return {
            "worked": self._ladder.facts(),
            # One for some time may be over before it is known here again.
            "unsure": [
                evse
                for evse, limit in self._standing.items()
                if evse in self._unsure or self.limits.get(evse) is not limit
            ],
            "limits": write_limits(self._standing),
            "defaults": write_limits(self._defaults),
        }

    def stop(self) -> None:
        """End the timers."""
        for evse in list(self._expiries):
            self._stop_timer(evse)
