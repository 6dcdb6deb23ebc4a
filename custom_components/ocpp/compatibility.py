"""How one charger is to be treated otherwise than its model: the form, and what is kept.

Only what differs from the table of models is kept, so that later versions of the table reach
everything else.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from homeassistant.helpers import selector
import probatio

from .csms.blocks.metering import MEASURANDS, PHASES
from .csms.chargers import Compatibility
from .csms.model import RateUnit

# What this integration sends of its own accord, or has an entity for.
COMMANDS = (
    "CancelReservation",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearChargingProfile",
    "ClearDisplayMessage",
    "CostUpdated",
    "DataTransfer",
    "ExtendedTriggerMessage",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetMonitoringReport",
    "GetReport",
    "GetTransactionStatus",
    "GetVariables",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetDisplayMessage",
    "SetVariables",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
)
MESSAGES = (
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "MeterValues",
    "StatusNotification",
)
PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
RATE_UNITS = {"any": None, "ampere": RateUnit.AMPERE, "watt": RateUnit.WATT}
PROFILE_KINDS = {"any": "", "absolute": "Absolute", "relative": "Relative"}
# In ampere: more than any charger of a home takes.
_HIGHEST_STEP = 1000
# In seconds: in less, no charger answers. With 0 it gets as long as any other.
_SHORTEST_TIMEOUT = 1


class InvalidCompatibility(Exception):
    """What somebody typed means nothing; `reason` is one of the flow's errors."""

    def __init__(self, reason: str) -> None:
        """Remember what is wrong."""
        super().__init__(reason)
        self.reason = reason


# --- the form -----------------------------------------------------------------------------


def _several(options: tuple[str, ...], *, custom: bool = False) -> Any:
    return selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=list(options),
            multiple=True,
            custom_value=custom,
            mode=selector.SelectSelectorMode.DROPDOWN,
        )
    )


def _one(options: Mapping[str, Any], translation_key: str) -> Any:
    return selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=list(options),
            translation_key=translation_key,
            mode=selector.SelectSelectorMode.DROPDOWN,
        )
    )


def _number(maximum: float, unit: str, step: float = 1) -> Any:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(
            min=0,
            max=maximum,
            step=step,
            mode=selector.NumberSelectorMode.BOX,
            unit_of_measurement=unit,
        )
    )


_FIELDS = {
    "never_sent": _several(COMMANDS),
    "never_triggered": _several(MESSAGES),
    "samples_on_request": selector.BooleanSelector(),
    # A phase may be appended, as in "Voltage.L1-N".
    "measurands": _several(MEASURANDS, custom=True),
    "not_sampled": _several(MEASURANDS),
    "sample_interval": _number(3600, "s"),
    "rate_unit": _one(RATE_UNITS, "compatibility_rate_unit"),
    "purposes": _several(PURPOSES),
    "profile_kind": _one(PROFILE_KINDS, "compatibility_profile_kind"),
    "lowest_stack_level": selector.BooleanSelector(),
    "whole_amperes": selector.BooleanSelector(),
    "lowest_current": _number(32, "A", 0.1),
    "steps": selector.TextSelector(),
    "obeys_limits": selector.BooleanSelector(),
    "start_with_profile": selector.BooleanSelector(),
    "call_timeout": _number(300, "s"),
    "start_answer_delay": _number(30, "s", 0.1),
    "redials": selector.BooleanSelector(),
    "whole_seconds": selector.BooleanSelector(),
}
# All but the token, which the settings of a charger have a field for.
SCHEMA = probatio.Schema(
    {probatio.Optional(name): field for name, field in _FIELDS.items()}
)


def shown(treated: Compatibility) -> dict[str, Any]:
    """Return how a charger is treated as the form shows it."""
    return {name: _written(getattr(treated, name), name) for name in _FIELDS}


def _written(value: Any, name: str) -> Any:
    """Return a value as it is shown and stored."""
    match name:
        case "rate_unit":
            return next(word for word, unit in RATE_UNITS.items() if unit is value)
        case "profile_kind":
            return next(word for word, kind in PROFILE_KINDS.items() if kind == value)
        case "steps":
            return ", ".join(str(step) for step in value)
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


# --- what is kept -------------------------------------------------------------------------


def overrides(
    chosen: Mapping[str, Any], model: Compatibility, maximum_current: float
) -> dict[str, Any]:
    """Return what somebody chose and the model does not say; what is left out is its.

    The charger may draw `maximum_current` in ampere. Raises `InvalidCompatibility`.
    """
    wishes = {
        name: value
        for name, value in read_compatibility(chosen).items()
        if value != getattr(model, name)
    }
    _check(wishes, maximum_current)
    return {name: _written(value, name) for name, value in wishes.items()}


def _check(wishes: Mapping[str, Any], maximum_current: float) -> None:
    """Raise `InvalidCompatibility` for what would leave a charger of no use."""
    if 0 < wishes.get("call_timeout", 0) < _SHORTEST_TIMEOUT:
        raise InvalidCompatibility("invalid_call_timeout")
    if wishes.get("lowest_current", 0) > maximum_current:
        raise InvalidCompatibility("lowest_current_too_high")
    if min(wishes.get("steps") or (0,)) > maximum_current:
        raise InvalidCompatibility("steps_too_high")


def read_compatibility(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was chosen, or stored, as values of `Compatibility`.

    Raises `InvalidCompatibility`, which what was stored never does.
    """
    return {name: _read(stored[name], name) for name in _FIELDS if name in stored}


_DEFAULTS = {field.name: field.default for field in fields(Compatibility)}


def _read(value: Any, name: str) -> Any:
    match name:
        case "rate_unit":
            return RATE_UNITS[value]
        case "profile_kind":
            return PROFILE_KINDS[value]
        case "steps":
            return _steps(value)
        case "measurands":
            return tuple(dict.fromkeys(_measurand(word) for word in value))
    default = _DEFAULTS[name]
    if isinstance(default, frozenset):
        return frozenset(value)
    if isinstance(default, tuple):
        return tuple(dict.fromkeys(value))
    if isinstance(default, bool):
        return bool(value)
    return int(value) if name == "sample_interval" else float(value)


def _steps(text: str) -> tuple[int, ...]:
    """Read a list of currents in whole ampere."""
    words = text.replace(";", ",").replace(",", " ").split()
    try:
        steps = tuple(sorted({int(word) for word in words}))
    except ValueError as error:
        raise InvalidCompatibility("invalid_steps") from error
    if steps and not 0 < steps[0] <= steps[-1] <= _HIGHEST_STEP:
        raise InvalidCompatibility("invalid_steps")
    return steps


def _measurand(word: str) -> str:
    """Read a measurand, with or without a phase."""
    for known in MEASURANDS:
        phase = word.removeprefix(f"{known}.")
        if word == known or (phase != word and phase in _PHASES):
            return word
    raise InvalidCompatibility("invalid_measurand")


_PHASES = frozenset(PHASES) | {"L1-N", "L2-N", "L3-N"}
