"""The frames of OCPP-J: which kinds there are, and how they are named in the log."""

from typing import Any

import orjson

CALL, CALLRESULT, CALLERROR = 2, 3, 4
# Only 2.1 has these: an answer that could not be used, and a message that nobody answers.
CALLRESULTERROR, SEND = 5, 6
_NAMES = {
    CALL: "CALL",
    CALLERROR: "CALLERROR",
    CALLRESULTERROR: "CALLRESULTERROR",
    SEND: "SEND",
}


def describe(data: str | bytes) -> str:
    """Name a frame for the log without its payload, which may hold cards and passwords."""
    match _envelope(data):
        case [2 | 6 as kind, str() | int() as message_id, str(action), *_]:
            name = f"{_NAMES[kind]} {message_id!r:.50} {action!r:.50}"
        case [3, str() | int() as message_id, *_]:
            name = f"CALLRESULT {message_id!r:.50}"
        case [4 | 5 as kind, str() | int() as message_id, code, *_]:
            name = f"{_NAMES[kind]} {message_id!r:.50} {code!r:.50}"
        case _:
            name = "no OCPP-J frame"
    return f"{name} ({len(data)} characters)"


def _envelope(data: str | bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
