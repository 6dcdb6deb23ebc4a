"""A station's WebSocket: counted from when it is accepted, handing over what comes on it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
import logging
import socket as sockets
from typing import TYPE_CHECKING, Any, Literal, override

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from .rates import who
from .wire import Take, Waiting

if TYPE_CHECKING:
    from .listener import Listener
    from .rates import Bucket

_LOGGER = logging.getLogger(__name__)

# In milliseconds. After this long without a word from the other end's network the kernel
# gives the connection up, so that a station that lost its power does not look connected.
_DEAD_AFTER = 90_000
# Frames that are handed over before others get their turn.
_AT_ONCE = 8
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class Counted(ServerConnection):
    """A connection that is counted from when it is accepted, whatever comes of it.

    Frames are handed over in the moment they are read, and written in the moment they are
    sent: no task has to be woken in between, as it has for `recv`, which is not used.
    """

    def __init__(self, listener: Listener, *args: Any, **kwargs: Any) -> None:
        """Wrap what the server gives every connection."""
        super().__init__(*args, **kwargs)
        self._listener = listener
        self._rates = listener.door.rates
        self._arrival: asyncio.Task[None] | None = None
        # Whose attempts it is counted with.
        self.address = ""
        # Whether it is known to be encrypted or not, so that requests can be read.
        self.inside = False
        self._take: Take | None = None
        # What nobody took yet, and what came so far of a message in fragments.
        self._frames: deque[bytes] = deque()
        self._begun: bytearray | None = None
        # What is waited for before the next frame is handed over.
        self._held: asyncio.Future[object] | None = None
        self._over = asyncio.Event()
        # What ends it where the other end does not agree to that in time.
        self._ending: asyncio.TimerHandle | None = None
        self._reading = True

    # --- the beginning and the end ------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; where it may be encrypted, this is called again then."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a socket
        if self._arrival is not None:
            self._come_in(transport)
            return
        self.address = who(transport.get_extra_info("peername"))
        if self._listener.context is None:
            self._come_in(transport)
        else:
            try:
                self._arrival = self._listener.receive(self, transport)
            except OSError as error:
                _LOGGER.debug("A connection could not be taken: %s", error)
                return
        self._rates.opened(self, self.address)
        if self._listener.closing:
            self.abort()

    def _come_in(self, transport: asyncio.Transport) -> None:
        self.inside = True
        _give_up_dead_peers(transport)
        super().connection_made(transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection no more."""
        self._rates.closed(self)
        if self._ending is not None:
            self._ending.cancel()
        super().connection_lost(exc)
        self._over.set()

    @override
    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it and hear nothing more; the other end may not put that off for long."""
        self._rates.closing(self)
        self._end_soon()
        self.ignore()
        await super().close(code, reason)

    def _end_soon(self) -> None:
        """End it in a while at the latest, whatever is still waited for.

        The library only looks at the time where somebody sends, or waits for the end.
        """
        closed = self.protocol.state is State.CLOSED
        if self._ending is None and not closed and self.close_timeout is not None:
            self._ending = self.loop.call_later(self.close_timeout, self.abort)

    def abort(self) -> None:
        """End it at once, wherever it is on its way in."""
        if self.inside:
            self.transport.abort()
        elif self._arrival is not None:
            self._arrival.cancel()

    # --- what comes ---------------------------------------------------------------------

    async def deliver(self, take: Take) -> None:
        """Hand over each frame that comes before the connection ends, or is ignored."""
        self._take = take
        self._hand_over()
        await self._over.wait()
        while self._held is not None:
            await asyncio.wait((self._held,))

    def ignore(self) -> None:
        """Hand over nothing more, though the other end may put off the end for a while."""
        self._take = _ignore
        self._frames.clear()
        if self._held is not None:
            self._held.cancel()
            self._held = None
        self._hand_over()
        self._over.set()

    @override
    def data_received(self, data: bytes) -> None:
        """Read what came, and hand it over."""
        super().data_received(data)
        if self.protocol.state is State.CLOSING:
            self._end_soon()
        if self._frames:
            self._hand_over()

    @override
    def process_event(self, event: Event) -> None:
        """Keep what a frame says; as bytes, since text that is not UTF-8 is no reason to end."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
        elif event.fin and self._begun is None:
            self._frames.append(bytes(event.data))
        else:
            # Not a list of fragments: of empty ones there could be any number.
            begun = self._begun = self._begun or bytearray()
            begun += event.data
            if event.fin:
                self._frames.append(bytes(begun))
                self._begun = None

    def _hand_over(self) -> None:
        """Hand over what came, unless whoever takes it is busy; read no further then."""
        frames = self._frames
        if (take := self._take) is not None:
            for _ in range(_AT_ONCE):
                if not frames or self._held is not None:
                    break
                taken = False
                try:
                    busy = take(frames.popleft())
                    taken = True
                finally:
                    if not taken:
                        # A fault of ours; nobody would ever read on.
                        self.abort()
                if busy is not None:
                    self._hold(busy.wait())
            else:
                if frames and self._held is None:
                    self._hold(asyncio.sleep(0))
        if bool(frames) is self._reading:
            self._reading = not frames
            if self._reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _hold(self, until: Coroutine[Any, Any, object]) -> None:
        self._held = asyncio.ensure_future(until)
        self._held.add_done_callback(self._go_on)

    def _go_on(self, _: asyncio.Future[object]) -> None:
        self._held = None
        self._hand_over()

    # --- what is sent -------------------------------------------------------------------

    def write(self, message: bytes) -> None:
        """Send a text frame. Raises `ConnectionError` where nobody is there any more."""
        protocol = self.protocol
        if protocol.state is not State.OPEN or self.transport.is_closing():
            raise ConnectionResetError
        protocol.send_text(message)
        self.send_data()


