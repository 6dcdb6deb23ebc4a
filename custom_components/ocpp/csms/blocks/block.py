"""What a functional block is: it answers messages, offers commands and keeps state."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CommandFailed, CommandRejected, ErrorCode, NotSupported
from ..model import Part, Payload, Topic
from ..versions import Version

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

type Handler = Callable[[Any, Payload], Awaitable[Payload]]

_ANSWERS = "_ocpp_answers"
# What a station says to a command it does not have.
_ABSENT = frozenset(
    {
        ErrorCode.NOT_IMPLEMENTED.value,
        ErrorCode.NOT_SUPPORTED.value,
        "UnknownCommand",
    }
)
_ABSENT_STATUSES = frozenset({"NotImplemented", "NotSupported"})


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Which message a method answers, and what it can't do without.

    `needs` names the fields without which the message can't be understood; it is refused
    when they are missing or of the wrong type. Everything else is for the method to cope
    with. `immediate` is for messages that are answered without waiting for anything the station
    sends, and as well when repeated. `always` is for messages that are answered whatever the station's registration:
    a refusal would make it repeat them until it loses them.
    """

    action: str
    version: Version
    needs: tuple[str, ...] = ()
    always: bool = False
    immediate: bool = False


def answers[H: Handler](
    action: str,
    version: Version,
    *,
    needs: tuple[str, ...] = (),
    always: bool = False,
    immediate: bool = False,
) -> Callable[[H], H]:
    """Mark a method of a block as the answer to a message of a version."""
    message = Answers(
        action=action,
        version=version,
        needs=needs,
        always=always,
        immediate=immediate,
    )

    def mark(handler: H) -> H:
        setattr(handler, _ANSWERS, (*getattr(handler, _ANSWERS, ()), message))
        return handler

    return mark


@dataclass(frozen=True)
class Message:
    """A message that a station may send, bound to the block that answers it."""

    answers: Answers
    handle: Callable[[Payload], Awaitable[Payload]]


class Block:
    """One functional block of one station."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self.station = station

    def messages(self, version: Version) -> Mapping[str, Message]:
        """Return the messages of a version that this block answers, by action."""
        found = {}
        for name in dir(type(self)):
            for mark in getattr(getattr(type(self), name), _ANSWERS, ()):
                if mark.version is version:
                    found[mark.action] = Message(mark, getattr(self, name))
        return found

    async def prepare(self, *, booted: bool) -> None:
        """Get to know the station after it booted, or reconnected without.

        Every step is optional for the station: it may raise any `OcppError`, which ends
        this block's steps and no other's.
        """

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what `facts` returned before Home Assistant was restarted."""

    def facts(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {}

    def changed(self, topic: Topic, evse: int = 0, key: str = "") -> None:
        """Tell whoever shows this part that it is different now."""
        self.station.changed(Part(topic, evse, key))

    async def command(
        self,
        action: str,
        payload: Payload,
        *,
        accepted: frozenset[str] | None = frozenset({"Accepted"}),
    ) -> Payload:
        """Send a command and return the answer when the station accepted it.

        With `accepted` None the answer has no status. Raises `CommandRejected` for any
        other status, `NotSupported` when the station does not have the command at all,
        `StationOffline`, `CommandTimedOut`, `CommandFailed` and `InvalidRequest`.
        """
        try:
            answer = await self.station.call(action, payload)
        except CommandFailed as error:
            if error.code in _ABSENT:
                raise NotSupported(action) from error
            raise
        if accepted is None:
            return answer
        status = str(answer.get("status") or "no status")
        if status in accepted:
            return answer
        if status in _ABSENT_STATUSES:
            raise NotSupported(action)
        raise CommandRejected(action, status)
