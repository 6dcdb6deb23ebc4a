"""What a functional block is: it answers messages, offers commands and keeps state."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import NotSupported
from ..model import Answer, Part, Payload, Topic
from ..schemas import Validator
from ..versions import V16, Version

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

type Handler = Callable[[Any, Payload], Answer]
type Follower = Callable[[Any, Payload, Payload], None]
type Forerunner = Callable[[Any, Payload], None]
type Check = Callable[[Any, Payload, Validator], bool]

# What marks methods that answer messages.
ANSWERS = "_ocpp_answers"


class Stage(StrEnum):
    """When blocks hear of a command, by what marks the methods that do."""

    PRECEDES = "_ocpp_precedes"
    FOLLOWS = "_ocpp_follows"
    REFUSED = "_ocpp_refused"
    UNANSWERED = "_ocpp_unanswered"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Which message a method answers, and what it can't do without.

    `needs` names the fields without which the message can't be understood; it is refused
    when they are missing or of the wrong type. Everything else is for the method to cope
    with. `repeatable` is for messages that are answered anew when they are repeated.
    `always` is for messages that are answered whatever the station's registration: a refusal
    would make it repeat them until it loses them. `is_valid` is for messages that the block
    checks itself, so as not to ask the schema each time; it is given the schema's validator.
    """

    action: str
    version: Version
    needs: tuple[str, ...] = ()
    always: bool = False
    repeatable: bool = False
    is_valid: Check | None = None


def answers[H: Handler](
    action: str,
    *versions: Version,
    needs: tuple[str, ...] = (),
    always: bool = False,
    repeatable: bool = False,
    is_valid: Check | None = None,
) -> Callable[[H], H]:
    """Mark a method of a block as the answer to a message of some versions."""
    messages = [
        Answers(
            action=action,
            version=version,
            needs=needs,
            always=always,
            repeatable=repeatable,
            is_valid=is_valid,
        )
        for version in versions
    ]

    def mark(handler: H) -> H:
        setattr(handler, ANSWERS, (*getattr(handler, ANSWERS, ()), *messages))
        return handler

    return mark


def follows[F: Follower](action: str, *versions: Version) -> Callable[[F], F]:
    """Mark a method that hears of a command the station accepted, whoever sent it.

    It is given the request and the answer, before whoever sent it is. The request was
    valid for the station's version; the answer was accepted and repaired, and nothing else is
    certain of it.
    """
    return _mark(Stage.FOLLOWS, action, versions)


def precedes[F: Forerunner](action: str, *versions: Version) -> Callable[[F], F]:
    """Mark a method that hears of a valid command just before it is sent.

    For commands that the station may act upon before it answers. It may raise an
    `OcppError` where the command must not be sent; nothing is sent then.
    """
    return _mark(Stage.PRECEDES, action, versions)


def refused[F: Follower](action: str, *versions: Version) -> Callable[[F], F]:
    """Mark a method that hears of a command the station refused, whoever sent it.

    As one that follows it does, but for the answer, which says no. An answer that is an
    error is none.
    """
    return _mark(Stage.REFUSED, action, versions)


def unanswered[F: Forerunner](action: str, *versions: Version) -> Callable[[F], F]:
    """Mark a method that hears of a valid command that was never answered, whoever sent it.

    The station may have obeyed it, or not. It is given the request.
    """
    return _mark(Stage.UNANSWERED, action, versions)


def _mark[F: Callable[..., Any]](
    stage: Stage, action: str, versions: tuple[Version, ...]
) -> Callable[[F], F]:
    marks = [(action, version) for version in versions]

    def add(method: F) -> F:
        setattr(method, stage, (*getattr(method, stage, ()), *marks))
        return method

    return add


class Call(NamedTuple):
    """A command, spelled for a version."""

    action: str
    payload: Payload


class Block:
    """One functional block of one station."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self.station = station

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

    def sends(self, action: str) -> bool:
        """Return whether a command may be sent that no person asked for by its name."""
        return action not in self.station.compatibility.never_sent

    async def command(self, action: str, payload: Payload) -> Payload:
        """Send a command and return the answer when the station accepted it.

        What means yes is in the registry of commands. Raises what `Sending.command`
        does, and `NotSupported` before anything is sent where the station's model does not
        have the command, or does not survive it.
        """
        if not self.sends(action):
            raise NotSupported(action)
        return (await self.station.sending.command(action, payload)).repaired

    @property
    def speaks_16(self) -> bool:
        """Return whether the station speaks 1.6, and not 2.x."""
        return self.station.version is V16
