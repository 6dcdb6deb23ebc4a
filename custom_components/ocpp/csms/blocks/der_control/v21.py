"""How OCPP 2.1 spells controls of what feeds into the grid, and which it forbids."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from ...errors import ControlNotAllowed
from ...lenient import name
from ...model import Payload
from .register import Control

# The field that a type of control is in (R04.FR.16); all the others are curves.
_CURVE = "curve"
_FIELDS: Mapping[str, str] = {
    "EnterService": "enterService",
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "FreqDroop": "freqDroop",
    "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
# What items of a report call the field inside, where it is not the report's own name.
_INSIDE = {"fixedPFAbsorb": "fixedPF", "fixedPFInject": "fixedPF"}
_ALWAYS_DEFAULT = frozenset({"EnterService", "Gradients"})
# In characters.
LONGEST_ID = 36
LONGEST_WORD = 50
_LONGEST_VALUES = 2_000
_HIGHEST_PRIORITY = 2**31
# In seconds: ten years.
_LONGEST_DURATION = 315_360_000.0


def check(payload: Payload) -> None:
    """See that a control may be sent at all.

    Raises `ControlNotAllowed` for a default with a time (R04.FR.12), for what exists as
    a default only (R04.FR.14), and where there is not just the field that belongs to
    the type (R04.FR.16).
    """
    kind = payload["controlType"]
    given = {field for field in (_CURVE, *_FIELDS.values()) if field in payload}
    wanted = _FIELDS.get(kind, _CURVE)
    if given != {wanted}:
        raise ControlNotAllowed("other_field", control=kind, field=wanted)
    if not payload["isDefault"]:
        if kind in _ALWAYS_DEFAULT:
            raise ControlNotAllowed("always_default", control=kind)
    elif {"startTime", "duration"} & payload[wanted].keys():
        raise ControlNotAllowed("default_with_time", control=kind)


def read_sent(payload: Payload) -> Control | None:
    """Return the control that a request sets."""
    kind = payload["controlType"]
    values = payload.get(_FIELDS.get(kind, _CURVE))
    return _control(
        payload["controlId"], kind, values, default=payload["isDefault"] is True
    )


def read_report(payload: Payload) -> Iterator[Control]:
    """Yield the controls that a part of a report tells of."""
    kinds = {field: kind for kind, field in _FIELDS.items()}
    for field in (_CURVE, *kinds):
        items = payload.get(field)
        for item in items if isinstance(items, list) else ():
            if not isinstance(item, dict):
                continue
            kind = kinds.get(field) or name(item.get("curveType"))
            values = item.get(_INSIDE.get(field, field))
            # Those that only exist as defaults do not say that they are.
            default = item.get("isDefault", kind in _ALWAYS_DEFAULT) is True
            control = _control(item.get("id"), kind, values, default=default)
            if control is not None:
                yield control._replace(superseded=item.get("isSuperseded") is True)


def read_ids(told: Any) -> set[str]:
    """Return the ids of a list of controls."""
    return {name(it)[:LONGEST_ID] for it in (told if isinstance(told, list) else ())}


def fits(control: Control, wanted: Payload) -> bool:
    """Return whether a request to get or clear controls means one (R04.FR.30 to 46).

    The type is of no account where there is an id.
    """
    if wanted.get("isDefault", control.default) is not control.default:
        return False
    if "controlId" in wanted:
        return bool(wanted["controlId"] == control.id)
    return bool(wanted.get("controlType", control.type) == control.type)


def _control(number: Any, kind: Any, values: Any, *, default: bool) -> Control | None:
    identity, word = name(number)[:LONGEST_ID], name(kind)[:LONGEST_WORD]
    if not identity or not word or not isinstance(values, dict):
        return None
    priority, duration = values.get("priority"), values.get("duration")
    return Control(
        id=identity,
        type=word,
        default=default,
        priority=(
            priority
            if isinstance(priority, int) and 0 <= priority < _HIGHEST_PRIORITY
            else 0
        ),
        start=_start(values.get("startTime")),
        duration=(
            min(float(duration), _LONGEST_DURATION)
            if isinstance(duration, (int, float)) and duration >= 0
            else None
        ),
        values=values if len(str(values)) <= _LONGEST_VALUES else {},
    )


def _start(told: Any) -> str | None:
    """Return when a control begins, which may be any time from now on."""
    with suppress(OverflowError, TypeError, ValueError):
        start = datetime.fromisoformat(told)
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start
        return start.astimezone(UTC).isoformat()
    return None
