"""How the secrets of a message are taken out of what people read.

Payloads are never logged, so secrets have one way out: what a station answers may repeat
what it was sent. What is one is said in `secret_names.py`.
"""

from collections.abc import Iterator
import re
from typing import Any

import orjson

from .errors import CommandFailed
from .model import Payload
from .secret_names import is_secret_field

REDACTED = "**REDACTED**"
# What is shorter is in every text.
_SHORTEST = 4
# Who somebody says he is, in a URL.
_LOGIN = re.compile(r"(?<=//)[^/?#]*@")


def silenced(error: CommandFailed, payload: Payload) -> CommandFailed:
    """Return an error without the secrets of the command that it answers."""
    secrets = sorted(set(_secrets(payload)), key=len, reverse=True)
    return CommandFailed(
        error.action,
        _without(error.code, secrets),
        _without(error.description, secrets),
    )


def without_login(url: str) -> str:
    """Return a URL without the name and the password that may be in it."""
    return _LOGIN.sub(f"{REDACTED}@", url, count=1)


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
    for name, value in payload.items():
        secret = is_secret_field(name, payload)
        if isinstance(value, (dict, list)):
            yield from _secrets(value)
            if secret and isinstance(value, list):
                yield from (it for it in value if isinstance(it, str))
        elif secret and len(text := str(value)) >= _SHORTEST:
            yield text
            yield orjson.dumps(text).decode()[1:-1]
