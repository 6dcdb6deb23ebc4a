"""The network side of the charger: its socket and everything said on it."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping, Sequence
import ipaddress
import json
import logging
import ssl
from typing import Any, Self
from urllib.parse import quote, urlsplit

from ocpp.exceptions import OCPPError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from . import schema
from .link import CallError, Link, Override, Payload, Reply

_LOGGER = logging.getLogger(__name__)


def check_loopback(url: str) -> None:
    """Refuse to talk to anything but this machine."""
    host = urlsplit(url).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise ValueError(f"The simulator talks to this machine only, not to {host!r}")


class Peer:
    """An OCPP-J client that records all frames and answers calls."""

    # The error code for what is no call at all; OCPP 1.6 spells it like this.
    malformed = "FormationViolation"

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        subprotocols: Sequence[str] | None = ("ocpp1.6",),
        compression: str | None = None,
        headers: Mapping[str, str] | None = None,
        password: str | None = None,
        ping_interval: float | None = None,
        response_timeout: float = 10,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare a client; connect() opens the socket, encrypted with `tls`."""
        check_loopback(url)
        self.url = f"{url.rstrip('/')}/{quote(identity, safe='')}"
        self.identity = identity
        self.response_timeout = response_timeout
        self.answers: dict[str, Override] = {}
        self.sent: list[Any] = []
        self.received: list[Any] = []
        self.violations: list[str] = []
        self.subprotocol: str | None = None
        self._options: dict[str, Any] = {
            "subprotocols": subprotocols and [Subprotocol(s) for s in subprotocols],
            "compression": compression,
            "additional_headers": dict(headers or {}),
            "ping_interval": ping_interval,
            "proxy": None,
            "close_timeout": 2,
        }
        if tls is not None:
            self._options["ssl"] = tls
        if password is not None:
            secret = b64encode(f"{identity}:{password}".encode()).decode()
            self._options["additional_headers"]["Authorization"] = f"Basic {secret}"
        self._socket: ClientConnection | None = None
        self._link: Link | None = None
        self._reader: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiters: list[asyncio.Future[None]] = []
        self._calls: list[tuple[str, Payload]] = []
        self._sent_ids: set[str] = set()
        self._read_frames = 0

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect and end all tasks."""
        await self.disconnect()

    def handle(self, action: str, payload: Payload) -> Reply:
        """Return the answer to a call, and what to do once it is given."""
        raise CallError("NotImplemented", action)

    def fault(self, kind: int, action: str, payload: object) -> tuple[str, str] | None:
        """Return error code and reason if the payload breaks its schema."""
        return schema.fault(kind, action, payload)

    # Connection

    @property
    def transport(self) -> dict[str, Any]:
        """Return how the next socket is opened, for whoever wants it otherwise."""
        return self._options

    @property
    def connected(self) -> bool:
        """Return if the socket is open."""
        return self._link is not None

    async def connect(self) -> None:
        """Open the socket, without booting."""
        if self.connected:
            return
        await self._close()
        self._socket = socket = await connect(self.url, **self._options)
        self.subprotocol = socket.subprotocol
        self._link = link = Link(self, socket)
        self._reader = asyncio.create_task(self._read(link))

    async def disconnect(self) -> None:
        """Close the socket cleanly and end every task."""
        await self._end_tasks()
        await self._close()
        # Calls that came in meanwhile may have started something.
        await self._end_tasks()

    def drop(self) -> None:
        """Abort the TCP connection, as pulling the network plug does."""
        if self._socket is not None:
            self._socket.transport.abort()
        self._link = None
        self.notify()

    async def wait_closed(self, timeout: float | None = 5) -> None:
        """Wait until the socket is closed, by whichever side."""
        await self.until(lambda: not self.connected, timeout)

    async def _read(self, link: Link) -> None:
        """Read one socket to its end."""
        try:
            await link.read()
        except ConnectionError:
            pass  # It closed between a question and our answer to it.
        finally:
            if self._link is link:
                self._link = None
            self.notify()

    async def _close(self) -> None:
        """Close the socket and wait for its reader."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        if self._reader is not None:
            # Unlike plain awaiting, this leaves the reader alone if cancelled.
            await asyncio.wait([self._reader])
            self._reader = None

    # Tasks

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in the background, until disconnect() at the latest."""
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        # Also where it was ended before it had begun.
        task.add_done_callback(lambda _: work.close())

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Let background work fail quietly, as it does in a charger."""
        try:
            await work
        except (CallError, OCPPError, OSError) as err:
            _LOGGER.debug("%s: background work ended: %r", self.identity, err)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        """Forget a task, and tell those who wait for that."""
        self._tasks.discard(task)
        self.notify()

    async def settle(self, timeout: float = 5) -> None:
        """Wait until no background work is left."""
        await self.until(lambda: not self._tasks, timeout)

    async def _end_tasks(self) -> None:
        """Cancel all background work but the caller's own."""
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Frames

    async def call(
        self, action: str, payload: Payload | None = None, *, validate: bool = True
    ) -> Payload:
        """Send a CALL and return the answer; raises CallError on a CALLERROR."""
        if self._link is None:
            raise ConnectionError("Not connected")
        return await self._link.request(action, payload or {}, validate)

    async def send(
        self, action: str, payload: Payload, *, validate: bool = True
    ) -> None:
        """Send a message that nobody answers (OCPP 2.1)."""
        if self._link is None:
            raise ConnectionError("Not connected")
        await self._link.send(action, payload, validate)

    async def raw(self, text: str | bytes) -> None:
        """Send something just as it is."""
        if self._socket is None:
            raise ConnectionError("Not connected")
        self.record_sent(text)
        try:
            await self._socket.send(text)
        except ConnectionClosed as err:
            raise ConnectionError("The connection is closed") from err

    async def frame(self, frame: list[Any]) -> None:
        """Send a list as a frame, without any check."""
        await self.raw(json.dumps(frame))

    async def next_frame(self, timeout: float = 5) -> Any:
        """Return the next received frame, in order, each one once."""
        await self.until(lambda: len(self.received) > self._read_frames, timeout)
        frame = self.received[self._read_frames]
        self._read_frames += 1
        return frame

    async def wait_for_reply(self, unique_id: str, timeout: float = 5) -> list[Any]:
        """Return the answer frame to a call sent with frame() or raw()."""

        def find() -> list[Any] | None:
            return next(
                (
                    frame
                    for frame in self.received
                    if isinstance(frame, list)
                    and frame[:1] in ([3], [4])
                    and frame[1:2] == [unique_id]
                ),
                None,
            )

        return await self.until(find, timeout)

    async def wait_for_call(self, action: str, timeout: float = 5) -> Payload:
        """Return the payload of the next CALL of that action, each one once.

        A call counts when it is answered, so its effect can be seen already.
        """

        def find() -> int | None:
            names = [name for name, _ in self._calls]
            return names.index(action) if action in names else None

        return self._calls.pop(await self.until(find, timeout))[1]

    async def until[T](
        self, find: Callable[[], T | None], timeout: float | None = 5
    ) -> T:
        """Return what find() returns, once that is neither None nor False."""
        async with asyncio.timeout(timeout):
            while (found := find()) is None or found is False:
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
        return found

    def notify(self) -> None:
        """Let everyone who waits look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def record_sent(self, text: str | bytes) -> None:
        """Remember a frame on its way out."""
        frame = _parse(text)
        self.sent.append(frame)
        if isinstance(frame, list) and frame[:1] == [2] and len(frame) > 1:
            self._sent_ids.add(str(frame[1]))
        self.notify()

    def record_received(self, text: str | bytes) -> None:
        """Remember a frame that came in."""
        self.received.append(_parse(text))

    def record_call(self, action: str, payload: Payload) -> None:
        """Remember a CALL that has been dealt with."""
        self._calls.append((action, payload))
        self.notify()

    def has_sent_call(self, unique_id: object) -> bool:
        """Return if a call with that id was ever sent."""
        return str(unique_id) in self._sent_ids

    def sent_calls(self, action: str) -> list[Payload]:
        """Return the payloads of all calls sent with that action."""
        return [
            frame[3]
            for frame in self.sent
            if isinstance(frame, list) and frame[:1] == [2] and frame[2:3] == [action]
        ]


def _parse(text: str | bytes) -> Any:
    """Return the JSON in a frame, or the frame itself if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
