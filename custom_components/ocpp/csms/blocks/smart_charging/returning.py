"""Sessions that do more than charge for a while, and go back to the limit that people had."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, override

from ...energy_transfer import does_more
from ...errors import CommandFailed, CommandRejected, NotSupported
from ...model import ChargingProfile, Limit, Part, RateUnit, Topic, utcnow
from .composite import SESSION
from .dynamic import Dynamic
from .limits import is_for
from .memory import read_limits, write_limits
from .negotiating import Negotiating
from .profiles import Purpose
from .rate import Wiring

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_ASIDE = "aside"
# In ampere: what is lost where rates are rounded.
_ABOUT = 0.05


class Returning(Dynamic, Negotiating):
    """Lays a limit aside while a session is told something else, and takes it up again."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing laid aside."""
        super().__init__(station)
        # The limits that do not stand: those of a session, or for a time.
        self._aside: dict[int, Limit] = {}
        # The charger's highest current when it was last looked at.
        self._maximum = station.settings.maximum_current
        station.watch(Part(Topic.INFO), self._on_settings)

    async def steer(
        self, evse: int, *, session: int, anew: bool = False, **said: Any
    ) -> ChargingProfile:
        """Tell the session of a number to do more than charge, as `set_rate` does.

        With `anew` in a whole profile, whatever the station holds already.
        """
        limit = self.limits.get(evse)
        if limit is not None:
            self._aside.pop(evse, None)
            if limit is not self._standing.get(evse):
                self._aside[evse] = limit
        unsure = evse in self._unsure
        if anew:
            self._unsure.add(evse)
        try:
            profile = await self.set_rate(evse, session=session, **said)
        finally:
            if limit is not None and self.limits.get(evse) is limit:
                # It is in force still.
                self._aside.pop(evse, None)
        if anew and not unsure:
            self._unsure.discard(evse)
        return profile

    async def only_charge(self, evse: int) -> None:
        """Have a session charge and nothing else, within the limit that people had.

        Where the station does not take that in the place of what it was told, it is told to
        forget the latter. Raises what a command does, after which it is to be tried again.
        """
        async with self._order:
            self.station.link()
            limit, stands = self._laid_aside(evse), False
            if limit is None:
                limit, stands = self._standing.get(evse), True
            if limit is None:
                await self._offer_or_clear(evse)
            elif not self._is_in_place(evse, limit):
                await self._limit_again(evse, limit, stands=stands)
            await self._clear_session(evse, more=True)
            self._aside.pop(evse, None)
        self._on_change()

    def _is_in_place(self, evse: int, limit: Limit) -> bool:
        """Return whether a session has a limit already."""
        return (
            evse not in self._unsure
            and self.limits.get(evse) == limit
            and is_for(limit, Purpose.TRANSACTION)
        )

    def _laid_aside(self, evse: int) -> Limit | None:
        limit = self._aside.get(evse)
        over = limit is not None and limit.until and limit.until <= utcnow()
        return None if over else limit

    @override
    def _bounds(self, evse: int) -> list[Limit]:
        aside = self._laid_aside(evse)
        return [*super()._bounds(evse), *([aside] if aside is not None else [])]

    @override
    def wiring_of_car(self, evse: int) -> Wiring:
        wiring, needs = super().wiring_of_car(evse), self.needs.get(evse)
        phases = needs.wires if needs is not None else None
        return wiring._replace(phases=min(wiring.phases, phases or wiring.phases))

    def on_limited(self, evse: int) -> None:
        """Go back to nothing else, now that people want another limit."""
        self._aside.pop(evse, None)
        self.station.v2x.on_limited(evse)

    @override
    def _forget(self, evse: int) -> None:
        super()._forget(evse)
        self._aside.pop(evse, None)

    # --- a charger that may have less than before ---------------------------------------

    def _on_settings(self) -> None:
        """Tell limits again that are above the charger's highest current since it fell."""
        before, self._maximum = self._maximum, self.station.settings.maximum_current
        if self._maximum > before:
            # What was lowered may be had as a whole again, when somebody wants it.
            self._unsure |= {it for it, limit in self.limits.items() if limit.lowered}
        elif self._maximum < before:
            for evse in self._doubt_high():
                self.station.spawn(self._set_again(evse, self.limits[evse]))
            self._on_change()

    def _doubt_high(self) -> list[int]:
        high = []
        for evse, limit in self.limits.items():
            wiring = Wiring(limit.phases or self.station.settings.phases)
            unit, into = limit.sent_unit, RateUnit.AMPERE
            if wiring.convert(limit.sent_value, unit, into) > self._maximum + _ABOUT:
                high.append(evse)
        if high:
            self._unsure.update(high)
            self.station.remember()
        return high

    async def _limit_again(self, evse: int, limit: Limit, *, stands: bool) -> None:
        left = limit.until - utcnow() if limit.until else None
        duration = max(1, int(left.total_seconds())) if left is not None else None
        wish = limit.value, limit.unit, limit.phases
        try:
            accepted = await self._climb(evse, *wish, duration, session=True)
        except CommandRejected, CommandFailed, NotSupported:
            await self._clear_session(evse)
            self._unsure.add(evse)
            # It is what people want, whatever was in its place.
            self.limits[evse] = limit
            if limit.until is not None:
                self._end_at(evse, limit.until)
            self.station.spawn(self._set_again(evse, limit))
        else:
            self._accept(evse, replace(accepted, until=limit.until), stands=stands)

    async def _offer_or_clear(self, evse: int) -> None:
        if (needs := self.needs.get(evse)) is not None:
            self._offered.pop(evse, None)
            await self._send_offer(evse, needs)
            if evse in self._offered:
                return
        await self._clear_session(evse)

    async def _clear_session(self, evse: int, *, more: bool = False) -> None:
        """Have the station forget the profiles of a session, or those that do `more`."""
        for held in list(self.installed.profiles):
            if (held.purpose, held.evse) != (SESSION, evse):
                continue
            if not more or does_more(held.schedules):
                criteria = {"chargingProfileId": held.id}
                await self.command("ClearChargingProfile", criteria)

    @override
    def _end_negotiation(self, evse: int) -> None:
        super()._end_negotiation(evse)
        self._aside.pop(evse, None)
        self.station.v2x.on_session_over(evse)

    @override
    def _on_change(self) -> None:
        super()._on_change()
        self.station.v2x.on_profiles()

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what was laid aside."""
        super().recall(facts)
        self._aside = read_limits(facts.get(_ASIDE, {}))

    @override
    def facts(self) -> dict[str, Any]:
        """Keep what is laid aside."""
        aside = {_ASIDE: write_limits(self._aside)} if self._aside else {}
        return super().facts() | aside

    @override
    async def load(self) -> None:
        """Take up what sessions do that still run."""
        self._aside = {
            evse: limit
            for evse, limit in self._aside.items()
            if self.station.transactions.running(evse) is not None
        }
        self.station.v2x.on_loaded()
        await super().load()
        self._maximum = self.station.settings.maximum_current
        self._doubt_high()
