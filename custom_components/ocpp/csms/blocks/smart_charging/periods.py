"""What the periods of a schedule say: limits, and since 2.1 setpoints and discharging.

Rates are in the unit of their schedule: ampere per phase, or watts over all phases. Those of
the second and third phase stand beside one that is then the first's alone.
"""

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from ...model import Payload, RateUnit
from .rate import Wiring

_PHASES = ("", "_L2", "_L3")
LIMITS = tuple(f"limit{it}" for it in _PHASES)
DISCHARGE_LIMITS = tuple(f"dischargeLimit{it}" for it in _PHASES)
SETPOINTS = tuple(f"setpoint{it}" for it in _PHASES)
REACTIVE = tuple(f"setpointReactive{it}" for it in _PHASES)
# All that UpdateDynamicSchedule may change.
RATES = (*LIMITS, *DISCHARGE_LIMITS, *SETPOINTS, *REACTIVE)
# Each of these flows through the wires of the house.
CURRENTS = (LIMITS, DISCHARGE_LIMITS, SETPOINTS)
# As many as a schedule may have (K01, `chargingSchedulePeriod`), and a curve of a period.
_MOST_PERIODS, _MOST_POINTS = 1024, 20


def is_number(told: Any) -> bool:
    """Return whether something is a number that can be reckoned with."""
    return (
        isinstance(told, (int, float)) and not isinstance(told, bool) and isfinite(told)
    )


def _is_flag(told: Any) -> bool:
    return isinstance(told, bool)


def _is_text(told: Any) -> bool:
    return isinstance(told, str)


def _is_phase(told: Any) -> bool:
    return told in (1, 2, 3)


def _is_curve(told: Any) -> bool:
    return (
        isinstance(told, list)
        and len(told) <= _MOST_POINTS
        and all(isinstance(it, dict) for it in told)
    )


def _is_limit_at_soc(told: Any) -> bool:
    return isinstance(told, dict) and all(
        is_number(told.get(it)) for it in ("soc", "limit")
    )


type _Fields = dict[str, Callable[[Any], bool]]

_OF_PERIOD: _Fields = {
    "startPeriod": is_number,
    **dict.fromkeys((*RATES, "v2xBaseline"), is_number),
    **dict.fromkeys(("numberPhases", "phaseToUse"), _is_phase),
    "operationMode": _is_text,
    **dict.fromkeys(("preconditioningRequest", "evseSleep"), _is_flag),
    **dict.fromkeys(("v2xFreqWattCurve", "v2xSignalWattCurve"), _is_curve),
}
_OF_SCHEDULE: _Fields = {
    "startSchedule": _is_text,
    **dict.fromkeys(("duration", "minChargingRate", "randomizedDelay"), is_number),
    "useLocalTime": _is_flag,
    "limitAtSoC": _is_limit_at_soc,
}


def _kept(told: Payload, fields: _Fields) -> Payload:
    return {name: told[name] for name, fits in fields.items() if fits(told.get(name))}


def read_schedules(told: Any) -> list[Payload]:
    """Return the schedules that a station told of, as far as they can be understood."""
    listed = told if isinstance(told, list) else [told]
    return [it for one in listed if (it := _read_schedule(one)) is not None]


def _read_schedule(told: Any) -> Payload | None:
    if not isinstance(told, dict) or told.get("chargingRateUnit") not in ("A", "W"):
        return None
    listed = told.get("chargingSchedulePeriod")
    periods = [
        _kept(it, _OF_PERIOD)
        for it in (listed[:_MOST_PERIODS] if isinstance(listed, list) else ())
        if isinstance(it, dict) and _says_something(it)
    ]
    if not periods:
        return None
    schedule: Payload = {
        "chargingRateUnit": told["chargingRateUnit"],
        "chargingSchedulePeriod": periods,
    }
    return schedule | _kept(told, _OF_SCHEDULE)


def _says_something(period: Payload) -> bool:
    """Return whether a period can be understood; what has no limit says why not."""
    return is_number(period.get("startPeriod")) and (
        is_number(period.get("limit"))
        or _is_text(period.get("operationMode"))
        or any(is_number(period.get(name)) for name in RATES)
    )


def rates_of(told: Payload) -> Payload:
    """Return the rates that a period, or an update of it, names."""
    return {name: told[name] for name in RATES if is_number(told.get(name))}


def says_only_limit(period: Payload) -> bool:
    """Return whether a period says nothing that a limit and its phases do not say."""
    return rates_of(period).keys() <= {"limit"} and period.get("operationMode") in (
        None,
        "ChargingOnly",
    )


def amperes_of(period: Payload, unit: RateUnit, wiring: Wiring) -> Iterator[float]:
    """Yield what a period lets flow at most, in ampere per phase, whichever way."""
    phases = max(1, min(wiring.phases, period.get("numberPhases") or wiring.phases))
    for names in CURRENTS:
        told = [abs(period[it]) for it in names if is_number(period.get(it))]
        single = any(it in period for it in names[1:])
        wired = wiring._replace(phases=1 if single else phases)
        yield from (wired.convert(it, unit, RateUnit.AMPERE) for it in told)
