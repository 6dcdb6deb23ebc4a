"""Telling a station a limit, in the way that it takes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import chain, product
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
from ...versions import V21
from .installed import Installed
from .ladder import DYNAMIC, KINDS, Means, units
from .limits import Limits
from .periods import amperes_of
from .profiles import (
    Purpose,
    Rung,
    neutral,
    profile_id,
    sent_limit,
    write_limit,
    write_periods,
)
from .rate import Wiring, kept_rate

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


_SMART = "SmartChargingCtrlr"
# What stations of 2.x call the highest stack level, the specification's word first.
_LEVELS = ("ProfileStackLevel", "ChargingProfileMaxStackLevel")
_HIGHEST_LEVEL = 1_000
# How stations of 2.1 say that they take dynamic profiles: what the variable is called, and
# what the heading above it in the specification.
_DYNAMIC_PROFILES = (
    ("SupportsFeature", "DynamicProfiles"),
    ("SupportsDynamicProfiles", None),
)


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
        wanted = sent = 0.0

        async def send(rung: Rung) -> None:
            nonlocal wanted, sent
            wanted, sent = self._rates(rung, evse, value, unit, phases)
            period = write_limit(sent, phases)
            await self._send(rung, evse, period, duration)

        ways = partial(self._ways, evse, session=session, dynamic=duration is None)
        rung = await self._first_taken(evse, send, ways)
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

    async def _first_taken(
        self,
        evse: int,
        send: Callable[[Rung], Awaitable[None]],
        among: Callable[[], Iterator[Rung]],
    ) -> Rung:
        """Send in one way after the other until one is taken, and return that."""
        refusal: OcppError | None = None
        ways = among()
        while (rung := next(ways, None)) is not None:
            if rung.kind == DYNAMIC and self._ladder.no_dynamic:
                continue
            number = self._number_on(rung, evse)
            running = self.station.transactions.running(evse)
            try:
                await send(rung)
            except (CommandRejected, CommandFailed, NotSupported) as error:
                # Some answer a profile they do not like with a CALLERROR, or take its
                # purpose for something that they do not support.
                refusal = error
                await self._learn_of_others()
                if self._number_on(rung, evse) != number:
                    # Somebody else's profile was in its place (K01.FR.06).
                    ways = chain((rung,), ways)
                    continue
                self._ladder.refused(rung)
                continue
            if self._ladder.succeeded(evse, rung):
                self.station.remember()
            if rung.purpose is Purpose.TRANSACTION and not self._still(evse, running):
                # The session ended before the answer, and the profile with it.
                self.installed.clear({"id": number, "evse": evse})
                ways = among()
                continue
            return rung
        raise refusal or NotSupported("SetChargingProfile")

    def _still(self, evse: int, session: Transaction | None) -> bool:
        """Return whether a session runs on."""
        now = self.station.transactions.running(evse)
        return session is not None and now is not None and now.number == session.number

    def _ways(
        self, evse: int, *, session: bool = False, dynamic: bool = True
    ) -> Iterator[Rung]:
        purposes = self._purposes(evse)
        if session:
            purposes = [it for it in purposes if it is Purpose.TRANSACTION]
        if not purposes:
            return iter(())
        means = self._means(evse, purposes, dynamic=dynamic)
        return self._ladder.ways(evse, means)

    async def _learn_of_others(self) -> None:
        """Get to know what a station holds that refuses a profile."""

    def _number_on(self, rung: Rung, evse: int) -> int:
        level = self._level(evse, rung.purpose, top=rung.top_level)
        return self._number(rung.purpose, evse, level)

    async def _send(
        self,
        rung: Rung,
        evse: int,
        period: Payload,
        duration: int | None,
    ) -> None:
        """Send a profile of one period, or a change of the one that is there."""
        if rung.kind == DYNAMIC and await self._update(rung, evse, period):
            return
        periods = [{"startPeriod": 0} | period]
        schedule = write_periods(rung, periods, duration=duration)
        await self._send_schedule(rung, evse, schedule)

    async def _update(self, rung: Rung, evse: int, period: Payload) -> bool:
        """Change what the dynamic profile says that is there; return whether it could."""
        raise NotImplementedError

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
        number = self._own_number(purpose, evse)
        if not self._spelling.KEEPS_IDS:
            return number
        where = 0 if purpose is Purpose.STATION else evse
        return self.installed.number_at(where, purpose, level) or number

    def _own_number(self, purpose: Purpose, evse: int) -> int:
        """Return the id of our profile where none is there yet (K01.FR.80)."""
        number = profile_id(purpose, evse)
        if self.station.version is not V21:
            return number
        taken = self.station.device_model.number(_SMART, "MaxExternalConstraintsId")
        return number + int(max(0, taken or 0))

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

    def _means(
        self, evse: int, purposes: list[Purpose], *, dynamic: bool = False
    ) -> Means:
        """Return the ways there are; what is known of the model leaves at least one."""
        charger = self.station.compatibility
        wanted = {neutral(it) for it in charger.purposes}
        kinds = KINDS
        if charger.profile_kind in KINDS:
            kinds = (charger.profile_kind,)
        elif dynamic and self._takes_dynamic:
            kinds = (DYNAMIC, *KINDS)
        return Means(
            tuple(it for it in purposes if it in wanted) or tuple(purposes),
            (RateUnit(charger.rate_unit),) if charger.rate_unit else self._units(),
            has_levels=not charger.lowest_stack_level
            and any(self._top_level(evse, it) > 0 for it in purposes),
            kinds=kinds,
            station_may_be_relative=self._spelling.STATION_MAY_BE_RELATIVE,
        )

    @property
    def _takes_dynamic(self) -> bool:
        """Return whether a station says that it has dynamic profiles, and never refused one.

        It has none where it does not say so (OCPP 2.1, `SupportsFeature`).
        """
        flag = partial(self.station.device_model.flag, _SMART)
        return (
            self.station.version is V21
            and not self._ladder.no_dynamic
            and self.sends("UpdateDynamicSchedule")
            and any(flag(name, instance=of) for name, of in _DYNAMIC_PROFILES)
        )

    def _units(self) -> tuple[RateUnit, ...]:
        """Return the units to try, the most proper first."""
        if self.speaks_16:
            return units(
                self.station.provisioning.value(
                    "ChargingScheduleAllowedChargingRateUnit"
                )
            )
        allowed = self.station.device_model.words(_SMART, "RateUnit")
        # It has to list those that it takes, and is sent no others.
        return tuple(it for it in RateUnit if it in allowed) or (*RateUnit,)

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
            unit = RateUnit(schedule["chargingRateUnit"])
            for period in schedule["chargingSchedulePeriod"]:
                flows = amperes_of(period, unit, Wiring(wired))
                if any(round(amperes, 3) > maximum for amperes in flows):
                    raise LimitTooHigh(maximum)
