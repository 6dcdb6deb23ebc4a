"""How OCPP 2.x spells what a report tells of a variable."""

from typing import Any

from ...model import Payload
from ...places import LONGEST_NAME, LONGEST_VALUE, TYPES, read_place, read_value
from ...variables import (
    ACTUAL,
    READ_ONLY,
    READ_WRITE,
    WRITE_ONLY,
    Attribute,
    Characteristics,
    Variable,
    as_words,
)

_LONGEST_LIST = 200
_MUTABILITIES = {word.casefold(): word for word in (READ_ONLY, WRITE_ONLY, READ_WRITE)}


def read_variable(item: Any) -> Variable | None:
    """Return what an item of a report tells, or None where it tells nothing."""
    place = read_place(item)
    if place is None:
        return None
    secret = place.is_secret
    told = item.get("variableAttribute")
    attributes = {
        attribute.type: attribute
        for one in (told if isinstance(told, list) else ())[: len(TYPES)]
        if isinstance(one, dict)
        for attribute in (_attribute(one, secret=secret),)
    }
    return Variable(
        place,
        tuple(attributes.values()),
        _characteristics(item.get("variableCharacteristics")),
    )


def _attribute(told: Payload, *, secret: bool) -> Attribute:
    kind = TYPES.get(str(told.get("type") or ACTUAL).casefold(), ACTUAL)
    # What is left out is ReadWrite, by the specification.
    word = str(told.get("mutability") or READ_WRITE).casefold()
    mutability = _MUTABILITIES.get(word, READ_WRITE)
    unseen = secret or mutability == WRITE_ONLY
    return Attribute(
        kind,
        None if unseen else read_value(told.get("value")),
        mutability,
        told.get("persistent") is True,
        told.get("constant") is True,
    )


def _characteristics(told: Any) -> Characteristics | None:
    if not isinstance(told, dict):
        return None
    values = str(told.get("valuesList") or "")[:LONGEST_VALUE]
    return Characteristics(
        str(told.get("dataType") or "")[:LONGEST_NAME],
        str(told.get("unit") or "")[:LONGEST_NAME],
        _limit(told.get("minLimit")),
        _limit(told.get("maxLimit")),
        tuple(as_words(values)[:_LONGEST_LIST]),
        told.get("supportsMonitoring") is True,
    )


def _limit(told: Any) -> float | None:
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    return float(told)
