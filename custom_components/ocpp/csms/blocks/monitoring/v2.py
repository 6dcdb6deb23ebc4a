"""How OCPP 2.x spells monitors, and what they tell."""

from typing import Any, NamedTuple

from ...clock import Moment
from ...model import Payload
from ...places import read_place, read_value
from ...variables import Place, VariableMonitored

_UPPER, _LOWER = "UpperThreshold", "LowerThreshold"
_ALERT, _DELTA, _PERIODIC = "alert", "delta", "periodic"
CLEARED = "alert_cleared"
_TRIGGERS = {"alerting": _ALERT, "delta": _DELTA, "periodic": _PERIODIC}
_LONGEST_CODE, _LONGEST_TEXT = 50, 500
_CUSTOM = "CustomMonitor"


class Monitor(NamedTuple):
    """What a station watches a variable for."""

    id: int
    place: Place
    type: str
    value: float
    severity: int
    # Only while a transaction runs.
    transaction: bool = False
    # Whether somebody set it here: such a one may be gone after a restart.
    custom: bool = False
    # Who wanted it, as 2.1 tells: HardWiredMonitor, CustomMonitor, …
    origin: str = ""

    def is_exceeded(self, number: float) -> bool | None:
        """Return whether a value is beyond it, or None for one that is no threshold."""
        if self.type == _UPPER:
            return number > self.value
        return number < self.value if self.type == _LOWER else None


def read_monitor(item: Payload, told: Any, *, custom: bool = False) -> Monitor | None:
    """Return a monitor of the variable that an item names, if it is one."""
    place = read_place(item)
    if place is None or not isinstance(told, dict):
        return None
    number, value, severity = (told.get(key) for key in ("id", "value", "severity"))
    if not isinstance(number, int) or not isinstance(value, (int, float)):
        return None
    origin = _text(told.get("eventNotificationType"), _LONGEST_CODE)
    return Monitor(
        number,
        place,
        str(told.get("type") or "")[:_LONGEST_CODE],
        float(value),
        severity if isinstance(severity, int) else 0,
        told.get("transaction") is True,
        custom or origin == _CUSTOM,
        _CUSTOM if custom else origin,
    )


def streamed_event(monitor: Monitor, said: Moment, value: str) -> VariableMonitored:
    """Return what an event would tell of a value that came in a stream (N11.FR.08)."""
    return VariableMonitored(
        place=monitor.place,
        type=_PERIODIC,
        at=said.at,
        value=None if monitor.place.is_secret else value,
        monitor=monitor.id,
        severity=monitor.severity,
        origin=monitor.origin,
    )


def read_event(
    item: Any, said: Moment, monitors: dict[int, Monitor]
) -> VariableMonitored | None:
    """Return what an event tells, or None where it tells nothing."""
    if (place := read_place(item)) is None:
        return None
    kind = _TRIGGERS.get(str(item.get("trigger") or "").casefold(), _ALERT)
    if kind == _ALERT and item.get("cleared") is True:
        kind = CLEARED
    number = _whole(item.get("variableMonitoringId"))
    monitor = monitors.get(number) if number is not None else None
    # 2.1 tells it itself.
    severity = _whole(item.get("severity"))
    if severity is None and monitor is not None:
        severity = monitor.severity
    return VariableMonitored(
        place=place,
        type=kind,
        at=said.at,
        value=None if place.is_secret else read_value(item.get("actualValue")),
        number=_whole(item.get("eventId")),
        cause=_whole(item.get("cause")),
        monitor=number,
        severity=severity,
        origin=_text(item.get("eventNotificationType"), _LONGEST_CODE),
        tech_code=_text(item.get("techCode"), _LONGEST_CODE),
        tech_info=_text(item.get("techInfo"), _LONGEST_TEXT),
        transaction_id=_text(item.get("transactionId"), 36),
    )


def _whole(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _text(told: Any, longest: int) -> str:
    return "" if told is None else str(told).replace("\0", "")[:longest]
