"""Telling a station a limit, in the way that it takes."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, override

from ...errors import (
    CommandFailed,
    CommandRejected,
    LimitTooHigh,
    NotSupported,
    OcppError,
    StationOffline,
)
from ...model import Limit, Payload, RateUnit, utcnow
from .ladder import KINDS, Means, units
from .limits import Limits
from .rate import Wiring, kept_rate
from .v16 import Purpose, Rung, profile, sent_limit

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


class Climbing(Limits):
    """Sends limits. What its model is known to need goes before what could be tried."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing sent."""
        super().__init__(station)
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
    ) -> Limit:
        refusal: OcppError | None = None
        for rung in self._ladder.ways(evse, self._means(self._purposes(evse))):
            wanted, sent = self._rates(rung, evse, value, unit, phases)
            try:
                await self._send(rung, evse, sent, phases, duration)
            except (CommandRejected, CommandFailed, NotSupported) as error:
                # Some answer a profile they do not like with a CALLERROR, or take its
                # purpose for something that they do not support.
                refusal = error
                self._ladder.refused(rung)
                continue
            if self._ladder.succeeded(evse, rung):
                self.station.remember()
            return sent_limit(
                rung,
                value,
                unit,
                sent,
                phases=phases,
                until=utcnow() + timedelta(seconds=duration) if duration else None,
                lowered=sent < wanted,
            )
        raise refusal or NotSupported("SetChargingProfile")

    async def _send(
        self,
        rung: Rung,
        evse: int,
        sent: float,
        phases: int | None,
        duration: int | None,
    ) -> None:
        transaction = None
        if rung.purpose is Purpose.TRANSACTION:
            transaction = self.station.transactions.running(evse)
        payload = self._climbing = {
            "connectorId": 0 if rung.purpose is Purpose.STATION else evse,
            "csChargingProfiles": profile(
                rung,
                evse,
                sent,
                stack_level=self._top_level(),
                transaction_id=transaction.id if transaction is not None else None,
                phases=phases,
                duration=duration,
            ),
        }
        await self.command("SetChargingProfile", payload)

    @override
    async def _set_again(self, evse: int, limit: Limit) -> None:
        left = limit.until - utcnow() if limit.until else None
        duration = None if left is None else max(1, int(left.total_seconds()))
        async with self._order:
            if limit not in (self._standing.get(evse), self.limits.get(evse)):
                return  # Somebody wanted something else meanwhile.
            self._unsure.add(evse)
            try:
                accepted = await self._climb(
                    evse, limit.value, limit.unit, limit.phases, duration
                )
            except StationOffline:
                return  # It is told when it is back.
            except OcppError as error:
                self.station.note(f"limit: not accepted again ({type(error).__name__})")
                self._lose(evse)
            else:
                self._accept(evse, accepted)
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
        """Return a limit as a way spells it: what it would be, and what the charger keeps."""
        wiring = self._wiring(evse, phases)
        wanted = wiring.convert(value, unit, rung.unit)
        charger = self.station.compatibility
        return wanted, kept_rate(wanted, rung.unit, wiring, charger)

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

    def _means(self, purposes: list[Purpose]) -> Means:
        """Return the ways there are; what is known of the model leaves at least one."""
        charger = self.station.compatibility
        allowed = self.station.provisioning.value(
            "ChargingScheduleAllowedChargingRateUnit"
        )
        kinds = tuple(kind for kind in KINDS if kind == charger.profile_kind)
        return Means(
            [it for it in purposes if it in charger.purposes] or purposes,
            [RateUnit(charger.rate_unit)] if charger.rate_unit else units(allowed),
            has_levels=self._top_level() > 0 and not charger.lowest_stack_level,
            kinds=kinds or KINDS,
        )

    def _top_level(self) -> int:
        return self.station.provisioning.number(
            "ChargeProfileMaxStackLevel", 0, at_most=1_000
        )

    def _check_maximum(
        self, value: float, unit: RateUnit, phases: int | None = None
    ) -> None:
        maximum = self.station.settings.maximum_current
        if Wiring(phases or self.station.settings.phases).exceeds(value, unit, maximum):
            raise LimitTooHigh(maximum)
