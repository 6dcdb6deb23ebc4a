"""How OCPP 1.6 spells meter values."""

from typing import Any

from ...clock import moment
from ...model import Sample, SampleSet, utcnow

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
# A measurand left out means the energy register, unless the unit tells otherwise.
_ENERGY_UNITS = frozenset({"", "Wh", "kWh"})


def read_meter_values(meter_values: Any) -> list[SampleSet]:
    """Read the `meterValue` or `transactionData` list of a message, in order of time.

    What can't be read is left out: one odd sample must not cost the others.
    """
    if not isinstance(meter_values, list):
        return []
    received = utcnow()
    found: dict[tuple[Any, bool], list[Sample]] = {}
    for element in meter_values:
        if not isinstance(element, dict):
            continue
        # OCPP 1.5 called it "values"; firmware that grew out of it still does.
        sampled = element.get("sampledValue") or element.get("values")
        if not isinstance(sampled, list):
            continue
        at = moment(element.get("timestamp"), received=received)
        # Some send each measurand of one moment in an element of its own.
        samples = found.setdefault((at.at, at.dated), [])
        for item in sampled:
            if isinstance(item, dict) and (sample := _sample(item)) is not None:
                samples.append(sample)
    return [
        SampleSet(at, samples, dated)
        for (at, dated), samples in sorted(found.items(), key=lambda entry: entry[0][0])
        if samples
    ]


def _sample(item: dict[str, Any]) -> Sample | None:
    word = {name: text for name, text in item.items() if isinstance(text, str)}
    unit = word.get("unit", "")
    measurand: str | None
    if item.get("measurand") is None:
        measurand = ENERGY_REGISTER if unit in _ENERGY_UNITS else None
    else:
        measurand = _MEASURANDS.get(word.get("measurand", "").casefold())
    phase = _PHASES.get(word.get("phase", ""))
    value = _number(item.get("value"))
    if (
        measurand is None
        or phase is None
        or value is None
        or word.get("format") == "SignedData"
    ):
        return None
    return Sample(
        measurand,
        phase,
        _canonical(value, measurand, unit),
        word.get("context") or "Sample.Periodic",
        word.get("location") or "Outlet",
    )


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


def _canonical(value: float, measurand: str, unit: str) -> float:
    """Return the value in Wh, W, A, V, °C, % or Hz, whatever it was sent in."""
    if measurand == "Temperature":
        if unit in ("K", "Kelvin"):
            return round(value - 273.15, 3)
        if unit in ("Fahrenheit", "F"):
            return round((value - 32) / 1.8, 3)
        return value
    # A wrong unit ("V" for a state of charge is seen) says nothing about the value.
    factor = _FACTORS.get(unit)
    return value if factor is None else round(value * factor, 6)
