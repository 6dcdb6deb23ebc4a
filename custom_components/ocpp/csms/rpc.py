"""OCPP-J on one socket: frames, correlation, timeouts, errors.

Works on raw camelCase payloads and knows nothing of what they mean. Each direction has at
most one open CALL of ours, and any number of the station's are answered meanwhile.
"""

import asyncio
from collections.abc import Callable, Container, Coroutine
from contextlib import suppress
import logging
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from . import lenient
from .answers import Answers
from .errors import (
    CommandFailed,
    CommandTimedOut,
    ErrorCode,
    InvalidRequest,
    MessageRefused,
    StationOffline,
)
from .frames import CALL, CALLERROR, CALLRESULT, CALLRESULTERROR, SEND, describe
from .model import Answer, Payload
from .versions import Version
from .wire import Socket, Waiting

_LOGGER = logging.getLogger(__name__)

_LONGEST_ID = 255
# Some stations count their messages.
_IDS = frozenset({str, int})
_LONGEST_DESCRIPTION = 255
_LONGEST_CODE = 50
# Beyond this many unanswered CALLs a station waits until some are done.
_MOST_CALLS_IN_WORK = 64
# Their answer is the present time: one out of memory would set the station's clock back.
_REPEATABLE = frozenset({"BootNotification", "Heartbeat"})


class _Pending(NamedTuple):
    id: str
    action: str
    answer: asyncio.Future[Payload]


class _Call(NamedTuple):
    """A message of the station in work; without an id nobody answers it."""

    id: str | int | None
    action: str
    fingerprint: int | None = None


class Reply(NamedTuple):
    """What a station answered to a CALL of ours, and the id of both."""

    id: str
    payload: Payload


