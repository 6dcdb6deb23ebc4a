"""Dynamic profiles of 2.1: one limit, which is changed without another profile (K28).

Those of ours have no duration, and are to be kept to for as long as the station is away: a
limit that protects a fuse does not end because nobody was there to repeat it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, override

from ...errors import CommandFailed, CommandRejected, InvalidRequest, NotSupported
from ...model import ChargingProfile, Limit, Payload, RateUnit, utcnow
from ...versions import V21
from ..block import answers, follows, precedes
from .bounds import Bounded
from .limits import is_for
from .periods import rates_of
from .profiles import Purpose, Rung
from .rules import fault_of_clearing, fault_of_profile

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_UPDATE, _PULL = "UpdateDynamicSchedule", "PullDynamicScheduleUpdate"
_CENTRAL = "CentralSetpoint"
# What stations may add to a profile of ours, of no consequence.
_ADDED = {"dynUpdateTime"}
# All that our dynamic schedules say; of the rest a change of rates says nothing.
_SAID = {"id", "chargingRateUnit", "chargingSchedulePeriod"}


class Dynamic(Bounded):
    """Changes dynamic profiles, and tells stations what they say that ask for it."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing changed."""
        super().__init__(station)
        # The change that was last sent; while it is not answered it counts already.
        self._change: Payload | None = None
        # The profiles that were sent anew since a change of them was refused.
        self._sent_anew: set[int] = set()

    # --- changing them ------------------------------------------------------------------

    @override
    async def _update(self, rung: Rung, evse: int, period: Payload) -> bool:
        held = self._held_dynamic(rung, evse)
        # After a restart, or in doubt, the profile goes out whole.
        more = self._more(rung, evse, period)
        if (
            held is None
            or evse in self._unsure
            or not _changes_into(held, period, more)
        ):
            return False
        payload = self._climbing = {
            "chargingProfileId": held.id,
            "scheduleUpdate": rates_of(period),
        }
        try:
            await self.command(_UPDATE, payload)
        except CommandRejected, CommandFailed, NotSupported:
            if held.id in self._sent_anew:
                # It holds the profile, and can't be told anything else.
                self._ladder.no_dynamic = True
                raise
            self._sent_anew.add(held.id)
            return False
        self._sent_anew.discard(held.id)
        return True

    def _held_dynamic(self, rung: Rung, evse: int) -> ChargingProfile | None:
        """Return the dynamic profile that is where a way would put one."""
        held = self.installed.dynamic(self._number_on(rung, evse))
        level = self._level(evse, rung.purpose, top=rung.top_level)
        where = 0 if rung.purpose is Purpose.STATION else evse
        running = self.station.transactions.running(evse)
        ends_with = running.number if running is not None else None
        if (
            held is None
            or (held.evse, held.purpose) != (where, rung.purpose)
            or held.stack_level != level
            or held.schedules[0]["chargingRateUnit"] != rung.unit
            or (rung.purpose is Purpose.TRANSACTION and held.transaction != ends_with)
        ):
            return None
        return held

    @precedes(_UPDATE, V21)
    def on_updating(self, payload: Payload) -> None:
        """Know what a profile is about to say, whoever changes it."""
        self._change = payload

    @follows(_UPDATE, V21)
    def on_updated(self, payload: Payload, answer: Payload) -> None:
        """Know what a profile says now; a limit of ours that it holds is that."""
        held = self.installed.dynamic(payload["chargingProfileId"])
        told = rates_of(payload["scheduleUpdate"])
        if held is None or not told:
            return
        (schedule,) = held.schedules
        (period,) = schedule["chargingSchedulePeriod"]
        changed = schedule | {"chargingSchedulePeriod": [period | told]}
        self.installed.change(replace(held, schedules=[changed], installed=utcnow()))
        if payload is not self._climbing:
            self._take_over(held, told)

    def _take_over(self, held: ChargingProfile, told: Payload) -> None:
        """Know of a limit of ours that people changed by its profile."""
        for evse, limit in list(self.limits.items()):
            number, where, purpose, _ = self._place(evse, limit)
            if (held.id, held.evse, held.purpose) != (number, where, purpose):
                continue
            if told.keys() != {"limit"}:
                self._lose(evse)
                continue
            value, unit = told["limit"], limit.sent_unit
            self._accept(
                evse,
                replace(
                    limit,
                    value=value,
                    unit=unit,
                    sent_value=value,
                    lowered=False,
                ),
                stands=not self._is_of_session(evse),
            )

    @answers(_PULL, V21, needs=("chargingProfileId",))
    def on_pull(self, payload: Payload) -> Payload:
        """Answer what a dynamic profile says (K28.FR.07, K28.FR.12)."""
        held = self.installed.dynamic(payload["chargingProfileId"])
        if held is None:
            return {
                "status": "Rejected",
                "statusInfo": {
                    "reasonCode": "InvalidProfile",
                    "additionalInfo": "no dynamic profile of that id",
                },
            }
        told = rates_of(held.schedules[0]["chargingSchedulePeriod"][0])
        change = self._change
        if (
            change is not None
            and change["chargingProfileId"] == held.id
            and self.station.sending.waits_for(change)
        ):
            # The station may take it before it reads this answer.
            told |= rates_of(change["scheduleUpdate"])
        told = self._within(held, told)
        if "duration" in held.schedules[0]:
            # It counts from now.
            self.installed.change(replace(held, installed=utcnow()))
        return {"status": "Accepted", "scheduleUpdate": told}

    # --- what must not be sent ------------------------------------------------------------

    @precedes("SetChargingProfile", V21)
    @precedes("RequestStartTransaction", V21)
    def on_sending(self, payload: Payload) -> None:
        """Refuse a profile that 2.1 forbids (K01, K28.FR.01, Q03.FR.02, Q08, Q10)."""
        if (profile := payload.get("chargingProfile")) is None:
            return
        phases = self._phases_of_car(payload.get("evseId", 0))
        if (fault := fault_of_profile(profile, phases)) is not None:
            raise InvalidRequest("SetChargingProfile", fault)

    def _phases_of_car(self, evse: int) -> int | None:
        """Return for how many phases the car of an EVSE names a power, if it does."""
        raise NotImplementedError

    @precedes("ClearChargingProfile", V21)
    def on_clearing(self, payload: Payload) -> None:
        """Refuse to clear what others set (K10.FR.06)."""
        if (fault := fault_of_clearing(payload)) is not None:
            raise InvalidRequest("ClearChargingProfile", fault)

    # --- more than a limit --------------------------------------------------------------

    async def set_rate(
        self,
        evse: int,
        *,
        unit: RateUnit = RateUnit.WATT,
        limit: float | None = None,
        discharge: float | None = None,
        setpoint: float | None = None,
        mode: str | None = None,
        session: int | None = None,
    ) -> ChargingProfile:
        """Say what an EVSE may take and give, or shall, and return the profile (Q03–Q05).

        Rates are in ampere per phase or in watts over all phases. `limit` is what it may
        take and `discharge` what it may give; neither is negative. A `setpoint` stands
        alone, and is negative for giving; with it the `mode` is *CentralSetpoint* unless
        another is named, as 2.1 spells it. Where the station has dynamic profiles, only what
        is said changes from then on, as long as the same things are said in the same mode.
        With the number of a `session` it is said for that one alone, and never for another.

        The limit that stands is not in force beside it, but nothing above it is sent; after
        the session, a restart of the station, or `set_limit` it is told again. Raises
        `LimitTooHigh` above the charger's highest current, either way, and what `set_limit`
        does.
        """
        said = {"limit": limit, "dischargeLimit": discharge, "setpoint": setpoint}
        rates = {name: value for name, value in said.items() if value is not None}
        for value in rates.values():
            self._check_maximum(abs(value), unit)
        if mode is None and setpoint is not None:
            mode = _CENTRAL

        async def send(rung: Rung) -> None:
            period = self._write_rates(rung, evse, rates, unit)
            await self._send(
                rung, evse, period | ({"operationMode": mode} if mode else {}), None
            )

        async with self._order:
            self.station.link()
            ways = partial(self._ways_for, evse, session)
            with self._apart(session):
                rung = await self._first_taken(evse, send, ways)
            self._set_aside(evse, rung.purpose)
            number = self._number_on(rung, evse)
        return next(it for it in self.installed.profiles if it.id == number)

    def _ways_for(self, evse: int, session: int | None = None) -> Iterator[Rung]:
        """Return the ways that may do more than charge (K01.FR.111)."""
        if session is None:
            ways = self._ways(evse)
            return (it for it in ways if it.purpose is not Purpose.STATION)
        running = self.station.transactions.running(evse)
        if running is None or running.number != session:
            return iter(())
        ways = self._ways(evse, session=True)
        units = self.station.device_model.words("SmartChargingCtrlr", "RateUnit")
        if self.station.compatibility.rate_unit or RateUnit.WATT not in units:
            return ways
        # Those who steer reckon in watts; ampere would be rounded.
        return iter(dict.fromkeys(it._replace(unit=RateUnit.WATT) for it in ways))

    @contextmanager
    def _apart(self, session: int | None) -> Iterator[None]:
        """Learn nothing for limits of what is told to a session: it is no limit."""
        ladder = self._ladder
        if session is not None:
            self._ladder = deepcopy(ladder)
        try:
            yield
        finally:
            self._ladder = ladder

    def _write_rates(
        self, rung: Rung, evse: int, rates: Payload, unit: RateUnit
    ) -> Payload:
        """Return rates as a way spells them, none above what may flow."""
        wiring = self.wiring_of_car(evse)
        highest = wiring.most(self.station.settings.maximum_current, rung.unit)
        bounds = (self._told_of(evse, it, rung.unit) for it in self._bounds(evse))
        allowed = min([highest, *bounds])
        written = {}
        for name, value in rates.items():
            told = wiring.convert(value, unit, rung.unit)
            gives = name == "dischargeLimit" or told < 0
            most = min(abs(told), highest if gives else allowed)
            written[name] = round(-most if gives else most, 1)
        return written

    def _set_aside(self, evse: int, purpose: Purpose) -> None:
        """Know that what stands is not in force: something else took its place."""
        limit: Limit | None = self.limits.get(evse)
        if purpose is Purpose.TRANSACTION:
            self._untold.add(evse)
        else:
            self._defaults.pop(evse, None)
        if limit is not None and (
            purpose is Purpose.TRANSACTION or is_for(limit, purpose)
        ):
            self._stop_timer(evse)
            self._lose(evse)


def _changes_into(held: ChargingProfile, period: Payload, more: Payload) -> bool:
    """Return whether a change of rates alone makes a profile say this, and no more.

    One of people's own may hold at times only, or limit otherwise.
    """
    if (
        held.schedules[0].keys() - _SAID
        or held.valid_from is not None
        or held.valid_to is not None
        or held.recurrency is not None
        or {name: it for name, it in held.more.items() if name not in _ADDED} != more
    ):
        return False
    present = held.schedules[0]["chargingSchedulePeriod"][0]
    rates = rates_of(period)
    said = {"startPeriod": 0} | present
    wanted = {"startPeriod": 0} | period
    return rates_of(present).keys() == rates.keys() and all(
        said.get(name) == wanted.get(name)
        for name in said.keys() | wanted.keys()
        if name not in rates
    )
