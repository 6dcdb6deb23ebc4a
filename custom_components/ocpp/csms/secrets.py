"""What of a message is a secret, and how it is taken out of what people read.

Payloads are never logged, so secrets have one way out: what a station answers may repeat
what it was sent. Which variables and keys are secrets is said in `variables.py` and
`configuration_keys.py`.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from .configuration_keys import KNOWN
from .errors import CommandFailed
from .model import Payload
from .variables import at

REDACTED = "**REDACTED**"
# Fields that let somebody in, name a card, a car or a person, or may hold any of that.
_FIELDS = frozenset(
    {
        *("idTag", "parentIdTag", "idToken", "additionalIdToken", "evccId"),
        *("basicAuthPassword", "apnPassword", "apnUserName", "simPin"),
        *("password", "user", "key", "location", "remoteLocation"),
        *("certificate", "certificateChain", "signingCertificate", "csr"),
        *("exiRequest", "exiResponse", "signature", "signedMeterData", "publicKey"),
        *("customerIdentifier", "vatNumber", "data"),
        *("address1", "address2", "city", "postalCode", "country"),
    }
)
# The value of a variable, or of a configuration key.
_VALUES = frozenset({"value", "attributeValue", "actualValue"})
# What is shorter is in every text.
_SHORTEST = 4


def silenced(error: CommandFailed, payload: Payload) -> CommandFailed:
    """Return an error without the secrets of the command that it answers."""
    secrets = sorted(set(_secrets(payload)), key=len, reverse=True)
    return CommandFailed(
        error.action,
        _without(error.code, secrets),
        _without(error.description, secrets),
    )


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, REDACTED)
        # What was too long was cut, perhaps within a secret.
        for length in range(min(len(secret), len(text)), _SHORTEST - 1, -1):
            if text.endswith(secret[:length]):
                text = text[:-length] + REDACTED
                break
    return text


def _secrets(payload: Any) -> Iterator[str]:
    """Yield the secrets of a payload, as they are and as JSON writes them."""
    if isinstance(payload, list):
        for it in payload:
            yield from _secrets(it)
    if not isinstance(payload, dict):
        return
    hidden = _FIELDS | _VALUES if _holds_secret(payload) else _FIELDS
    if "value" in payload:
        # Here it is the name of a configuration key.
        hidden -= {"key"}
    for name, value in payload.items():
        if isinstance(value, dict | list):
            yield from _secrets(value)
            if name in _FIELDS and isinstance(value, list):
                yield from (it for it in value if isinstance(it, str))
        elif name in hidden and len(text := str(value)) >= _SHORTEST:
            yield text
            yield orjson.dumps(text).decode()[1:-1]


def _holds_secret(item: Payload) -> bool:
    """Return whether an item is of a variable or a key that is a secret, or not known."""
    variable = item.get("variable")
    if isinstance(variable, dict):
        return at("", str(variable.get("name"))).is_secret
    return "key" in item and item["key"] not in KNOWN
