"""How meter values are spelled: texts with units in 1.6, numbers with multipliers in 2.x."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from ...clock import Moment, moment
from ...model import SampleSet, utcnow
from .samples import Meaning, add_totals, key, rank

ENERGY_REGISTER = "Energy.Active.Import.Register"
EXPORT_REGISTER = "Energy.Active.Export.Register"
# What 2.1 adds: what the station and the car agreed on, and what the car says of itself.
_NEW_IN_21 = (
    *("Current.Import.Offered", "Current.Import.Minimum"),
    *("Current.Export.Offered", "Current.Export.Minimum"),
    *("Display.PresentSOC", "Display.MinimumSOC"),
    *("Display.TargetSOC", "Display.MaximumSOC"),
    "Display.RemainingTimeToMinimumSOC",
    "Display.RemainingTimeToTargetSOC",
    "Display.RemainingTimeToMaximumSOC",
    *("Display.ChargingComplete", "Display.BatteryEnergyCapacity", "Display.InletHot"),
    "Energy.Active.Import.CableLoss",
    "Energy.Active.Import.LocalGeneration.Register",
    "Energy.Active.Setpoint.Interval",
    *("EnergyRequest.Target", "EnergyRequest.Minimum", "EnergyRequest.Maximum"),
    *("EnergyRequest.Minimum.V2X", "EnergyRequest.Maximum.V2X", "EnergyRequest.Bulk"),
    *("Power.Active.Setpoint", "Power.Active.Residual"),
    *("Power.Import.Offered", "Power.Import.Minimum"),
    *("Power.Export.Offered", "Power.Export.Minimum"),
    *("Voltage.Minimum", "Voltage.Maximum"),
)
MEASURANDS = (
    ENERGY_REGISTER,
    "Energy.Active.Net",
    "Energy.Apparent.Export",
    "Energy.Apparent.Import",
    "Energy.Apparent.Net",
    "Energy.Reactive.Net",
    EXPORT_REGISTER,
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "Power.Factor",
    "Current.Import",
    "Current.Export",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "Temperature",
    "SoC",
    "RPM",
    *_NEW_IN_21,
)
PHASES = ("", "L1", "L2", "L3", "N", "L1-L2", "L2-L3", "L3-L1")
_MEASURANDS = {name.casefold(): name for name in MEASURANDS}
# The same value is L1 for one brand and L1-N for another, or both in one message.
_PHASES = {phase: phase for phase in PHASES} | {
    "L1-N": "L1",
    "L2-N": "L2",
    "L3-N": "L3",
}
# Units by first letter would do but for "K": a temperature, and kilo of everything else.
_SCALED = ("Wh", "varh", "VAh", "W", "var", "VA", "A", "V")
_FACTORS = {
    prefix + unit: factor
    for unit in _SCALED
    for prefix, factor in (("k", 1000.0), ("m", 0.001))
}
# All words of a sample together.
_LONGEST_WORDS = 200
# Of 2.x: no meter counts in more than billions.
_LARGEST_MULTIPLIER = 9
# A measurand left out means the energy register, unless the unit tells otherwise.
_ENERGY_UNITS = frozenset({None, "", "Wh", "kWh"})


def values_of(sampled: list[Any]) -> dict[str, float]:
    """Return the best value of each key, and the totals of what came by phase only."""
    values: dict[str, float] = {}
    ranks: dict[str, int] = {}
    for item in sampled:
        if (meaning := meaning_of(item)) is None:
            continue
        name, rank_, factor, offset = meaning
        if name in values and rank_ >= ranks[name]:
            continue
        if (value := number(item.get("value"))) is not None:
            if factor != 1 or offset:
                value = round(value * factor + offset, 6)
            values[name], ranks[name] = value, rank_
    add_totals(values)
    return values


def meaning_of(item: Any) -> Meaning | None:
    """Return the meaning of a sample, or None when it is not to be shown."""
    try:
        say = item.get
        return _meaning(
            (
                say("measurand"),
                say("phase"),
                say("unit"),
                say("context"),
                say("location"),
                say("format"),
            )
            if "unitOfMeasure" not in item
            else (
                say("measurand"),
                say("phase"),
                item["unitOfMeasure"].get("unit"),
                say("context"),
                say("location"),
                None,
                item["unitOfMeasure"].get("multiplier"),
            )
        )
    except AttributeError, TypeError:
        return None


def read_meter_values(
    meter_values: Any,
    received: datetime,
    read: Callable[[list[Any]], dict[str, float]] = values_of,
) -> list[SampleSet]:
    """Read the `meterValue` or `transactionData` list of a message, in order of time.

    What is not dated is of the moment it was `received`. What can't be read is left out:
    one odd sample must not cost the others. `read` reads the samples of a message that has
    no more than one moment; a `Pattern` does so faster.
    """
    if not isinstance(meter_values, list):
        return []
    found: list[tuple[Moment, list[Any]]] = []
    for element in meter_values:
        if not isinstance(element, dict):
            continue
        # OCPP 1.5 called it "values"; firmware that grew out of it still does.
        sampled = element.get("sampledValue") or element.get("values")
        if not isinstance(sampled, list):
            continue
        at = moment(element.get("timestamp"), received=received)
        found.append((at, sampled))
    if len(found) > 1:
        found, read = _together(found), values_of
    return [
        SampleSet(at.at, values, at.dated)
        for at, sampled in found
        if (values := read(sampled))
    ]


def _together(found: list[tuple[Moment, list[Any]]]) -> list[tuple[Moment, list[Any]]]:
    """Return the samples of each moment, in order of time.

    Some send each measurand of one moment in an element of its own.
    """
    moments: dict[Moment, list[Any]] = {}
    for at, sampled in found:
        moments.setdefault(at, []).extend(sampled)
    return sorted(moments.items())


def registers(meter_values: Any) -> list[tuple[datetime, float]]:
    """Return the readings of the energy register, in Wh and in order of time."""
    return [
        (sample.at, sample.values[ENERGY_REGISTER])
        for sample in read_meter_values(meter_values, utcnow())
        if ENERGY_REGISTER in sample.values
    ]


# A station says the same few words all the time.
@lru_cache(maxsize=1024)
def _meaning(words: tuple[object, ...]) -> Meaning | None:
    """Return the meaning of a sample's words, or None when it is not to be shown.

    Raises `TypeError`, which is not remembered, for what are no words: lists and objects,
    and texts longer than any word.
    """
    name, phase, unit, context, location, form = (
        None if word is None else str(word) for word in words[:6]
    )
    multiplier = words[6] if len(words) > 6 else None
    if (
        sum(len(word) for word in (name, phase, unit, context, location, form) if word)
        > _LONGEST_WORDS
    ):
        raise TypeError
    if name is None:
        measurand = ENERGY_REGISTER if unit in _ENERGY_UNITS else None
    else:
        measurand = _MEASURANDS.get(name.casefold())
    wire = conductor(phase)
    if measurand is None or wire is None or form == "SignedData":
        return None
    factor, offset = unit_of(measurand, unit or "")
    return Meaning(
        key(measurand, wire),
        rank(context or "Sample.Periodic", location or "Outlet"),
        factor * _power_of_ten(multiplier),
        offset,
    )


def conductor(phase: str | None) -> str | None:
    """Return the phase as keys have it, or None for one that is not known."""
    return _PHASES.get(phase or "")


def _power_of_ten(multiplier: object) -> float:
    if isinstance(multiplier, bool) or not isinstance(multiplier, int):
        return 1
    return 10.0**multiplier if abs(multiplier) <= _LARGEST_MULTIPLIER else 1


def unit_of(measurand: str, unit: str) -> tuple[float, float]:
    """Return what brings a value into Wh, W, A, V, °C, % or Hz: a factor and an offset."""
    if measurand == "Temperature":
        if unit in ("K", "Kelvin"):
            return 1, -273.15
        if unit in ("Fahrenheit", "F"):
            return 5 / 9, -160 / 9
        return 1, 0
    # A wrong unit ("V" for a state of charge is seen) says nothing about the value.
    return _FACTORS.get(unit, 1), 0


def number(value: Any) -> float | None:
    """Return a finite number out of "1,5", " 0.0" or 7; None out of "", "NaN" and more."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except TypeError, ValueError:
        try:
            found = float(str(value).replace(",", "."))
        except ValueError:
            return None
    # NaN is not equal to itself; no meter reads infinity.
    return found if found - found == 0 else None
