"""Whether an answer means yes. Nothing is a success that the station has not accepted."""

from ..errors import CommandFailed, CommandRejected, ErrorCode, NotSupported, OcppError
from ..model import Payload
from .registry import ACCEPTED

# What a station says to a command it does not have.
_ABSENT = frozenset(
    {
        ErrorCode.NOT_IMPLEMENTED.value,
        ErrorCode.NOT_SUPPORTED.value,
        "UnknownCommand",
    }
)
_ABSENT_STATUSES = frozenset({"NotImplemented", "NotSupported"})


def is_accepted(action: str, answer: Payload) -> bool:
    """Return whether the station does what it was told."""
    accepted = ACCEPTED.get(action)
    return accepted is None or str(answer.get("status")) in accepted


def check_accepted(action: str, answer: Payload) -> None:
    """Raise `NotSupported` or `CommandRejected` where the station does not want to."""
    if is_accepted(action, answer):
        return
    status = str(answer.get("status") or "no status")
    if status in _ABSENT_STATUSES:
        raise NotSupported(action)
    raise CommandRejected(action, status)


def meaning(error: CommandFailed) -> OcppError:
    """Return what a CALLERROR means: some say that the command is not there."""
    return NotSupported(error.action) if error.code in _ABSENT else error
