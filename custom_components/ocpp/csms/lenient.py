"""Read what real chargers send, also where it is not quite OCPP or not quite JSON.

Nothing here refuses anything. Every repair is returned as a note without its value, since
values can be card numbers; whether what is left can be understood is for the caller to say.
"""

from dataclasses import dataclass
from itertools import islice
from math import isfinite
import re
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from .errors import ErrorCode
from .model import Payload

# Strings are matched first, so that nothing inside one is ever touched. The quote at the end
# is one that begins a string that never ends: it stays, and is no JSON.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s"\[\]{},:]+|"', re.DOTALL)
_CLOSER = {"[": "]", "{": "}"}
_CONTROL = re.compile(r"[\x00-\x1f]")
# A backslash that is one too many before a quote that looks like the end of a text.
_STRAY_BACKSLASH = re.compile(r'(?<!\\)((?:\\\\)*)\\(?="\s*[,}\]])')
# What stands before or behind a frame where text is written from C, or by Windows.
_PADDING = "\0\ufeff \t\r\n"
# In characters: longer than any faulty frame seen. What is beyond is not worth the event loop's
# time, which everybody else waits for.
_LONGEST_REPAIR = 65_536
# No message of a charger has as many; a flood of them must not hold everybody else up.
_MOST_VIOLATIONS = 500
# In characters, as the schemas have it.
_LONGEST_REASON = 20
# How deep arrays and objects may lie in each other: several times what any schema needs, and
# far below what writing or copying them again can take.
_DEEPEST = 64


def read_broken(data: str | bytes) -> Any:
    """Return the value of a frame that is not JSON.

    Raises `ValueError` when it can't be read.
    """
    text = data if isinstance(data, str) else data.decode(errors="replace")
    text = text.strip(_PADDING)
    if len(text) > _LONGEST_REPAIR:
        raise ValueError("too long to repair")
    try:
        return orjson.loads(_mended(text))
    except ValueError:
        # A text that ends in a backslash, which nobody doubled, swallows the quote.
        escaped = _STRAY_BACKSLASH.sub(r"\1\\\\", text)
        if escaped == text:
            raise
    return orjson.loads(_mended(escaped))


