"""How OCPP 1.6 spells meter values."""

from functools import lru_cache
from typing import Any

from ...clock import Moment, moment
from ...model import SampleSet, utcnow
from .samples import Meaning, add_totals, key, rank

ENERGY_REGISTER = "Energy.Active.Import.Register"
MEASURANDS = (
    ENERGY_REGISTER,
    "Energy.Active.Export.Register",
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
# A measurand left out means the energy register, unless the unit tells otherwise.
_ENERGY_UNITS = frozenset({None, "", "Wh", "kWh"})


def read_meter_values(meter_values: Any) -> list[SampleSet]:
    """Read the `meterValue` or `transactionData` list of a message, in order of time.

    What can't be read is left out: one odd sample must not cost the others.
    """
    if not isinstance(meter_values, list):
        return []
    received = utcnow()
    found: dict[Moment, list[dict[str, Any]]] = {}
    for element in meter_values:
        if not isinstance(element, dict):
            continue
        # OCPP 1.5 called it "values"; firmware that grew out of it still does.
        sampled = element.get("sampledValue") or element.get("values")
        if not isinstance(sampled, list):
            continue
        at = moment(element.get("timestamp"), received=received)
        # Some send each measurand of one moment in an element of its own.
        found.setdefault(at, []).extend(sampled)
    return [
        SampleSet(at.at, values, at.dated)
        for at, sampled in sorted(found.items())
        if (values := _values(sampled))
    ]


def _values(sampled: list[Any]) -> dict[str, float]:
    """Return the best value of each key, and the totals of what came by phase only."""
    values: dict[str, float] = {}
    ranks: dict[str, int] = {}
    for item in sampled:
        if (meaning := _meaning_of(item)) is None:
            continue
        name, rank_, factor, offset = meaning
        if name in values and rank_ >= ranks[name]:
            continue
        if (value := _number(item.get("value"))) is not None:
            if factor != 1 or offset:
                value = round(value * factor + offset, 6)
            values[name], ranks[name] = value, rank_
    add_totals(values)
    return values


def _meaning_of(item: Any) -> Meaning | None:
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
        )
    except AttributeError, TypeError:
        return None


# A station says the same few words all the time.
@lru_cache(maxsize=1024)
def _meaning(words: tuple[object, ...]) -> Meaning | None:
    """Return the meaning of a sample's words, or None when it is not to be shown.

    Raises `TypeError`, which is not remembered, for what are no words: lists and objects,
    and texts longer than any word.
    """
    name, phase, unit, context, location, form = (
        None if word is None else str(word) for word in words
    )
    if (
        sum(len(word) for word in (name, phase, unit, context, location, form) if word)
        > _LONGEST_WORDS
    ):
        raise TypeError
    if name is None:
        measurand = ENERGY_REGISTER if unit in _ENERGY_UNITS else None
    else:
        measurand = _MEASURANDS.get(name.casefold())
    conductor = _PHASES.get(phase or "")
    if measurand is None or conductor is None or form == "SignedData":
        return None
    factor, offset = _unit(measurand, unit or "")
    return Meaning(
        key(measurand, conductor),
        rank(context or "Sample.Periodic", location or "Outlet"),
        factor,
        offset,
    )


def _unit(measurand: str, unit: str) -> tuple[float, float]:
    """Return what brings a value into Wh, W, A, V, °C, % or Hz: a factor and an offset."""
    if measurand == "Temperature":
        if unit in ("K", "Kelvin"):
            return 1, -273.15
        if unit in ("Fahrenheit", "F"):
            return 5 / 9, -160 / 9
        return 1, 0
    # A wrong unit ("V" for a state of charge is seen) says nothing about the value.
    return _FACTORS.get(unit, 1), 0


def _number(value: Any) -> float | None:
    """Return a finite number out of "1,5", " 0.0" or 7; None out of "", "NaN" and more."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except TypeError, ValueError:
        try:
            number = float(str(value).replace(",", "."))
        except ValueError:
            return None
    # NaN is not equal to itself; no meter reads infinity.
    return number if number - number == 0 else None
