"""Functional block K: smart charging. Limits that stations accept, and keep."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...errors import (
    CommandFailed,
    CommandRejected,
    LimitTooHigh,
    NotSupported,
    OcppError,
    StationOffline,
)
from ...model import Limit, Payload, RateUnit, Topic, utcnow
from ...versions import V16
from ..block import Block, follows
from .ladder import Ladder, Means, units
from .memory import read_limits, write_limits
from .rate import Wiring
from .v16 import Purpose, clearing, clears, profile, sent_limit

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["Purpose", "SmartCharging"]

# How long an accepted start may take to become a transaction.
_START_WITHIN = timedelta(minutes=5)


class SmartCharging(Block):
    """The charging limits of a station and its EVSEs. EVSE 0 is the station as a whole."""

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
        # The limits that go with starts of ours, until their transaction is there.
        self._of_start: dict[int, tuple[Limit, datetime]] = {}
        # The request that sends a limit of ours.
        self._climbing: Payload | None = None
        self._ladder = Ladder()
        self._expiries: dict[int, asyncio.TimerHandle] = {}
        self._order = asyncio.Lock()

    def limit(self, evse: int) -> Limit | None:
        """Return the limit in force."""
        return self.limits.get(evse)

    def amperes(self, evse: int) -> float | None:
        """Return the limit in force in ampere per phase."""
        limit = self.limits.get(evse)
        if limit is None:
            return None
        wiring = self._wiring(evse, limit.phases)
        return round(wiring.convert(limit.value, limit.unit, RateUnit.AMPERE), 1)

    # --- commands -----------------------------------------------------------------------

    async def set_limit(
        self,
        evse: int,
        value: float,
        unit: RateUnit = RateUnit.AMPERE,
        *,
        phases: int | None = None,
        duration: int | None = None,
    ) -> Limit:
        """Limit an EVSE, or with EVSE 0 the station, and return what was accepted (K01).

        `value` is in ampere per phase or in watts in total; `duration` in seconds. An
        unchanged limit is not sent again. Raises `LimitTooHigh`, or any error of a command:
        what the last way to say it ended in.
        """
        self._check_maximum(value, unit, phases)
        async with self._order:
            self.station.link()
            present = self.limits.get(evse)
            if (
                present is not None
                and evse not in self._unsure
                and duration is None
                and present.until is None
                and (present.value, present.unit, present.phases)
                == (value, unit, phases)
            ):
                return present
            try:
                limit = await self._climb(evse, value, unit, phases, duration)
            except CommandRejected, CommandFailed, NotSupported:
                self._ladder.exhausted(self._means(self._purposes(evse)))
                raise
            self._accept(evse, limit)
            return limit

    async def set_profile(self, evse: int, charging_profile: Payload) -> None:
        """Send a whole charging profile as it is (K01); it takes the place of our limit."""
        payload = {"connectorId": evse, "csChargingProfiles": charging_profile}
        async with self._order:
            await self.command("SetChargingProfile", payload)

    @follows("SetChargingProfile", V16)
    def on_profile_set(self, payload: Payload, answer: Payload) -> None:
        """Know of no limit any more where a profile that is not ours took its place."""
        if payload is self._climbing:
            return
        evse = payload["connectorId"]
        for replaced in [evse] if evse else [0, *self.station.evses]:
            self._forget(replaced)

    async def clear(self, evse: int) -> bool:
        """Remove the limits of an EVSE, whoever set them; with EVSE 0, all (K10).

        Return false when the station had none, which is as good.
        """
        removed = False
        limit = self.limits.get(evse) or self._standing.get(evse)
        filters = clearing(evse, limit.purpose if limit is not None else None)
        async with self._order:
            for what in filters:
                said = await self.command("ClearChargingProfile", what)
                removed |= said["status"] == "Accepted"
            for cleared in [evse] if evse else list({0, *self.limits, *self._standing}):
                self._forget(cleared)
        return removed

    @follows("ClearChargingProfile", V16)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know of no limit any more whose profile is certainly gone."""
        for evse in {*self.limits, *self._standing, *self._defaults}:
            for kept in self._standing, self._defaults:
                if self._is_cleared(payload, evse, kept.get(evse)):
                    del kept[evse]
            if self._is_cleared(payload, evse, self.limits.get(evse)):
                self._stop_timer(evse)
                self._lose(evse)
                if evse in self._standing:
                    self._unsure.add(evse)

    def _is_cleared(self, payload: Payload, evse: int, limit: Limit | None) -> bool:
        if limit is None:
            return False
        purpose = Purpose(limit.purpose)
        level = self._top_level() * self._ladder.uses_top_level(evse, purpose)
        return clears(payload, purpose, evse, level)

    async def composite_schedule(
        self, evse: int, duration: int, unit: RateUnit | None = None
    ) -> Payload:
        """Return the schedule that the station says results from its profiles (K08)."""
        payload: Payload = {"connectorId": evse, "duration": duration}
        payload |= {"chargingRateUnit": unit.value} if unit is not None else {}
        return await self.command("GetCompositeSchedule", payload)

    def profile_of_start(self, evse: int, amperes: float) -> Payload:
        """Return the profile that goes with the start of a transaction (F01.FR.11).

        The limit is that of the transaction once it is there. EVSE 0 is any.
        """
        self._check_maximum(amperes, RateUnit.AMPERE)
        rung = self._ladder.for_start(self._means([Purpose.TRANSACTION]))
        sent = self._wiring(evse).convert(amperes, RateUnit.AMPERE, rung.unit)
        limit = sent_limit(rung, amperes, RateUnit.AMPERE, sent)
        self._of_start[evse] = limit, utcnow()
        return profile(rung, evse, sent, stack_level=self._top_level())

    def on_start_refused(self, evse: int) -> None:
        """Wait no more for the transaction of a start."""
        self._of_start.pop(evse, None)

    # --- the ladder ---------------------------------------------------------------------

    async def _climb(
        self,
        evse: int,
        value: float,
        unit: RateUnit,
        phases: int | None,
        duration: int | None,
    ) -> Limit:
        transaction = self.station.transactions.running(evse)
        refusal: OcppError | None = None
        for rung in self._ladder.ways(evse, self._means(self._purposes(evse))):
            sent = self._wiring(evse, phases).convert(value, unit, rung.unit)
            payload: Payload = {
                "connectorId": 0 if rung.purpose is Purpose.STATION else evse,
                "csChargingProfiles": profile(
                    rung,
                    evse,
                    sent,
                    stack_level=self._top_level(),
                    transaction_id=transaction.id
                    if transaction is not None and rung.purpose is Purpose.TRANSACTION
                    else None,
                    phases=phases,
                    duration=duration,
                ),
            }
            try:
                self._climbing = payload
                await self.command("SetChargingProfile", payload)
            except (CommandRejected, CommandFailed, NotSupported) as error:
                # Some answer a profile they do not like with a CALLERROR, or take its
                # purpose for something that they do not support.
                refusal = error
                self._ladder.refused(rung)
                continue
            if self._ladder.succeeded(evse, rung):
                self.station.remember()
            until = utcnow() + timedelta(seconds=duration) if duration else None
            return sent_limit(rung, value, unit, sent, phases=phases, until=until)
        raise refusal or NotSupported("SetChargingProfile")

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
        allowed = self.station.provisioning.value(
            "ChargingScheduleAllowedChargingRateUnit"
        )
        return Means(purposes, units(allowed), has_levels=self._top_level() > 0)

    def _top_level(self) -> int:
        return self.station.provisioning.number(
            "ChargeProfileMaxStackLevel", 0, at_most=1_000
        )

    def _wiring(self, evse: int, phases: int | None = None) -> Wiring:
        return Wiring(
            phases or self.station.settings.phases,
            self.station.metering.voltage(evse or 1),
        )

    def _check_maximum(
        self, value: float, unit: RateUnit, phases: int | None = None
    ) -> None:
        maximum = self.station.settings.maximum_current
        if Wiring(phases or self.station.settings.phases).exceeds(value, unit, maximum):
            raise LimitTooHigh(maximum)

    # --- keeping limits -----------------------------------------------------------------

    def _accept(self, evse: int, limit: Limit) -> None:
        self._stop_timer(evse)
        self.limits[evse] = limit
        self._unsure.discard(evse)
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

    async def _set_again(self, evse: int, limit: Limit) -> None:
        """Tell the station a limit anew that it may have forgotten."""
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

    def on_boot(self) -> None:
        """Count on nothing: not all stations remember limits over a restart."""
        self._ladder.try_again()
        self._unsure.update(self.limits, self._standing)

    def on_transaction_started(self, evse: int) -> None:
        """Bring the limit into a session unless the default profile already does.

        A profile of a transaction ended with it.
        """
        expected = self._of_start.pop(evse, None) or self._of_start.pop(0, None)
        if expected is not None and utcnow() - expected[1] < _START_WITHIN:
            self.limits[evse] = expected[0]
            self.changed(Topic.LIMIT, evse)
            return
        limit = self._standing.get(evse)
        if (
            limit is None
            or self.station.options.quiet
            or limit.purpose == Purpose.STATION
            or self._defaults.get(evse) == limit
        ):
            return
        self.station.spawn(self._set_again(evse, limit))

    def on_transaction_ended(self, evse: int) -> None:
        """Let a limit end with its session, where it was part of it."""
        limit = self.limits.get(evse)
        if limit is None or limit.purpose != Purpose.TRANSACTION:
            return
        if limit is self._standing.get(evse):
            self._unsure.add(evse)
        else:
            self._expire(evse)

    async def prepare(self, *, booted: bool) -> None:
        """Tell a station its limits again that it may not hold any more."""
        for evse in list(self._standing | self.limits):
            limit = self.limits.get(evse)
            if limit is None or limit.until is None:
                limit = self._standing.get(evse)
            if limit is not None and evse in self._unsure:
                await self._set_again(evse, limit)

    def forget_what_worked(self) -> None:
        """Begin the ladder anew."""
        self._ladder.forget()

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