def _mended(text: str) -> str:
    """Mend the JSON faults seen on the wire of real chargers.

    A missing value (`"transactionId":,`), a stray comma (`[,{` and `,]`), a missing comma
    between members, a missing brace before them, control characters in a text, and closing
    brackets that were cut off. A cut is only mended behind a bracket: elsewhere half a
    number would pass for a whole one.
    """
    tokens: list[str] = _TOKEN.findall(text)
    if not tokens or tokens[-1] not in "]}":
        raise ValueError("cut short")
    mended: list[str] = []
    open_brackets: list[str] = []
    before = ""
    for token in tokens:
        if token == ":" and open_brackets[-1:] == ["]"] and before[:1] == '"':
            # Members in a list: they belong to an object that lost its brace.
            mended.insert(-1, "{")
            open_brackets.append("}")
        elif before == ":" and token in ",}]":
            mended.append("null")
        elif (token in ",]}" and before == ",") or (
            token == "," and before in ("[", "{")
        ):
            # The comma that is one too many is the earlier one before a bracket.
            if token == ",":
                continue
            mended.pop()
        elif token not in ",:]}" and before not in ("", ",", ":", "[", "{"):
            mended.append(",")
        if token in _CLOSER:
            open_brackets.append(_CLOSER[token])
        elif token in ("]", "}") and (
            not open_brackets or open_brackets.pop() != token
        ):
            raise ValueError("brackets do not match")
        mended.append(_CONTROL.sub(_escaped, token))
        before = token
    return "".join(mended) + "".join(reversed(open_brackets))


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def is_too_deep(value: Any) -> bool:
    """Return whether something is nested deeper than can be handed on."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for it in level
            for child in (it.values() if isinstance(it, dict) else it)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def may_be_too_deep(data: str | bytes) -> bool:
    """Return whether a frame has enough brackets to be nested too deep, which few have."""
    if isinstance(data, str):
        return data.count("[") + data.count("{") > _DEEPEST
    return data.count(b"[") + data.count(b"{") > _DEEPEST


class Violation(NamedTuple):
    """One place where a payload is not what its schema says."""

    path: tuple[str | int, ...]
    kind: str
    # The missing field of a "required" violation.
    field: str = ""

    def __str__(self) -> str:
        """Say where and what, but not the value."""
        steps = ["[]" if isinstance(step, int) else step for step in self.path]
        place = ".".join([*steps, self.field] if self.field else steps)
        return f"{place or 'payload'}: {self.kind}"


@dataclass(frozen=True, slots=True)
class Repaired:
    """A payload after repair, what was repaired, and what could not be."""

    payload: Payload
    notes: tuple[str, ...] = ()
    left: tuple[Violation, ...] = ()


def repair(payload: Any, validator: jsonschema_rs.Validator) -> Repaired:
    """Bring a payload as near to its schema as its meaning allows.

    Numbers sent as text and text sent as numbers are converted, empty optional fields left
    out, and spellings that differ in case only are corrected.
    """
    if payload is None:
        payload = {}
    if validator.is_valid(payload):
        return Repaired(payload)
    if not isinstance(payload, dict):
        return Repaired({}, (), (Violation((), "type"),))
    if len(orjson.dumps(payload)) > _LONGEST_REPAIR:
        # As it is, for those who rely on nothing.
        return Repaired(payload, ("too long to repair",), (Violation((), "type"),))
    notes: dict[str, None] = {}
    # Each pass can lay bare what the one before it hid, as in an array that was an object.
    for _ in range(3):
        changed = False
        found = list(validator.iter_errors(payload))
        if len(found) > _MOST_VIOLATIONS:
            notes["too many faults to repair"] = None
            break
        for error in found:
            violation = _violation(error)
            notes[str(violation)] = None
            changed |= _mend(payload, violation, error.kind.as_dict())
        if not changed:
            break
    errors = islice(validator.iter_errors(payload), _MOST_VIOLATIONS)
    left = tuple(_violation(error) for error in errors)
    return Repaired(payload, tuple(notes), left)


def _violation(error: jsonschema_rs.ValidationError) -> Violation:
    details = error.kind.as_dict()
    field = details["property"] if error.kind.name == "required" else ""
    return Violation(tuple(error.instance_path), error.kind.name, field)


def _mend(payload: Payload, violation: Violation, details: dict[str, Any]) -> bool:
    """Repair one violation in place; return whether anything changed."""
    if not violation.path:
        return False
    parent: Any = payload
    for step in violation.path[:-1]:
        parent = parent[step]
    last: Any = violation.path[-1]
    if isinstance(parent, dict) and last not in parent:
        return False  # Mended along with an earlier violation of the same pass.
    value = parent[last]
    if violation.kind in ("type", "enum") and value in (None, "", "null", [], {}):
        if isinstance(parent, dict):
            del parent[last]
            return True
        return False
    if violation.kind == "type":
        mended = _convert(value, details["types"])
    elif violation.kind == "enum" and isinstance(value, str):
        options = {str(option).casefold(): option for option in details["options"]}
        mended = options.get(value.strip().casefold())
    else:
        return False
    if mended is None:
        return False
    parent[last] = mended
    return True


def _convert(value: Any, types: list[str]) -> Any:
    """Return the value as one of the types, or None when it has no such meaning."""
    if "string" in types and isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if "boolean" in types:
        return {"true": True, "1": True, "false": False, "0": False}.get(
            str(value).casefold()
        )
    if "array" in types and isinstance(value, dict):
        return [value]
    if ("integer" in types or "number" in types) and isinstance(value, (str, float)):
        return _number(value, whole="number" not in types)
    return None


def _number(value: str | float, *, whole: bool) -> int | float | None:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        return None
    if number.is_integer():
        exact = isinstance(value, str) and value.isdigit()
        return int(value if exact else number)
    return None if whole or not isfinite(number) else number


_CODES = {
    "required": ErrorCode.PROTOCOL_ERROR,
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "maxItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "additionalProperties": ErrorCode.FORMAT_VIOLATION,
}


def error_code(violation: Violation) -> ErrorCode:
    """Return the code that names a violation on the wire."""
    if not violation.path and violation.kind == "type":
        return ErrorCode.FORMAT_VIOLATION
    return _CODES.get(violation.kind, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION)


def transaction_id(value: object) -> str | None:
    """Return a transaction id of 1.6 as text, or None for what is sent in place of one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = int(value)
    except ValueError, OverflowError:
        return None
    return None if number in (-1, 0) else str(number)


def id_token(value: object) -> str:
    """Return an id token of 1.6; odd characters are part of some cards.

    Control characters are left out: no database can hold a NUL, and one brand appends two
    others to what it was started with.
    """
    return _CONTROL.sub("", str(value or ""))[:255]


def name(value: object) -> str:
    """Return what a station says of itself, as text of a sane length."""
    return "" if value is None else str(value).strip()[:255]


def whole_number(value: object) -> int | None:
    """Return a whole number, also one that is written as 2.0 or as text; else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
        return int(value if isinstance(value, (int, str)) else number)
    except ValueError, OverflowError:
        return None


def reason_code(payload: Payload) -> str | None:
    """Return why a status is what it is, where its `statusInfo` says so (2.x)."""
    info = payload.get("statusInfo")
    told = info.get("reasonCode") if isinstance(info, dict) else None
    return name(told)[:_LONGEST_REASON] or None