class Paced:
    """A connection as the RPC layer wants it, read no faster than a bucket allows."""

    def __init__(
        self,
        connection: Counted,
        bucket: Bucket,
        *,
        slowed: Callable[[], None],
    ) -> None:
        """Wrap a connection; `slowed` is called whenever it says too much."""
        self._connection = connection
        self._bucket = bucket
        self._slowed = slowed

    async def deliver(self, take: Take) -> None:
        """Hand over each frame in its time, until the connection ends."""

        def paced(frame: bytes) -> asyncio.Event | None:
            busy = take(frame)
            if not (wait := self._bucket.take()):
                return busy
            self._slowed()
            return _After(wait, busy)

        await self._connection.deliver(paced)

    def send(self, message: bytes) -> Waiting | None:
        """Send a text frame; return what to wait for where the other end does not take it.

        Both raise `ConnectionError` where it is there no more.
        """
        self._connection.write(message)
        return self._drained() if self._connection.paused else None

    async def _drained(self) -> None:
        try:
            await self._connection.drain()
        except OSError as error:
            raise ConnectionResetError from error

    def abort(self) -> None:
        """Close with the code that asks the station to come back, and hear no more of it."""
        closing = asyncio.ensure_future(self._connection.close(1012))
        closing.add_done_callback(lambda done: done.cancelled() or done.exception())


class _After(asyncio.Event):
    """Comes when another one has, and not before some seconds are over."""

    def __init__(self, seconds: float, other: asyncio.Event | None) -> None:
        super().__init__()
        self._seconds = seconds
        self._other = other

    @override
    async def wait(self) -> Literal[True]:
        await asyncio.sleep(self._seconds)
        return await self._other.wait() if self._other is not None else True


def _ignore(_: bytes) -> None:
    """Take a frame that nobody wants any more."""


def _give_up_dead_peers(transport: asyncio.Transport) -> None:
    """Let the kernel notice a peer that is gone without a word, where it can."""
    raw = transport.get_extra_info("socket")
    if raw is not None and hasattr(sockets, "TCP_USER_TIMEOUT"):
        raw.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, _DEAD_AFTER)
