"""Check payloads against the OCPP 1.6 schemas of the ocpp package."""

import decimal
from importlib.resources import files
import json
from typing import Any

from jsonschema.exceptions import ValidationError
from ocpp.messages import MessageType, get_validator

VERSION = "1.6"

# The schemas ask for multiples of 0.1 here, which binary floats seldom are. The
# choice per action equals the package's, because both share its validator cache.
_DECIMAL = {
    (MessageType.Call, "SetChargingProfile"),
    (MessageType.Call, "RemoteStartTransaction"),
    (MessageType.CallResult, "GetCompositeSchedule"),
}

_ERROR_CODES = {
    "type": "TypeConstraintViolation",
    "required": "OccurenceConstraintViolation",
    "minItems": "OccurenceConstraintViolation",
    "additionalProperties": "FormationViolation",
}


def _names() -> set[str]:
    """Return the name of every schema the package ships."""
    folder = files("ocpp.v16") / "schemas"
    return {entry.name.removesuffix(".json") for entry in folder.iterdir()}


def _validator(kind: int, action: str) -> Any:
    """Return the validator of one direction of an action."""
    number = decimal.Decimal if (kind, action) in _DECIMAL else float
    return get_validator(kind, action, VERSION, parse_float=number)


SCHEMAS = _names()
ACTIONS = {name for name in SCHEMAS if f"{name}Response" in SCHEMAS}

# Read now: the first use would otherwise read a file inside the event loop.
for _action in ACTIONS:
    _validator(MessageType.Call, _action)
    _validator(MessageType.CallResult, _action)


def fault(kind: int, action: str, payload: object) -> tuple[str, str] | None:
    """Return error code and reason if the payload breaks its schema."""
    if action not in ACTIONS:
        return "NotImplemented", f"{action} is no OCPP {VERSION} action"
    exact = json.loads(json.dumps(payload), parse_float=decimal.Decimal)
    if (kind, action) not in _DECIMAL:
        exact = payload
    try:
        _validator(kind, action).validate(exact)
    except ValidationError as err:
        code = _ERROR_CODES.get(str(err.validator), "PropertyConstraintViolation")
        return code, f"{err.json_path}: {err.message}"
    return None
