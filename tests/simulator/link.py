"""One socket's worth of OCPP, on raw camelCase payloads."""

# The package is not typed.
# mypy: disable-error-code="no-untyped-call, misc"

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
import copy
import inspect
import json
from typing import TYPE_CHECKING, Any, override
import uuid

from ocpp import messages
from ocpp.exceptions import FormationViolationError, OCPPError
from ocpp.v16 import ChargePoint
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from .peer import Peer

# The type of a message that nobody answers (OCPP 2.1).
SEND = 6

type Payload = dict[str, Any]
type FollowUp = Callable[[], Coroutine[Any, Any, None]]
type Reply = tuple[Payload, FollowUp | None]
type Handler = Callable[[Payload], Reply]


class CallError(Exception):
    """A CALLERROR: raised when received, or an answer to give."""

    def __init__(
        self, code: str, description: str = "", details: Payload | None = None
    ) -> None:
        """Remember what the frame says."""
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.details = details or {}


class Silence:
    """The answer that is never given."""


type Answer = Payload | CallError | Silence | type[Silence] | None
type Override = Answer | Callable[[Payload], Answer | Awaitable[Answer]]


class Link(ChargePoint):
    """The package's charge point, with its gaps closed.

    The package renames the keys of payloads, swaps the codes for an unknown and
    an unhandled action, lets pending calls wait after the socket is gone and
    stops reading on malformed calls, hence the replaced methods.
    """

    def __init__(self, peer: Peer, socket: ClientConnection) -> None:
        """Bind the protocol to one open socket."""
        super().__init__(peer.identity, socket, response_timeout=peer.response_timeout)
        self._peer = peer

    async def read(self) -> None:
        """Handle frames until the socket closes."""
        try:
            await self.start()
        except ConnectionClosed:
            pass
        finally:
            self._response_queue.put_nowait(None)

    async def request(self, action: str, payload: Payload, validate: bool) -> Payload:
        """Send a CALL and return the payload of its answer."""
        if validate and (
            bad := self._peer.fault(messages.MessageType.Call, action, payload)
        ):
            raise FormationViolationError(f"{action}: {bad[1]}")
        call = messages.Call(str(uuid.uuid4()), action, payload)
        async with self._call_lock:
            await self._send(call.to_json())
            response = await self._get_specific_response(
                call.unique_id, self._response_timeout
            )
        if isinstance(response, messages.CallError):
            raise CallError(
                response.error_code, response.error_description, response.error_details
            )
        result: Payload = response.payload
        if bad := self._peer.fault(messages.MessageType.CallResult, action, result):
            self._peer.violations.append(f"answer to {action}: {bad[1]}")
            if validate:
                raise FormationViolationError(f"answer to {action}: {bad[1]}")
        return result

    async def send(self, action: str, payload: Payload, validate: bool) -> None:
        """Send a message that nobody answers, which the package does not know of."""
        if validate and (bad := self._peer.fault(SEND, action, payload)):
            raise FormationViolationError(f"{action}: {bad[1]}")
        await self._send(json.dumps([SEND, str(uuid.uuid4()), action, payload]))

    @override
    async def _get_specific_response(self, unique_id: str, timeout: float) -> Any:
        async with asyncio.timeout(timeout):
            while (response := await self._response_queue.get()) is not None:
                if response.unique_id == unique_id:
                    return response
        # Put back, for a call that was sent but waits behind this one.
        self._response_queue.put_nowait(None)
        raise ConnectionError("The connection closed before the answer came")

    @override
    async def _send(self, message: str) -> None:
        self._peer.record_sent(message)
        try:
            await self._connection.send(message)
        except ConnectionClosed as err:
            raise ConnectionError("The connection is closed") from err

    @override
    async def route_message(self, raw_msg: str | bytes) -> None:
        self._peer.record_received(raw_msg)
        try:
            message = messages.unpack(raw_msg)
        except (OCPPError, LookupError, ValueError) as err:
            self._peer.violations.append(f"{err}: {raw_msg!r}")
        else:
            if isinstance(message, messages.Call):
                await self._handle_call(message)
            else:
                if not self._peer.has_sent_call(message.unique_id):
                    self._peer.violations.append(f"answer to nothing: {raw_msg!r}")
                self._response_queue.put_nowait(message)
        self._peer.notify()

    @override
    async def _handle_call(self, msg: messages.Call) -> None:
        if not isinstance(msg.action, str) or not isinstance(msg.payload, dict):
            self._peer.violations.append(f"malformed call: {msg}")
            await self._send_answer(msg, CallError(self._peer.malformed))
            return
        payload: Payload = copy.deepcopy(msg.payload)
        bad = self._peer.fault(messages.MessageType.Call, msg.action, payload)
        if bad is not None:
            self._peer.violations.append(f"{msg.action}: {bad[1]}")
        answer: Any = self._peer.answers.get(msg.action)
        if callable(answer) and answer is not Silence:
            answer = answer(copy.deepcopy(payload))
        if inspect.isawaitable(answer):
            # Reading must go on while the test holds the answer back.
            self._peer.spawn(self._answer_later(msg, payload, bad, answer))
        else:
            await self._answer(msg, payload, bad, answer)

    async def _answer_later(
        self,
        msg: messages.Call,
        payload: Payload,
        bad: tuple[str, str] | None,
        answer: Awaitable[Answer],
    ) -> None:
        """Answer once the overriding coroutine has decided."""
        await self._answer(msg, payload, bad, await answer)

    async def _answer(
        self,
        msg: messages.Call,
        payload: Payload,
        bad: tuple[str, str] | None,
        answer: Answer,
    ) -> None:
        """Give the overriding answer, or else the charger's own."""
        follow_up: FollowUp | None = None
        if answer is None and bad is not None:
            answer = CallError(*bad)
        elif answer is None:
            try:
                answer, follow_up = self._peer.handle(msg.action, payload)
            except CallError as err:
                answer = err
            else:
                own = self._peer.fault(
                    messages.MessageType.CallResult, msg.action, answer
                )
                assert own is None, f"own answer to {msg.action}: {own}"
        await self._send_answer(msg, answer)
        # Only now, so that whoever waited for the call sees its effect too.
        self._peer.record_call(msg.action, payload)
        if follow_up is not None:
            self._peer.spawn(follow_up())

    async def _send_answer(self, msg: messages.Call, answer: Answer) -> None:
        """Send a CALLRESULT or CALLERROR, or nothing at all."""
        if isinstance(answer, CallError):
            frame = [4, msg.unique_id, answer.code, answer.description, answer.details]
        elif isinstance(answer, dict):
            frame = [3, msg.unique_id, answer]
        else:
            return
        await self._send(json.dumps(frame))
