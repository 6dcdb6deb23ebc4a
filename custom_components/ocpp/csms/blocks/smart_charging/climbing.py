"""Telling a station a limit, in the way that it takes."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, override

from ...errors import (
    CommandFailed,
    CommandRejected,
    LimitTooHigh,
    NotSupported,
    OcppError,
    StationOffline,
)
from ...model import Limit, Payload, RateUnit, Transaction, utcnow
from .installed import Installed
from .ladder import KINDS, Means, units
from .limits import Limits
from .profiles import (
    Purpose,
    Rung,
    Step,
    neutral,
    profile_id,
    sent_limit,
    write_schedule,
)
from .rate import Wiring, kept_rate

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


_SMART = "SmartChargingCtrlr"
# What stations of 2.x call the highest stack level, the specification's word first.
_LEVELS = ("ProfileStackLevel", "ChargingProfileMaxStackLevel")
_HIGHEST_LEVEL = 1_000


class Climbing(Limits):
    """Sends limits. What its model is known to need goes before what could be tried."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing sent."""
        super().__init__(station)
        self.installed = Installed(station)
        # The request that sends a limit of ours.
        self._climbing: Payload | None = None
        self._order = asyncio.Lock()

    async def _climb(
        self,
        evse: int,
        value: float,
        unit: RateUnit,
        phases: int | None,
        duration: int | None,
        *,
        session: bool = False,
    ) -> Limit:
        """Send a limit in the first way that is taken; `session`: for a session alone."""
        refusal: OcppError | None = None
        ways = self._ways(evse, session=session)
        while ways:
            rung = ways.popleft()
            number = self._number_on(rung, evse)
            wanted, sent = self._rates(rung, evse, value, unit, phases)
            running = self.station.transactions.running(evse)
            try:
                await self._send(rung, evse, sent, phases, duration)
            except (CommandRejected, CommandFailed, NotSupported) as error:
                # Some answer a profile they do not like with a CALLERROR, or take its
                # purpose for something that they do not support.
                refusal = error
                await self._learn_of_others()
                if self._number_on(rung, evse) != number:
                    # Somebody else's profile was in its place (K01.FR.06).
                    ways.appendleft(rung)
                    continue
                self._ladder.refused(rung)
                continue
            if self._ladder.succeeded(evse, rung):
                self.station.remember()
            if rung.purpose is Purpose.TRANSACTION and not self._still(evse, running):
                # The session ended before the answer, and the profile with it.
                self.installed.clear({"id": number, "evse": evse})
                ways = self._ways(evse, session=session)
                continue
            return sent_limit(
                self._spelling.word(rung.purpose),
                rung,
                value,
                unit,
                sent,
                phases=phases,
                until=utcnow() + timedelta(seconds=duration) if duration else None,
                lowered=sent < wanted,
            )
        raise refusal or NotSupported("SetChargingProfile")

    def _still(self, evse: int, session: Transaction | None) -> bool:
        """Return whether a session runs on."""
        now = self.station.transactions.running(evse)
        return session is not None and now is not None and now.number == session.number

    def _ways(self, evse: int, *, session: bool) -> deque[Rung]:
        purposes = self._purposes(evse)
        if session:
            purposes = [it for it in purposes if it is Purpose.TRANSACTION]
        if not purposes:
            return deque()
        return deque(self._ladder.ways(evse, self._means(evse, purposes)))

    async def _learn_of_others(self) -> None:
        """Get to know what a station holds that refuses a profile."""

    def _number_on(self, rung: Rung, evse: int) -> int:
        level = self._level(evse, rung.purpose, top=rung.top_level)
        return self._number(rung.purpose, evse, level)

    async def _send(
        self,
        rung: Rung,
        evse: int,
        sent: float,
        phases: int | None,
        duration: int | None,
    ) -> None:
        steps = [Step(0, sent)]
        schedule = write_schedule(rung, steps, phases=phases, duration=duration)
        await self._send_schedule(rung, evse, schedule)

    async def _send_schedule(self, rung: Rung, evse: int, schedule: Payload) -> None:
        """Send a profile of ours."""
        transaction = None
        if rung.purpose is Purpose.TRANSACTION:
            transaction = self.station.transactions.running(evse)
        written = self._profile(
            rung, evse, schedule, transaction.id if transaction is not None else None
        )
        where = 0 if rung.purpose is Purpose.STATION else evse
        payload = self._climbing = self._spelling.setting(where, written)
        await self.command("SetChargingProfile", payload)

    def _profile(
        self,
        rung: Rung,
        evse: int,
        schedule: Payload,
        transaction_id: str | None = None,
    ) -> Payload:
        level = self._level(evse, rung.purpose, top=rung.top_level)
        return self._spelling.profile(
            rung,
            self._number(rung.purpose, evse, level),
            schedule,
            stack_level=level,
            transaction_id=transaction_id,
        )

    def _number(self, purpose: Purpose, evse: int, level: int) -> int:
        """Return the id of our profile: that of what it takes the place of (K01.FR.06, FR.39)."""
        number = profile_id(purpose, evse)
        if not self._spelling.KEEPS_IDS:
            return number
        where = 0 if purpose is Purpose.STATION else evse
        return self.installed.number_at(where, purpose, level) or number

    @override
    async def _set_again(self, evse: int, limit: Limit) -> None:
        left = limit.until - utcnow() if limit.until else None
        duration = None if left is None else max(1, int(left.total_seconds()))
        async with self._order:
            if limit != (self.limits.get(evse) or self._standing.get(evse)):
                return  # Somebody wanted something else meanwhile.
            self._unsure.add(evse)
            session = self._is_of_session(evse)
            wish = limit.value, limit.unit, limit.phases
            try:
                accepted = await self._climb(evse, *wish, duration, session=session)
            except StationOffline:
                return  # It is told when it is back.
            except OcppError as error:
                self.station.note(f"limit: not accepted again ({type(error).__name__})")
                self._lose(evse)
            else:
                # It ends when it was to end, however often it is told.
                accepted = replace(accepted, until=limit.until)
                self._accept(evse, accepted, stands=not session)
        self.station.flush()

    # --- what there is to choose from ---------------------------------------------------

    def _rates(
        self,
        rung: Rung,
        evse: int,
        value: float,
        unit: RateUnit,
        phases: int | None = None,
    ) -> tuple[float, float]:
        """Return a limit as a way spells it: what it would be, and what the charger keeps.

        What is sent is never above the charger's highest current: the limit may be in watts,
        or from before that was lowered.
        """
        wiring = self._wiring(evse, phases)
        wanted = wiring.convert(value, unit, rung.unit)
        most = [wiring.most(self.station.settings.maximum_current, rung.unit)]
        if rung.purpose is Purpose.STATION:
            most += [self._wanted(it, rung.unit) for it in self._sharing(evse)]
        charger = self.station.compatibility
        return wanted, kept_rate(min(wanted, *most), rung.unit, wiring, charger)

    def _purposes(self, evse: int) -> list[Purpose]:
        """Return what a profile may be for to limit an EVSE."""
        if evse == 0:
            return [Purpose.STATION]
        running = self.station.transactions.running(evse) is not None
        purposes = [Purpose.TRANSACTION] if running else []
        purposes.append(Purpose.DEFAULT)
        # Not when it would limit a neighbour too.
        if self.station.the_only_evse == evse:
            return [*purposes, Purpose.STATION]
        return purposes

    def _means(self, evse: int, purposes: list[Purpose]) -> Means:
        """Return the ways there are; what is known of the model leaves at least one."""
        charger = self.station.compatibility
        wanted = {neutral(it) for it in charger.purposes}
        kinds = tuple(kind for kind in KINDS if kind == charger.profile_kind)
        return Means(
            [it for it in purposes if it in wanted] or purposes,
            [RateUnit(charger.rate_unit)] if charger.rate_unit else self._units(),
            has_levels=any(self._top_level(evse, it) > 0 for it in purposes)
            and not charger.lowest_stack_level,
            kinds=kinds or KINDS,
            station_may_be_relative=self._spelling.STATION_MAY_BE_RELATIVE,
        )

    def _units(self) -> list[RateUnit]:
        """Return the units to try, the most proper first."""
        if self.speaks_16:
            return units(
                self.station.provisioning.value(
                    "ChargingScheduleAllowedChargingRateUnit"
                )
            )
        allowed = self.station.device_model.words(_SMART, "RateUnit")
        # It has to list those that it takes, and is sent no others.
        return [it for it in RateUnit if it in allowed] or [*RateUnit]

    def _level(self, evse: int, purpose: Purpose, *, top: bool) -> int:
        return self._top_level(evse, purpose) if top else 0

    def _top_level(self, evse: int, purpose: Purpose) -> int:
        """Return the highest stack level that a profile may have."""
        if self.speaks_16:
            return self.station.provisioning.number(
                "ChargeProfileMaxStackLevel", 0, at_most=_HIGHEST_LEVEL
            )
        number = self.station.device_model.number
        for name, instance, where in product(
            _LEVELS, (purpose.value, None), dict.fromkeys((evse, 0))
        ):
            level = number(_SMART, name, instance=instance, evse=where)
            if level is not None and 0 <= level <= _HIGHEST_LEVEL:
                return int(level)
        return 0

    def _check_maximum(
        self, value: float, unit: RateUnit, phases: int | None = None
    ) -> None:
        maximum = self.station.settings.maximum_current
        if Wiring(phases or self.station.settings.phases).exceeds(value, unit, maximum):
            raise LimitTooHigh(maximum)

    def _check_schedules(self, schedules: list[Payload]) -> None:
        """Raise `LimitTooHigh` where a period is above the charger's highest current."""
        maximum, wired = (
            self.station.settings.maximum_current,
            self.station.settings.phases,
        )
        for schedule in schedules:
            for period in schedule["chargingSchedulePeriod"]:
                wiring = Wiring(min(wired, period.get("numberPhases", wired)))
                rate = RateUnit(schedule["chargingRateUnit"])
                amperes = wiring.convert(period["limit"], rate, RateUnit.AMPERE)
                if round(amperes, 3) > maximum:
                    raise LimitTooHigh(maximum)
