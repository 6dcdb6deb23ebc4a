"""How energy may flow between a station and a car, as OCPP 2.1 names it."""

from collections.abc import Iterable
from typing import Any

# As the schema spells them; the last ones take more than a cable, or give back.
MODES = (
    *("AC_single_phase", "AC_two_phase", "AC_three_phase", "DC"),
    *("AC_BPT", "AC_BPT_DER", "AC_DER", "DC_BPT", "DC_ACDP", "DC_ACDP_BPT", "WPT"),
)
_SPELLED = {mode.casefold(): mode for mode in MODES}

CHARGING, IDLE = "ChargingOnly", "Idle"


def spelled(told: str) -> str | None:
    """Return a mode as the schema spells it, whatever its letter case; None if it is none."""
    return _SPELLED.get(told.strip().casefold())


def gives_back(mode: str) -> bool:
    """Return whether a car may also be discharged with a mode, in any letter case (Q01).

    `AC_DER` feeds the grid as the controls of generators say (R).
    """
    word = mode.casefold()
    return "_bpt" in word or word == "ac_der"


def does_more(schedules: Iterable[dict[str, Any]]) -> bool:
    """Return whether a profile with these schedules has a car do anything but charge."""
    return any(
        period.get("operationMode", CHARGING) != CHARGING
        for schedule in schedules
        for period in schedule["chargingSchedulePeriod"]
    )
