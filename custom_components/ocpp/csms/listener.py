"""A port of the central system: who knocks there, and whether encrypted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
import logging
import socket as sockets
import ssl
from typing import TYPE_CHECKING, override

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from .admission import Refusal
from .connection import Counted
from .errors import PortUnavailable
from .versions import negotiate

if TYPE_CHECKING:
    from .door import Door

_LOGGER = logging.getLogger(__name__)

# In bytes; the largest reports of large stations stay far below it.
MAX_FRAME = 8 * 1024 * 1024
# In seconds, for each step on the way in: the first byte, the encryption, the request.
_OPEN_TIMEOUT = 10
# In seconds. Pings keep routers from forgetting the connection; a missing pong is not held
# against a station, since some never send one.
_PING_INTERVAL = 30
# In seconds, for the other end to agree to the end of a connection.
_CLOSE_TIMEOUT = 3
# What is logged of a fault of our own: in what serves a connection, and at the door.
_OUR_FAULTS = ("connection handler failed", "process_request failed")
# The first byte of TLS (a record of its handshake), and that of the only request there is.
_TLS, _REQUEST = b"\x16", b"G"


class _QuietLogger(logging.LoggerAdapter[logging.Logger]):
    """What any port scanner can cause is worth a debug line, not an error.

    Frames and headers are never logged: passwords and cards are in them.
    """

    @override
    def isEnabledFor(self, level: int) -> bool:
        """Return whether a level is logged: details of the traffic are not."""
        return level > logging.DEBUG and self.logger.isEnabledFor(level)

    @override
    def log(self, level: int, msg: object, *args: object, **kwargs: object) -> None:
        """Log as debug, unless the fault is our own."""
        if msg in _OUR_FAULTS:
            self.logger.error(msg, exc_info=True)  # noqa: LOG014 - called from one
        else:
            self.logger.debug(msg, *args)


class Listener:
    """One port of a central system.

    Without a context nothing is encrypted there. With one, which is asked for anew each
    time, the first byte of a connection says whether it is, and where not `plain` too,
    whatever is not is turned away.
    """

    def __init__(
        self,
        door: Door,
        handler: Callable[[Counted], Awaitable[None]],
        *,
        context: Callable[[], ssl.SSLContext] | None = None,
        plain: bool = True,
    ) -> None:
        """Hand those that a door lets in to a handler."""
        self.door = door
        self.context = context
        self.closing = False
        self._handler = handler
        self._plain = plain
        self._server: Server | None = None
        self._arriving: set[asyncio.Task[None]] = set()

    async def bind(self, host: str, port: int) -> int:
        """Take a port without accepting yet; return which it is, where any would do.

        Raises `PortUnavailable`.
        """
        try:
            self._server = await serve(
                # All that come here are counted.
                self._handler,  # type: ignore[arg-type]
                host,
                port,
                process_request=self.door.judge,  # type: ignore[arg-type]
                select_subprotocol=_select_subprotocol,
                max_size=MAX_FRAME,
                # Not a class, but called like one.
                create_connection=partial(Counted, self),  # type: ignore[arg-type]
                open_timeout=_OPEN_TIMEOUT,
                ping_interval=_PING_INTERVAL,
                ping_timeout=None,
                close_timeout=_CLOSE_TIMEOUT,
                server_header=None,
                start_serving=False,
                logger=_QuietLogger(_LOGGER),
            )
        except OSError as error:
            raise PortUnavailable(port, error) from error
        return port or int(next(iter(self._server.sockets)).getsockname()[1])

    async def listen(self) -> None:
        """Begin to accept connections."""
        if self._server is not None:
            await self._server.start_serving()

    @property
    def listening(self) -> bool:
        """Return whether connections are accepted."""
        return self._server is not None and self._server.is_serving()

    def close(self) -> None:
        """Accept no more, and begin to close what is open."""
        self.closing = True
        if self._server is not None:
            for connection in self._server.all_connections - self._server.connections:
                # It is closed, and what it said is still being read.
                if isinstance(connection, Counted):
                    connection.ignore()
            self._server.close(code=1001)

    async def wait_closed(self) -> None:
        """Wait until all that came here is closed."""
        if self._server is not None:
            await self._server.wait_closed()
        if self._arriving:
            await asyncio.wait(self._arriving)

    # --- encrypted or not ---------------------------------------------------------------

    def receive(
        self, connection: Counted, transport: asyncio.Transport
    ) -> asyncio.Task[None]:
        """Find out about a new connection, which is taken over from asyncio for that.

        What asyncio accepts it would read from at once; a first byte that is only looked at
        needs the bare socket. The task ends once the connection was let in, or turned away.
        Raises `OSError` where no more can be open.
        """
        try:
            sock = transport.get_extra_info("socket").dup()
        finally:
            # This closes asyncio's own file descriptor, not the connection.
            transport.set_protocol(asyncio.Protocol())
            transport.abort()
        task = asyncio.get_running_loop().create_task(self._receive(connection, sock))
        self._arriving.add(task)
        task.add_done_callback(partial(self._received, connection, sock))
        return task

    def _received(
        self, connection: Counted, sock: sockets.socket, task: asyncio.Task[None]
    ) -> None:
        """Clean up, also after a task that was ended before it began."""
        self._arriving.discard(task)
        if not connection.inside:
            sock.close()
            self.door.rates.closed(connection)

    async def _receive(self, connection: Counted, sock: sockets.socket) -> None:
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT):
                first = await _first_byte(sock)
        except OSError:
            # It said nothing in time, or is gone.
            return
        if not first:
            return
        encrypted = first == _TLS
        if not encrypted and not self._plain:
            asked = first == _REQUEST
            why = Refusal.NOT_ENCRYPTED if asked else Refusal.FAILED_HANDSHAKE
            self.door.turn_away(connection.address, why)
            return
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self.context() if encrypted and self.context else None,
                ssl_handshake_timeout=_OPEN_TIMEOUT if encrypted else None,
                ssl_shutdown_timeout=_CLOSE_TIMEOUT if encrypted else None,
            )
        except OSError as error:
            self.door.turn_away(connection.address, _why(error))


async def _first_byte(sock: sockets.socket) -> bytes:
    """Wait for the first byte of a connection and leave it there; none if it ends before."""
    loop = asyncio.get_running_loop()
    while True:
        with suppress(BlockingIOError):
            return sock.recv(1, sockets.MSG_PEEK)
        readable = asyncio.Event()
        loop.add_reader(sock, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(sock)


def _why(error: OSError) -> Refusal:
    """Return what a handshake that failed with an error says of who tried."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refusal.UNTRUSTED_CERTIFICATE
    # What the other end objects to is named by its alert.
    said = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if "ALERT" in said and ("CERTIFICATE" in said or "UNKNOWN_CA" in said):
        return Refusal.ROOT_UNKNOWN
    return Refusal.FAILED_HANDSHAKE


def _select_subprotocol(
    _: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    """Choose by the station's order; none in common is settled after the handshake."""
    version = negotiate(offered)
    return Subprotocol(version.subprotocol) if version is not None else None
