"""Functional block K: smart charging. Limits that stations accept, and keep."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ...errors import CommandFailed, CommandRejected, NotSupported, OcppError
from ...model import Limit, Payload, RateUnit, Topic, Transaction, utcnow
from ..block import Block
from .v16 import Purpose, Rung, ladder, profile

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["Purpose", "SmartCharging"]

_NOMINAL_VOLTAGE = 230.0


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
        # The way to tell a limit that worked, by EVSE kind and purpose.
        self._worked: dict[str, Rung] = {}
        # Purposes that no way worked for: only the first way is tried again.
        self._exhausted: set[str] = set()
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
        return round(
            self._convert(limit.value, limit.unit, RateUnit.AMPERE, evse, limit.phases),
            1,
        )

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
        unchanged limit is not sent again. Raises what the last way to say it ended in:
        `CommandRejected`, `NotSupported`, `CommandFailed`, `CommandTimedOut`,
        `StationOffline`.
        """
        async with self._order:
            present = self.limits.get(evse)
            if (
                present is not None
                and duration is None
                and present.until is None
                and (present.value, present.unit, present.phases)
                == (value, unit, phases)
            ):
                return present
            limit = await self._climb(
                evse, value, unit, phases=phases, duration=duration
            )
            self._accept(evse, limit)
            return limit

    async def set_profile(self, evse: int, charging_profile: Payload) -> None:
        """Send a whole charging profile as it is (K01)."""
        await self.command(
            "SetChargingProfile",
            {"connectorId": evse, "csChargingProfiles": charging_profile},
        )

    async def clear(self, evse: int) -> None:
        """Remove the limits of an EVSE, whoever set them; with EVSE 0, all (K10).

        That there was nothing to remove is as good.
        """
        filters: list[Payload] = (
            [
                {"connectorId": evse, "chargingProfilePurpose": purpose.value}
                for purpose in (Purpose.TRANSACTION, Purpose.DEFAULT)
            ]
            if evse
            else [{}]
        )
        async with self._order:
            for chosen in filters:
                await self.command(
                    "ClearChargingProfile",
                    chosen,
                    accepted=frozenset({"Accepted", "Unknown"}),
                )
            for cleared in [evse] if evse else list({0, *self.limits}):
                self._forget(cleared)

    async def composite_schedule(
        self, evse: int, duration: int, unit: RateUnit | None = None
    ) -> Payload:
        """Return the schedule that the station says results from its profiles (K08)."""
        payload: Payload = {"connectorId": evse, "duration": duration}
        if unit is not None:
            payload["chargingRateUnit"] = unit.value
        return await self.command("GetCompositeSchedule", payload)

    def profile_of_start(self, evse: int, amperes: float) -> Payload:
        """Return the profile that goes with the start of a transaction (F01.FR.11)."""
        unit = self._units()[0]
        rung = self._worked.get(_slot(evse, Purpose.TRANSACTION)) or Rung(
            Purpose.TRANSACTION, self._top_level() > 0, "Relative", unit
        )
        return profile(
            rung,
            evse,
            self._convert(amperes, RateUnit.AMPERE, rung.unit, evse, None),
            stack_level=self._top_level(),
        )

    # --- the ladder ---------------------------------------------------------------------

    async def _climb(
        self,
        evse: int,
        value: float,
        unit: RateUnit,
        *,
        phases: int | None,
        duration: int | None,
    ) -> Limit:
        transaction = self.station.transactions.running(evse)
        refusal: OcppError | None = None
        for rung in self._rungs(evse, transaction):
            sent = self._convert(value, unit, rung.unit, evse, phases)
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
                await self.command("SetChargingProfile", payload)
            except (CommandRejected, CommandFailed) as error:
                # Some answer a profile they do not like with a CALLERROR.
                refusal = error
                continue
            slot = _slot(evse, rung.purpose)
            if self._worked.get(slot) != rung:
                self._worked[slot] = rung
                self.station.remember()
            self._exhausted.discard(_slot(evse))
            return Limit(
                value=value,
                unit=unit,
                purpose=rung.purpose.value,
                sent_value=round(sent, 1),
                sent_unit=rung.unit,
                phases=phases,
                until=utcnow() + timedelta(seconds=duration) if duration else None,
            )
        self._exhausted.add(_slot(evse))
        raise refusal or NotSupported("SetChargingProfile")

    def _rungs(self, evse: int, transaction: Transaction | None) -> list[Rung]:
        """Return the ways to try, beginning with those known to work."""
        if evse == 0:
            purposes = [Purpose.STATION]
        else:
            purposes = [Purpose.TRANSACTION] if transaction is not None else []
            purposes.append(Purpose.DEFAULT)
            # Not when it would limit a neighbour too.
            if self.station.the_only_evse == evse:
                purposes.append(Purpose.STATION)
        rungs = ladder(purposes, self._units(), has_levels=self._top_level() > 0)
        known = [
            rung
            for purpose in purposes
            if (rung := self._worked.get(_slot(evse, purpose))) is not None
        ]
        if known:
            return [*known, *(rung for rung in rungs if rung not in known)]
        return rungs[:1] if _slot(evse) in self._exhausted else rungs

    def _top_level(self) -> int:
        return self.station.provisioning.number(
            "ChargeProfileMaxStackLevel", 0, at_most=1_000
        )

    def _units(self) -> list[RateUnit]:
        """Return the units to try; the station's own word decides which comes first."""
        allowed = (
            self.station.provisioning.value("ChargingScheduleAllowedChargingRateUnit")
            or ""
        ).casefold()
        amperes_first = [RateUnit.AMPERE, RateUnit.WATT]
        if "current" not in allowed and allowed in ("power", "w"):
            return amperes_first[::-1]
        return amperes_first

    def _convert(
        self,
        value: float,
        unit: RateUnit,
        into: RateUnit,
        evse: int,
        phases: int | None,
    ) -> float:
        """Convert between ampere per phase and watts over all phases."""
        if unit is into:
            return value
        volts = self.station.metering.voltage(evse or 1) or _NOMINAL_VOLTAGE
        watts_per_ampere = volts * (phases or self.station.settings.phases)
        return (
            value * watts_per_ampere
            if into is RateUnit.WATT
            else value / watts_per_ampere
        )

    # --- keeping limits -----------------------------------------------------------------

    def _accept(self, evse: int, limit: Limit) -> None:
        if (timer := self._expiries.pop(evse, None)) is not None:
            timer.cancel()
        self.limits[evse] = limit
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

    def _expire(self, evse: int) -> None:
        """Go back to the limit that stands, now that the one for some time is over."""
        self._expiries.pop(evse, None)
        standing = self._standing.get(evse)
        self._forget(evse)
        if standing is not None:
            self.station.spawn(self._set_again(evse, standing))
        self.station.flush()

    def _forget(self, evse: int) -> None:
        if (timer := self._expiries.pop(evse, None)) is not None:
            timer.cancel()
        self._standing.pop(evse, None)
        self._defaults.pop(evse, None)
        if self.limits.pop(evse, None) is not None:
            self.changed(Topic.LIMIT, evse)
            self.station.remember()

    async def _set_again(self, evse: int, limit: Limit) -> None:
        """Tell the station a limit anew that it may have forgotten."""
        if self.limits.get(evse) is limit:
            # Until it accepts, nothing is known to be in force.
            del self.limits[evse]
        try:
            await self.set_limit(evse, limit.value, limit.unit, phases=limit.phases)
        except OcppError as error:
            self.station.note(f"limit: not accepted again ({type(error).__name__})")
            self._standing[evse] = limit
            self.changed(Topic.LIMIT, evse)
        self.station.flush()

    def on_transaction_started(self, evse: int) -> None:
        """Bring the limit into a session unless the default profile already does.

        A profile of a transaction ended with it.
        """
        limit = self._standing.get(evse)
        default = self._defaults.get(evse)
        if (
            limit is None
            or self.station.options.quiet
            or limit.purpose == Purpose.STATION
            or (default is not None and default == limit)
        ):
            return
        self.station.spawn(self._set_again(evse, limit))

    def on_transaction_ended(self, evse: int) -> None:
        """Let a limit for some time end with its session, where it was part of it."""
        limit = self.limits.get(evse)
        if (
            limit is not None
            and limit.until is not None
            and limit.purpose == Purpose.TRANSACTION
        ):
            self._expire(evse)

    async def prepare(self, *, booted: bool) -> None:
        """Tell a station that rebooted its limits again: not all remember them."""
        if not booted:
            return
        for evse, limit in (self._standing | self.limits).items():
            if limit.until is None:
                await self._set_again(evse, limit)
            elif (left := int((limit.until - utcnow()).total_seconds())) > 0:
                await self.set_limit(
                    evse, limit.value, limit.unit, phases=limit.phases, duration=left
                )

    def forget_what_worked(self) -> None:
        """Begin the ladder anew."""
        self._worked.clear()
        self._exhausted.clear()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the limits and what worked."""
        self._worked = {
            slot: Rung(Purpose(purpose), top_level, kind, RateUnit(unit))
            for slot, (purpose, top_level, kind, unit) in facts.get(
                "worked", {}
            ).items()
        }
        for evse, written in facts.get("limits", {}).items():
            self._standing[int(evse)] = self.limits[int(evse)] = _read_limit(written)
        for evse, written in facts.get("defaults", {}).items():
            self._defaults[int(evse)] = _read_limit(written)

    def facts(self) -> dict[str, Any]:
        """Keep the limits that stand and what worked."""
        return {
            "worked": {slot: list(rung) for slot, rung in self._worked.items()},
            "limits": {
                str(evse): _write_limit(limit) for evse, limit in self._standing.items()
            },
            "defaults": {
                str(evse): _write_limit(limit)
                for evse, limit in self._defaults.items()
                if limit.until is None
            },
        }

    def stop(self) -> None:
        """End the timers."""
        for timer in self._expiries.values():
            timer.cancel()
        self._expiries.clear()


def _slot(evse: int, purpose: Purpose | None = None) -> str:
    """Name what works alike: all EVSEs of a station take the same profiles."""
    whose = "evse" if evse else "station"
    return f"{whose}/{purpose.value}" if purpose else whose


def _write_limit(limit: Limit) -> dict[str, Any]:
    written = vars(limit).copy()
    del written["until"]
    return written


def _read_limit(written: dict[str, Any]) -> Limit:
    return Limit(
        **written
        | {
            "unit": RateUnit(written["unit"]),
            "sent_unit": RateUnit(written["sent_unit"]),
        }
    )
