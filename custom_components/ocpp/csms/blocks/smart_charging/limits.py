"""The limits of a station and its EVSEs: those in force, and those to go back to."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...model import Limit, RateUnit, Topic, utcnow
from ..block import Block
from . import v2, v16
from .ladder import Ladder
from .memory import in_force, read_limits, write_limits
from .profiles import Purpose, Spelling, neutral
from .rate import Wiring

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_NO_DYNAMIC = "no_dynamic"


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
        # EVSEs for which people sent profiles beside our limit, and those whose limit is not
        # what holds for that reason.
        self._contested: set[int] = set()
        self._overruled: set[int] = set()
        self._ladder = Ladder()
        self._expiries: dict[int, asyncio.TimerHandle] = {}
        # What was in force before a restart, until the sessions are known.
        self._before: dict[str, Any] = {}

    @property
    def _spelling(self) -> Spelling:
        return v16 if self.speaks_16 else v2

    def limit(self, evse: int) -> Limit | None:
        """Return the limit in force, or None where other profiles overrule it."""
        return None if evse in self._overruled else self.limits.get(evse)

    def amperes(self, evse: int) -> float | None:
        """Return the limit in force in ampere per phase: what was asked for, or kept of it."""
        limit = self.limit(evse)
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

    def _accept(self, evse: int, limit: Limit, *, stands: bool = True) -> None:
        """Know of a limit that is in force; it stands unless it is that of a session."""
        self._stop_timer(evse)
        self.limits[evse] = limit
        self._unsure.discard(evse)
        self._untold.discard(evse)
        if limit.until is None:
            if stands:
                self._standing[evse] = limit
        else:
            self._end_at(evse, limit.until)
        if is_for(limit, Purpose.DEFAULT):
            self._defaults[evse] = limit
        if is_for(limit, Purpose.STATION):
            self._share(evse, limit)
        self.changed(Topic.LIMIT, evse)
        self.station.remember()
        self._moved(evse)

    def _moved(self, evse: int) -> None:
        """Hear that another limit is in force, or none."""

    def _is_of_session(self, evse: int) -> bool:
        """Return whether the limit in force came with a session, and ends with it."""
        limit = self.limits.get(evse)
        return (
            limit is not None
            and limit.until is None
            and limit is not self._standing.get(evse)
        )

    def _sharing(self, evse: int) -> list[int]:
        """Return whose limits are in one profile of the station as a whole with this one."""
        if evse:
            return [0] if 0 in self.limits else []
        return [
            it for it in self.limits if it and is_for(self.limits[it], Purpose.STATION)
        ]

    def _wanted(self, evse: int, unit: RateUnit) -> float:
        """Return what was asked for of the limit in force."""
        limit = self.limits[evse]
        return self._wiring(evse, limit.phases).convert(limit.value, limit.unit, unit)

    def _share(self, evse: int, sent: Limit) -> None:
        """Know that one profile was sent for several limits: the lowest of them."""
        for other in self._sharing(evse):
            limit = self.limits[other]
            wanted = self._wanted(other, sent.sent_unit)
            told = self.limits[other] = replace(
                limit,
                sent_value=sent.sent_value,
                sent_unit=sent.sent_unit,
                lowered=sent.sent_value < round(wanted, 1),
            )
            if self._standing.get(other) is limit:
                self._standing[other] = told
            self._unsure.discard(other)
            self.changed(Topic.LIMIT, other)

    def _end_at(self, evse: int, until: datetime) -> None:
        seconds = (until - utcnow()).total_seconds()
        self._expiries[evse] = asyncio.get_running_loop().call_later(
            max(0, seconds), self._expire, evse
        )

    def _stop_timer(self, evse: int) -> None:
        if (timer := self._expiries.pop(evse, None)) is not None:
            timer.cancel()

    def _expire(self, evse: int) -> None:
        """Go back to the limit that stands, now that the one for some time is over."""
        self._stop_timer(evse)
        self._defaults.pop(evse, None)
        over = self.limits.get(evse)
        self._lose(evse)
        if over is not None and is_for(over, Purpose.STATION):
            for other in self._sharing(evse):
                # It was for that one, too.
                self._unsure.add(other)
                if not self.station.options.quiet:
                    self.station.spawn(self._set_again(other, self.limits[other]))
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
            self._moved(evse)
        self.station.remember()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the limits and what worked."""
        self._ladder.recall(facts.get("worked", {}))
        self._ladder.no_dynamic = facts.get(_NO_DYNAMIC, False)
        self._unsure = set(facts.get("unsure", []))
        self._standing = read_limits(facts.get("limits", {}))
        self.limits = self._standing.copy()
        self._defaults = read_limits(facts.get("defaults", {}))
        self._before = facts.get("in_force", {})
        self._contested = set(facts.get("contested", []))
        self._untold = set(facts.get("untold", []))
        for evse in self._untold:
            self.limits.pop(evse, None)

    async def load(self) -> None:
        """Take up the limits that were in force but do not stand; sessions are known by now.

        What ended meanwhile is over: what stands is told again.
        """
        for evse in list(self._untold):
            if self.station.transactions.running(evse) is None:
                self._untold.discard(evse)
                self._unsure.add(evse)
        for evse, limit, number in in_force(self._before):
            session = self.station.transactions.running(evse)
            over = limit.until is not None and limit.until <= utcnow()
            if number is not None:
                over = over or session is None or session.number != number
            elif limit.until is None:
                over = True
            if over:
                self._defaults.pop(evse, None)
                self.limits.pop(evse, None)
                self._unsure.add(evse)
                continue
            self.limits[evse] = limit
            if is_for(limit, Purpose.DEFAULT):
                self._defaults[evse] = limit
            if limit.until is not None:
                self._end_at(evse, limit.until)
        self._before = {}

    def facts(self) -> dict[str, Any]:
        """Keep the limits in force, those that stand, and what worked."""
        passing = {
            evse: limit
            for evse, limit in self.limits.items()
            if limit is not self._standing.get(evse)
        }
        never = {_NO_DYNAMIC: True} if self._ladder.no_dynamic else {}
        return never | {
            "worked": self._ladder.facts(),
            "unsure": sorted(
                self._unsure | (self._standing.keys() - self.limits - self._untold)
            ),
            "untold": sorted(self._untold),
            "contested": sorted(self._contested),
            "limits": write_limits(self._standing),
            "defaults": write_limits(
                {
                    evse: limit
                    for evse, limit in self._defaults.items()
                    if limit.until is None
                }
            ),
            "in_force": {
                evse: written | {"session": self._session_of(int(evse))}
                for evse, written in write_limits(passing).items()
            },
        }

    def _session_of(self, evse: int) -> int | None:
        """Return the number of the session that the limit in force ends with."""
        running = self.station.transactions.running(evse)
        if running is None or not is_for(self.limits[evse], Purpose.TRANSACTION):
            return None
        return running.number

    def stop(self) -> None:
        """End the timers."""
        for evse in list(self._expiries):
            self._stop_timer(evse)


def is_for(limit: Limit, purpose: Purpose) -> bool:
    """Return whether a limit was told as a profile for a purpose, in any version."""
    return neutral(limit.purpose) == purpose
