"""Charging rates in ampere per phase and in watts over all phases."""

import math
from typing import NamedTuple

from ...chargers import Compatibility
from ...model import RateUnit

NOMINAL_VOLTAGE = 230.0
# How far a grid's voltage may be above the nominal one.
_HIGHEST_VOLTAGE = NOMINAL_VOLTAGE * 1.1
# What converting there and back may leave behind, in ampere.
_NOISE = 0.001


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

    def most(self, amperes: float, unit: RateUnit) -> float:
        """Return a current in a unit, so that it is not above it at the nominal voltage."""
        if unit is RateUnit.AMPERE:
            return amperes
        lowest = min(self.voltage or NOMINAL_VOLTAGE, NOMINAL_VOLTAGE)
        return amperes * lowest * self.phases

    def exceeds(self, value: float, unit: RateUnit, amperes: float) -> bool:
        """Return whether a rate is above a current, whatever the voltage is."""
        if unit is RateUnit.AMPERE:
            return value > amperes
        return value > amperes * self.phases * _HIGHEST_VOLTAGE


def kept_rate(
    value: float, unit: RateUnit, wiring: Wiring, charger: Compatibility
) -> float:
    """Return the highest rate that a charger keeps and that is not above the wanted one.

    One below the lowest that it keeps is 0: the charger would ignore it, and charge with
    more than a fuse, or the sun, has to give.
    """
    amperes = wiring.convert(value, unit, RateUnit.AMPERE) + _NOISE
    steps = [step for step in charger.steps if step > 0]
    if amperes < max(charger.lowest_current, min(steps, default=0)):
        return 0
    if unit is RateUnit.WATT:
        return value
    if steps:
        value = max(step for step in steps if step <= amperes)
    return math.floor(value + _NOISE) if charger.whole_amperes else value
