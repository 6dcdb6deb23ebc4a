"""Check payloads against the OCPP 2.x schemas of the ocpp package."""

from importlib.resources import files
import json
from typing import Any

from jsonschema import Draft6Validator
from jsonschema.exceptions import ValidationError
from ocpp.messages import MessageType, get_validator

from tests.simulator.link import SEND

_ERROR_CODES = {
    "type": "TypeConstraintViolation",
    "required": "OccurrenceConstraintViolation",
    "minItems": "OccurrenceConstraintViolation",
    "maxItems": "OccurrenceConstraintViolation",
    "additionalProperties": "FormatViolation",
}

# By the subprotocol that stands for them.
VERSIONS = {"ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}


def _names(version: str) -> set[str]:
    """Return every action that has a question and an answer."""
    folder = files(f"ocpp.v{version.replace('.', '')}") / "schemas"
    names = {entry.name.removesuffix(".json") for entry in folder.iterdir()}
    requests = {
        name.removesuffix("Request") for name in names if name.endswith("Request")
    }
    return {name for name in requests if f"{name}Response" in names}


ACTIONS = {version: _names(version) for version in VERSIONS.values()}

# What 2.1 sends without an answer; the package has schemas of it, and no more.
_UNANSWERED = "NotifyPeriodicEventStream"
_SENDS: dict[tuple[str, str], Any] = {
    ("2.1", _UNANSWERED): Draft6Validator(
        json.loads(
            (files("ocpp.v21") / "schemas" / f"{_UNANSWERED}.json").read_text(
                encoding="utf-8-sig"
            )
        )
    )
}

# Read now: the first use would otherwise read a file inside the event loop.
for _version, _actions in ACTIONS.items():
    for _action in _actions:
        get_validator(MessageType.Call, _action, _version)
        get_validator(MessageType.CallResult, _action, _version)


def fault(
    version: str, kind: int, action: str, payload: object
) -> tuple[str, str] | None:
    """Return error code and reason if the payload breaks its schema."""
    known = (version, action) in _SENDS if kind == SEND else action in ACTIONS[version]
    if not known:
        return "NotImplemented", f"{action} is no OCPP {version} action"
    validator = (
        _SENDS[version, action]
        if kind == SEND
        else get_validator(kind, action, version)
    )
    try:
        validator.validate(payload)
    except ValidationError as err:
        code = _ERROR_CODES.get(str(err.validator), "PropertyConstraintViolation")
        return code, f"{err.json_path}: {err.message}"
    return None
