"""Whether an answer means yes. Nothing is a success that the station has not accepted."""

from ..errors import CommandFailed, CommandRejected, ErrorCode, NotSupported, OcppError
from ..model import Payload
from ..versions import Version
from .registry import BY_ACTION

# What a station says to a command it does not have.
_ABSENT = frozenset(
    {
        ErrorCode.NOT_IMPLEMENTED.value,
        ErrorCode.NOT_SUPPORTED.value,
        "UnknownCommand",
    }
)
_ABSENT_STATUSES = frozenset({"NotImplemented", "NotSupported"})
# These mean by it what they were asked for: a key, a message or a kind of control that is
# not there (R04.FR.01).
_OF_WHAT_WAS_ASKED = frozenset(
    {
        *("ChangeConfiguration", "ExtendedTriggerMessage", "TriggerMessage"),
        *("ClearDERControl", "GetDERControl", "SetDERControl"),
    }
)
# In characters: stations may have words of their own.
_LONGEST_STATUS = 100


def is_accepted(version: Version, action: str, answer: Payload) -> bool:
    """Return whether the station does what it was told, or at least a part of it.

    An action that is not in the registry has no status to judge by.
    """
    return not _refusals(version, action, answer)


def check_accepted(version: Version, action: str, answer: Payload) -> None:
    """Raise `NotSupported` or `CommandRejected` where the station does not want to."""
    if not (refusals := _refusals(version, action, answer)):
        return
    if refusals <= _ABSENT_STATUSES and action not in _OF_WHAT_WAS_ASKED:
        raise NotSupported(action)
    raise CommandRejected(action, ", ".join(sorted(refusals))[:_LONGEST_STATUS])


def _refusals(version: Version, action: str, answer: Payload) -> set[str]:
    """Return by which statuses the station said no; none where it said yes.

    An answer without a status, where there has to be one, counts as an empty one.
    """
    command = BY_ACTION.get(action)
    accepted = command.accepted.get(version) if command is not None else None
    if command is None or accepted is None:
        return set()
    found = _statuses(command.results, answer) or {""}
    return set() if found & accepted else found


def _statuses(results: tuple[str, str] | None, answer: Payload) -> set[str]:
    """Return the status of an answer, or of each of its results."""
    key, having = "status", [answer]
    if results is not None:
        listed, key = results
        found = answer.get(listed)
        having = found if isinstance(found, list) else []
    return {str(one[key]) for one in having if isinstance(one, dict) and one.get(key)}


def meaning(error: CommandFailed) -> OcppError:
    """Return what a CALLERROR means: some say that the command is not there."""
    return NotSupported(error.action) if error.code in _ABSENT else error