class Rpc:
    """The conversation over one socket."""

    def __init__(
        self,
        socket: Socket,
        *,
        version: Version,
        handle: Callable[[str, Any], Answer],
        answered: Callable[[], None] = lambda: None,
        note: Callable[[str], None] = lambda _: None,
        timeout: float = 30,
        repeatable: Container[str] = _REPEATABLE,
    ) -> None:
        """Prepare to talk.

        `handle` answers a CALL of the station, or raises `MessageRefused`; `answered` is
        called after each answer has been sent; `note` is told of every oddity. `timeout`
        is in seconds, for each CALL of ours. The actions in `repeatable` are answered as well
        a second time: their answers need no memory.
        """
        self.version = version
        self._socket = socket
        self._handle = handle
        self._answered = answered
        self._note = note
        self._timeout = timeout
        self._repeatable = repeatable
        self._slot = asyncio.Lock()
        self._pending: _Pending | None = None
        self._closed = False
        self._in_work: set[asyncio.Task[None]] = set()
        self._free: asyncio.Event | None = None
        self._answers = Answers()

    async def run(self) -> None:
        """Read and answer until the socket closes."""
        try:
            await self._socket.deliver(self._take)
        finally:
            self.close()
            # What a handler has begun to store is stored to the end, also when nobody
            # waits for its answer any more.
            if self._in_work:
                await asyncio.wait(self._in_work)

    def _take(self, data: bytes) -> asyncio.Event | None:
        """Take up a frame; have others wait while too many are in work."""
        # Disconnected, or where another socket took over, it has no say.
        if not self._closed and (frame := self._read(data)) is not None:
            self._receive(frame, data)
            if len(self._in_work) >= _MOST_CALLS_IN_WORK:
                self._free = asyncio.Event()
                return self._free
        return None

    def close(self) -> None:
        """Fail what waits for an answer, at once; nothing is sent any more."""
        self._closed = True
        if self._pending is not None:
            _fail(self._pending.answer, StationOffline())

    async def call(
        self, action: str, payload: Payload, *, timeout: float | None = None
    ) -> Reply:
        """Send a CALL when the one before it is answered; return the raw answer.

        Raises `StationOffline`, `CommandTimedOut` or `CommandFailed`. A timeout frees the
        slot; the answer that comes too late is dropped by its id.
        """
        async with self._slot:
            if self._closed:
                raise StationOffline
            pending = _Pending(
                str(uuid4()), action, asyncio.get_running_loop().create_future()
            )
            try:
                text = orjson.dumps([CALL, pending.id, action, payload])
            except TypeError as error:
                raise InvalidRequest(action, str(error)) from error
            self._pending = pending
            try:
                async with asyncio.timeout(timeout or self._timeout):
                    await self._send(text)
                    return Reply(pending.id, await pending.answer)
            except TimeoutError as error:
                raise CommandTimedOut(action) from error
            finally:
                self._pending = None

    async def send(self, action: str, payload: Payload) -> None:
        """Send a message that nobody answers, for which no turn is waited.

        Raises `StationOffline`.
        """
        if self._closed:
            raise StationOffline
        try:
            text = orjson.dumps([SEND, str(uuid4()), action, payload])
        except TypeError as error:
            raise InvalidRequest(action, str(error)) from error
        await self._send(text)

    def disown(self, reply: Reply, code: ErrorCode, description: str) -> None:
        """Tell the station that its answer could not be used, in versions that can."""
        if self.version.unanswered:
            error = self._error(reply.id, code, description)
            error[0] = CALLRESULTERROR
            self._send_quietly(orjson.dumps(error))

    async def _send(self, text: bytes) -> None:
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("Sending %s", describe(text))
        try:
            if (full := self._socket.send(text)) is not None:
                await full
        except ConnectionError as error:
            raise StationOffline from error

    def _read(self, data: bytes) -> list[Any] | None:
        """Return the elements of a frame: none when it is unreadable, None when empty."""
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("Received %s", describe(data))
        try:
            frame = orjson.loads(data)
        except orjson.JSONDecodeError:
            if not data:
                return None
            try:
                frame = lenient.read_broken(data)
            except ValueError:
                self._note("frame: not JSON")
                return []
            self._note("frame: repaired JSON")
        if isinstance(frame, list) and frame:
            if lenient.may_be_too_deep(data) and lenient.is_too_deep(frame):
                self._note("frame: nested too deep")
                # Whose it is can be told; what it says is as good as nothing.
                return [None if isinstance(it, (dict, list)) else it for it in frame]
            return frame
        self._note("frame: not an array")
        return []

    def _receive(self, frame: list[Any], data: bytes) -> None:
        kind = frame[0] if frame else None
        if kind == CALL:
            self._on_call(frame, data)
        elif kind in (CALLRESULT, CALLERROR):
            self._on_answer(frame)
        elif kind == SEND and self.version.unanswered:
            self._on_send(frame)
        elif kind == CALLRESULTERROR and self.version.unanswered:
            # What it is about has been done; there is nothing to take back.
            self._note("frame: an answer of ours could not be used")
        elif not isinstance(kind, int):
            if frame:
                self._note("frame: no message type")
            if self.version.answers_unreadable:
                self._refuse("-1", ErrorCode.RPC_FRAMEWORK_ERROR, "unreadable")
        else:
            self._note("frame: unknown message type")
            if self.version.answers_unknown_type and len(frame) > 1:
                message_id = frame[1] if isinstance(frame[1], str) else "-1"
                self._refuse(message_id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED)

    # --- the station's calls ------------------------------------------------------------

    def _on_call(self, frame: list[Any], data: bytes) -> None:
        message_id: Any = frame[1] if len(frame) > 1 else None
        if type(message_id) not in _IDS or len(str(message_id)) > _LONGEST_ID:
            self._note("frame: no message id")
            if self.version.answers_unreadable:
                self._refuse("-1", ErrorCode.RPC_FRAMEWORK_ERROR, "no message id")
            return
        action = frame[2] if len(frame) > 2 else None
        if not isinstance(action, str):
            self._note("frame: no action")
            self._refuse(message_id, ErrorCode.FORMAT_VIOLATION, "no action")
            return
        if len(frame) != 4:
            self._note("frame: not four elements")
        payload = frame[3] if len(frame) > 3 else {}
        fingerprint = None
        if action not in self._repeatable:
            fingerprint = hash(data)
            before = self._answers.find(message_id, fingerprint)
            if before is not None:
                # A retry of the very same message. While the first is still in work its
                # answer is on the way and serves both.
                if before.answer is not None:
                    self._send_quietly(before.answer)
                return
            self._answers.begin(message_id, fingerprint)
        self._serve(_Call(message_id, action, fingerprint), payload)

    def _on_send(self, frame: list[Any]) -> None:
        """Take up a message that nobody answers, whatever becomes of it."""
        match frame:
            case [_, _, str(action), payload, *_]:
                self._serve(_Call(None, action), payload)
            case _:
                self._note("frame: no message to take up")

    def _serve(self, call: _Call, payload: Any) -> None:
        """Answer a message: now, or when what its handler waits for has come."""
        try:
            answer = self._handle(call.action, payload)
            if not isinstance(answer, dict):
                self._work(self._serve_later(call, answer))
                return
            self._reply(call, answer)
        except Exception as error:  # noqa: BLE001 - logged there, where nobody meant it
            self._refuse_call(call, error)
        self._finish(call)

    async def _serve_later(
        self, call: _Call, answer: Coroutine[Any, Any, Payload]
    ) -> None:
        try:
            self._reply(call, await answer)
        except Exception as error:  # noqa: BLE001 - as above
            self._refuse_call(call, error)
        self._finish(call)

    def _reply(self, call: _Call, answer: Payload) -> None:
        if call.id is None:
            return
        text = orjson.dumps([CALLRESULT, call.id, answer])
        if call.fingerprint is not None:
            self._answers.end(call.id, call.fingerprint, text)
        self._send_quietly(text)

    def _refuse_call(self, call: _Call, error: Exception) -> None:
        """Refuse a message; a fault of ours must not cost the station its connection."""
        if not isinstance(error, MessageRefused):
            _LOGGER.error("Failed to handle %s", call.action, exc_info=error)
            error = MessageRefused(ErrorCode.INTERNAL_ERROR)
        if call.id is None:
            self._note(f"frame: unanswered message refused, {error.code}")
            return
        if call.fingerprint is not None:
            self._answers.end(call.id, call.fingerprint, None)
        self._refuse(call.id, error.code, error.description)

    def _finish(self, call: _Call) -> None:
        """Have whoever shows the station hear what a message changed."""
        try:
            self._answered()
        except Exception:  # Nor may one of whoever shows the station.
            _LOGGER.exception("Failed to tell what %s changed", call.action)

    def _work(self, handling: Coroutine[Any, Any, None]) -> None:
        """Do what may have to wait, and does not keep answers from being read meanwhile."""
        # Eager: where there is nothing to wait for after all, it is done before the next
        # frame is read.
        task = asyncio.Task(handling, loop=asyncio.get_running_loop(), eager_start=True)
        if not task.done():
            self._in_work.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_work.discard(task)
        # One that left its answer to be sent has only made room for that.
        if self._free is not None and len(self._in_work) < _MOST_CALLS_IN_WORK:
            self._free.set()

    def _error(
        self, message_id: str | int, code: ErrorCode, description: str = ""
    ) -> list[Any]:
        return [
            CALLERROR,
            message_id,
            self.version.error_code(code),
            description[:_LONGEST_DESCRIPTION],
            {},
        ]

    def _refuse(
        self, message_id: str | int, code: ErrorCode, description: str = ""
    ) -> None:
        error = self._error(message_id, code, description)
        self._send_quietly(orjson.dumps(error))

    def _send_quietly(self, text: bytes) -> None:
        """Send an answer; a socket that closed meanwhile has nobody left to tell."""
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("Sending %s", describe(text))
        try:
            full = self._socket.send(text)
        except ConnectionError:
            return
        if full is not None:
            self._work(_quietly(full))

    # --- answers to our calls -----------------------------------------------------------

    def _on_answer(self, frame: list[Any]) -> None:
        pending = self._pending
        if pending is None or len(frame) < 2 or frame[1] != pending.id:
            self._note("frame: answer to no call")
            return
        if pending.answer.done():
            return
        if frame[0] == CALLRESULT:
            payload = frame[2] if len(frame) > 2 else {}
            pending.answer.set_result(payload if isinstance(payload, dict) else {})
            return
        # Real stations leave out the description, or send null for a code.
        code = str(frame[2] or "") if len(frame) > 2 else ""
        description = str(frame[3] or "") if len(frame) > 3 else ""
        _fail(
            pending.answer,
            CommandFailed(
                pending.action,
                code[:_LONGEST_CODE] or ErrorCode.GENERIC_ERROR.value,
                description[:_LONGEST_DESCRIPTION],
            ),
        )


async def _quietly(sending: Waiting) -> None:
    """Wait until something is sent, or cannot be any more."""
    with suppress(ConnectionError):
        await sending


def _fail(answer: asyncio.Future[Payload], error: Exception) -> None:
    """End the wait for an answer, also when nobody gets to hear of it."""
    if not answer.done():
        answer.set_exception(error)
        # Read once here: what gave up waiting at the same moment never does, and an error
        # nobody read would be logged as a fault of ours.
        answer.exception()
