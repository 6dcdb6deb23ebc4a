"""Charging rates in ampere per phase and in watts over all phases."""

from typing import NamedTuple

from ...model import RateUnit

NOMINAL_VOLTAGE = 230.0
# How far a grid's voltage may be above the nominal one.
_HIGHEST_VOLTAGE = NOMINAL_VOLTAGE * 1.1


class Wiring(NamedTuple):
    """What lies between ampere and watts."""

    phases: int
    voltage: float | None = None

    def convert(self, value: float, unit: RateUnit, into: RateUnit) -> float:
        """Return a rate in the other unit."""
        if unit is into:
            return value
        watts_per_ampere = (self.voltage or NOMINAL_VOLTAGE) * self.phases
        if into is RateUnit.WATT:
            return value * watts_per_ampere
        return value / watts_per_ampere

    def exceeds(self, value: float, unit: RateUnit, amperes: float) -> bool:
        """Return whether a rate is above a current, whatever the voltage is."""
        if unit is RateUnit.AMPERE:
            return value > amperes
        return value > amperes * self.phases * _HIGHEST_VOLTAGE
