"""What bounds a session that does more than charge: limits, wires, and time."""

from dataclasses import replace
from functools import partial
from typing import override

from ...energy_transfer import CHARGING, IDLE
from ...model import ChargingProfile, Limit, Payload, RateUnit
from ...versions import V21
from .holding import Holding
from .limits import is_for
from .periods import CURRENTS, amperes_of
from .profiles import Purpose, Rung
from .rate import Wiring

_SMART = "SmartChargingCtrlr"
# In seconds: for how long a car may give that nobody can tell to stop.
_OFFLINE = 900
# In ampere: what is lost where rates are rounded.
_ABOUT = 0.05


class Bounded(Holding):
    """Keeps what is told to sessions within what may flow."""

    def wiring_of_car(self, evse: int) -> Wiring:
        """Return what lies between ampere and watts for the car of an EVSE."""
        return self._wiring(evse)

    def _bounds(self, evse: int) -> list[Limit]:
        """Return the limits that people have there: what is told to a session keeps to them."""
        found = (self._standing.get(evse), self.limits.get(evse))
        return [it for it in found if it is not None]

    def _told_of(self, evse: int, limit: Limit, unit: RateUnit) -> float:
        """Return what a limit lets a car have: what was asked for, or kept of it."""
        wiring = self.wiring_of_car(evse)
        phases = min(wiring.phases, limit.phases or wiring.phases)
        value, told = limit.value, limit.unit
        if limit.lowered:
            value, told = limit.sent_value, limit.sent_unit
        return wiring._replace(phases=phases).convert(value, told, unit)

    def _within(self, held: ChargingProfile, rates: Payload) -> Payload:
        """Return what a profile says, nowhere above the charger's highest current.

        That may have been lowered since.
        """
        unit = RateUnit(held.schedules[0]["chargingRateUnit"])
        maximum = self.station.settings.maximum_current
        wiring = self.wiring_of_car(held.evse)
        within = {}
        for names in CURRENTS:
            single = any(it in rates for it in names[1:])
            wired = wiring._replace(phases=1) if single else wiring
            for name in rates.keys() & {*names}:
                value = rates[name]
                if wired.exceeds(abs(value), unit, maximum):
                    most = round(wired.most(maximum, unit), 1)
                    within[name] = -most if value < 0 else most
        return rates | within

    def is_too_high(self, held: ChargingProfile) -> bool:
        """Return whether a profile lets more flow than the charger's highest current."""
        phases = self.wiring_of_car(held.evse).phases
        most = self.station.settings.maximum_current + _ABOUT
        return any(
            amperes > most
            for it in held.schedules
            for period in it["chargingSchedulePeriod"]
            for amperes in amperes_of(
                period, RateUnit(it["chargingRateUnit"]), Wiring(phases)
            )
        )

    # --- while nobody can tell it to stop -----------------------------------------------

    @override
    def _profile(
        self,
        rung: Rung,
        evse: int,
        schedule: Payload,
        transaction_id: str | None = None,
    ) -> Payload:
        written = super()._profile(rung, evse, schedule, transaction_id)
        return written | self._more(rung, evse, schedule["chargingSchedulePeriod"][0])

    def _more(self, rung: Rung, evse: int, period: Payload) -> Payload:
        """Return what a profile of ours says besides: one that may discharge has an end.

        Where the station knows such, and while it is away only.
        """
        flag = self.station.device_model.flag
        if (
            self.station.version is V21
            and period.get("operationMode", CHARGING) not in (CHARGING, IDLE)
            and flag(_SMART, "SupportsFeature", instance="MaxOfflineDuration")
            and self._is_limited_without(rung, evse)
        ):
            return {"maxOfflineDuration": _OFFLINE}
        return {}

    def _is_limited_without(self, rung: Rung, evse: int) -> bool:
        """Return whether the limits that people have would hold without a profile.

        A limit that protects a fuse does not end because nobody is there.
        """
        bounds = [it for it in self._bounds(evse) if not is_for(it, Purpose.STATION)]
        if not bounds:
            return True
        default = self._defaults.get(evse)
        if default is None or default.until or rung.purpose is not Purpose.TRANSACTION:
            return False
        sent = replace(default, lowered=True)
        amperes = partial(self._told_of, evse, unit=RateUnit.AMPERE)
        return amperes(sent) <= min(map(amperes, bounds)) + _ABOUT
