"""Which variables of a station are readings of a meter, as its streams tell them (N15)."""

from functools import lru_cache
from typing import NamedTuple

from ...variables import Place
from .samples import key
from .spelling import (
    ENERGY_REGISTER,
    EXPORT_REGISTER,
    MEASURANDS,
    PHASES,
    conductor,
    unit_of,
)

# What measures what flows to one car, or out of it. Those of the specification first.
_METERS = frozenset(
    {
        *("evse", "connector", "fiscalmetering"),
        *("electricitymeter", "energymeter", "powermeter", "meter"),
    }
)
_CAR = "connectedev"
# The variables of the specification (part 2, appendices 3.3) that are measurands.
_VARIABLES = {
    "power": "Power.Active.Import",
    "dischargepower": "Power.Active.Export",
    "accurrent": "Current.Import",
    "dccurrent": "Current.Import",
    "current": "Current.Import",
    "acvoltage": "Voltage",
    "dcvoltage": "Voltage",
    "voltage": "Voltage",
    "frequency": "Frequency",
    "temperature": "Temperature",
    "energyimportregister": ENERGY_REGISTER,
    "energyexportregister": EXPORT_REGISTER,
} | {name.casefold(): name for name in MEASURANDS}
_OF_A_CAR = {"stateofcharge": "SoC", "soc": "SoC"}
_INSTANCES = {phase.casefold(): phase for phase in (*PHASES, "L1-N", "L2-N", "L3-N")}


class Measured(NamedTuple):
    """The reading that a variable is: its key, and what brings a value into its unit."""

    key: str
    measurand: str
    phase: str
    factor: float
    offset: float


# A station has the same few streams all the time.
@lru_cache(maxsize=1024)
def measured(place: Place, unit: str) -> Measured | None:
    """Return what a variable measures in a unit, or None for any other variable.

    `place` is compared without letter case. One that has an instance which is no phase is
    another sensor than the one people look at.
    """
    component, variable = place.component.casefold(), place.variable.casefold()
    if component == _CAR:
        measurand = _OF_A_CAR.get(variable)
    elif component in _METERS:
        measurand = _VARIABLES.get(variable)
    else:
        return None
    instance = _INSTANCES.get(place.instance.casefold())
    if measurand is None or instance is None or place.component_instance:
        return None
    phase = conductor(instance) or ""
    factor, offset = unit_of(measurand, unit)
    return Measured(key(measurand, phase), measurand, phase, factor, offset)
