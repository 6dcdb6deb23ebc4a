"""Sending commands to a station, and having its blocks hear of them whoever sent them."""

import asyncio
from collections.abc import Awaitable
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

from . import lenient, secrets
from .blocks.block import Stage
from .clock import in_whole_seconds
from .commands import check_accepted, is_accepted, meaning
from .errors import (
    CommandFailed,
    CommandTimedOut,
    InvalidRequest,
    NotAccepted,
    NotInVersion,
    OnlyRenews,
    StationOffline,
)
from .model import Payload, RegistrationStatus
from .versions import Version

if TYPE_CHECKING:
    from .charging_station import ChargingStation

# What a station that is kept waiting must not be sent.
_ONLY_WHEN_ACCEPTED = frozenset(
    {
        *("RemoteStartTransaction", "RemoteStopTransaction"),
        *("RequestStartTransaction", "RequestStopTransaction"),
    }
)


class Answer(NamedTuple):
    """What a station answered to a command: as it came, and repaired where it can be."""

    raw: Payload
    repaired: Payload


class Sending:
    """Sends the commands of one station."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self._station = station
        # What was sent, or waits for its turn, and was not answered yet.
        self._waiting: list[Payload] = []

    async def command(self, action: str, payload: Payload) -> Answer:
        """Send a command and return the answer when the station accepted it.

        Raises what `judged` does.
        """
        return await self.judged(action, self.exchange(action, payload))

    async def judged(self, action: str, exchange: Awaitable[Answer]) -> Answer:
        """Return the answer of an exchange when the station accepted the command.

        Raises `CommandRejected` when it did not, `NotSupported` when it does not have the
        command at all, and what `exchange` does.
        """
        version = self._station.version
        try:
            answer = await exchange
        except CommandFailed as error:
            if (meant := meaning(error)) is error:
                raise
            raise meant from error
        check_accepted(version, action, answer.repaired)
        return answer

    async def exchange(
        self, action: str, payload: Payload, *, validate: bool = True
    ) -> Answer:
        """Send a command and return the answer, whatever it is.

        Raises `InvalidRequest` before anything is sent when the payload is not valid,
        `NotInVersion` when the version has no such message, and `StationOffline`,
        `NotAccepted`, `CommandTimedOut` or `CommandFailed`.
        """
        station = self._station
        rpc, version = station.link(), station.version
        valid = self._check(action, payload, validate=validate)
        schemas = station.shared.schemas[version]
        if valid:
            self._tell(Stage.PRECEDES, version, action, payload)
        self._waiting.append(payload)
        try:
            reply = await rpc.call(
                action,
                self.written(payload),
                timeout=station.compatibility.call_timeout or None,
            )
        except CommandTimedOut, StationOffline, asyncio.CancelledError:
            # It may have been obeyed all the same.
            if valid:
                self._tell(Stage.UNANSWERED, version, action, payload)
            raise
        except CommandFailed as error:
            raise secrets.silenced(error, payload) from None
        finally:
            self._waiting = [it for it in self._waiting if it is not payload]
        station.heard()
        came = reply.payload
        if (validator := schemas.responses.get(action)) is None:
            return Answer(came, came)
        repaired = lenient.repair(deepcopy(came), validator)
        for note in repaired.notes:
            station.note(f"{action} answer: {note}")
        # Words that do not exist and fields that have no business there still mean something.
        left = (it for it in repaired.left if it.kind in ("required", "type"))
        if (fault := next(left, None)) is not None:
            rpc.disown(reply, lenient.error_code(fault), str(fault))
        if valid:
            accepted = is_accepted(version, action, repaired.payload)
            stage = Stage.FOLLOWS if accepted else Stage.REFUSED
            self._tell(stage, version, action, payload, repaired.payload)
        return Answer(came, repaired.payload)

    async def send(
        self, action: str, payload: Payload, *, validate: bool = True
    ) -> None:
        """Send a message that is never answered.

        Raises `NotInVersion` where the version has none, and before anything is sent what
        `exchange` does.
        """
        station = self._station
        rpc = station.link()
        if not station.version.unanswered:
            raise NotInVersion(action, station.version.name)
        self._check(action, payload, validate=validate)
        await rpc.send(action, self.written(payload))

    def _check(self, action: str, payload: Payload, *, validate: bool) -> bool:
        """Return whether a request is valid; raise where it is not and has to be.

        Raises as well where the station may not be sent this, or not now.
        """
        station = self._station
        if not station.renewal.may_be_sent(action, payload):
            raise OnlyRenews
        registration = station.registration
        if registration is not RegistrationStatus.ACCEPTED and (
            registration is RegistrationStatus.REJECTED or action in _ONLY_WHEN_ACCEPTED
        ):
            raise NotAccepted
        schemas = station.shared.schemas[station.version]
        if validate and not schemas.knows(action):
            raise NotInVersion(action, station.version.name)
        try:
            schemas.check_request(action, payload)
        except InvalidRequest:
            if validate:
                raise
            return False
        return True

    def waits_for(self, payload: Payload) -> bool:
        """Return whether a command may still be answered, by the request that was sent."""
        return any(it is payload for it in self._waiting)

    def written(self, payload: Payload) -> Payload:
        """Return a payload with its moments as the station can read them."""
        if payload and self._station.compatibility.whole_seconds:
            return in_whole_seconds(payload)
        return payload

    def _tell(
        self, stage: Stage, version: Version, action: str, *said: Payload
    ) -> None:
        """Have the blocks hear of a command that want to at this stage of it."""
        station = self._station
        for block, hears in station.hearing(stage, version).get(action, ()):
            hears(station.blocks[block], *said)
