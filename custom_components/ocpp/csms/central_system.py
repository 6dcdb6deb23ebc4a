"""The central system: listen, admit, hand each socket to its station."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from http import HTTPStatus
import logging
import socket as sockets
from typing import override

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from .admission import identity_of
from .charging_station import ChargingStation
from .model import Options, RegistrationStatus, StationSettings, Transaction
from .schemas import load_schemas
from .shared import Shared
from .store import Store
from .versions import SPOKEN, V16, Version, negotiate

_LOGGER = logging.getLogger(__name__)

# In bytes; the largest reports of large stations stay far below it.
MAX_FRAME = 8 * 1024 * 1024
# Unknown stations that are kept waiting at a time.
MOST_VISITORS = 20
# In seconds. Pings keep routers from forgetting the connection; a missing pong is not held
# against a station, since some never send one.
_PING_INTERVAL = 30
# In seconds, for the other end to agree to the end of a connection.
_CLOSE_TIMEOUT = 3
# In milliseconds. After this long without a word from the other end's network the kernel
# gives the connection up, so that a station that lost its power does not look connected.
_DEAD_AFTER = 90_000


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
        if msg == "connection handler failed":
            self.logger.error(msg, exc_info=True)  # noqa: LOG014 - called from one
        else:
            self.logger.debug(msg, *args)


class _Connection:
    """A WebSocket as the RPC layer wants it."""

    def __init__(self, connection: ServerConnection) -> None:
        """Wrap a connection."""
        self._connection = connection
        self.send = connection.send

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Iterate over frames until the connection closes, however it does."""
        receive = self._connection.recv
        try:
            while True:
                # As bytes: text that is not UTF-8 would end the connection.
                yield await receive(decode=False)
        except ConnectionClosed:
            return

    def abort(self) -> None:
        """Close with the code that asks the station to come back."""
        closing = asyncio.ensure_future(self._connection.close(1012))
        closing.add_done_callback(lambda done: done.cancelled() or done.exception())


class CentralSystem:
    """A server that charging stations connect to."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        store: Store,
        options: Options,
    ) -> None:
        """Prepare to listen on an address."""
        self.host = host
        self.port = port
        self.shared = Shared(store=store, options=options)
        self.shared.running = self._running
        # Those people decided to have, and those that wait for that.
        self.stations: dict[str, ChargingStation] = {}
        self.visitors: dict[str, ChargingStation] = {}
        # Called with a visitor that connected, and with one that said who it is, or does
        # not say it although it was asked.
        self.on_visitor: Callable[[ChargingStation], None] = lambda _: None
        self.on_introduced: Callable[[ChargingStation], None] = lambda _: None
        self._server: Server | None = None
        self._refused_identities = 0

    async def open(self) -> None:
        """Load the schemas; stations can be added from then on."""
        for version in SPOKEN:
            schemas = await asyncio.to_thread(load_schemas, version)
            self.shared.schemas[version] = schemas

    async def bind(self) -> None:
        """Take the port without accepting yet; raises `OSError` when it can't be had."""
        self._server = await serve(
            self._serve,
            self.host,
            self.port,
            process_request=self._process_request,
            select_subprotocol=self._select_subprotocol,
            max_size=MAX_FRAME,
            ping_interval=_PING_INTERVAL,
            ping_timeout=None,
            close_timeout=_CLOSE_TIMEOUT,
            server_header=None,
            start_serving=False,
            logger=_QuietLogger(_LOGGER),
        )
        if self.port == 0:
            self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def listen(self) -> None:
        """Begin to accept connections."""
        if self._server is None:
            await self.bind()
        assert self._server is not None  # noqa: S101 - bound just now
        await self._server.start_serving()

    @property
    def listening(self) -> bool:
        """Return whether stations can connect."""
        return self._server is not None and self._server.is_serving()

    async def close(self) -> None:
        """Close all connections and stop listening."""
        stations = [*self.stations.values(), *self.visitors.values()]
        if self._server is not None:
            self._server.close(code=1001)
            await self._server.wait_closed()
            self._server = None
        await asyncio.gather(*(station.stop() for station in stations))

    @property
    def options(self) -> Options:
        """Return how all stations are treated."""
        return self.shared.options

    # --- stations -----------------------------------------------------------------------

    async def add_station(
        self, identity: str, settings: StationSettings
    ) -> ChargingStation:
        """Have a station from now on; one that is waiting already is admitted."""
        key = identity.casefold()
        if (station := self.visitors.pop(key, None)) is None:
            station = self._build(identity, settings)
            await station.load()
            self.stations[key] = station
            if (early := self.visitors.get(key)) is not None:
                # It connected while we looked; it finds its place when it comes back.
                early.disconnect()
        else:
            station.identity = identity
            self.stations[key] = station
            await station.adopt(settings)
        return station

    async def remove_station(self, identity: str) -> None:
        """Have a station no more; should it come again, it is unknown."""
        if (station := self.stations.pop(identity.casefold(), None)) is not None:
            await station.stop()
            await self.shared.store.forget_station(station.identity)

    def station(self, identity: str) -> ChargingStation | None:
        """Return an adopted station. Letter case does not tell two stations apart."""
        return self.stations.get(identity.casefold())

    def apply_options(self, options: Options) -> None:
        """Treat all stations by other options from now on."""
        self.shared.options = options

    def follow_cards(self) -> None:
        """Have all stations follow the listed cards, and who may charge with them."""
        for station in self.stations.values():
            station.local_list.refresh()
            station.reservation.on_cards_changed()

    def _running(self) -> Iterator[Transaction]:
        """Yield the sessions that run at the stations people have."""
        for station in self.stations.values():
            for evse in station.evses:
                if (running := station.transactions.running(evse)) is not None:
                    yield running

    def _build(self, identity: str, settings: StationSettings) -> ChargingStation:
        return ChargingStation(identity, settings=settings, shared=self.shared)

    # --- handshake ----------------------------------------------------------------------

    def _process_request(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        """Turn away who has no name, before there is a WebSocket."""
        if identity_of(request.path) is not None:
            return None
        self._refused_identities += 1
        if self._refused_identities == 1:
            _LOGGER.warning(
                "A charger was turned away because its URL does not end in an identity"
            )
        return connection.respond(
            HTTPStatus.NOT_FOUND, "The URL must end in the charger's identity\n"
        )

    def _select_subprotocol(
        self, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """Choose by the station's order; none in common is settled after the handshake."""
        version = negotiate(offered)
        return Subprotocol(version.subprotocol) if version is not None else None

    def _version_of(self, connection: ServerConnection) -> Version | None:
        request = connection.request
        assert request is not None  # noqa: S101 - there is no connection without one
        if connection.subprotocol is not None:
            return negotiate([connection.subprotocol])
        if request.headers.get_all("Sec-WebSocket-Protocol"):
            return None
        return V16 if self.options.assume_16 else None

    async def _serve(self, connection: ServerConnection) -> None:
        """Serve one connection until it closes."""
        request = connection.request
        assert request is not None  # noqa: S101 - there is no connection without one
        identity = identity_of(request.path)
        version = self._version_of(connection)
        if identity is None or version is None:
            await connection.close(1002, "no common subprotocol")
            return
        _give_up_dead_peers(connection)
        key = identity.casefold()
        station = self.stations.get(key) or self.visitors.get(key)
        if station is None:
            full = len(self.visitors) >= MOST_VISITORS
            if full and not self.options.adopt_automatically:
                await connection.close(1013, "too many unknown chargers")
                return
            station = self._welcome(identity)
        if not station.connected:
            _LOGGER.info("%s connected with OCPP %s", station.identity, version.name)
        await station.serve(_Connection(connection), version)
        if not station.connected:
            _LOGGER.info("%s disconnected", station.identity)
            if self.visitors.get(key) is station:
                del self.visitors[key]
                await station.stop()

    def _welcome(self, identity: str) -> ChargingStation:
        """Let an unknown station wait until somebody decides about it."""
        key = identity.casefold()
        settings = StationSettings(registration=RegistrationStatus.PENDING)
        visitor = self.visitors[key] = self._build(identity, settings)
        visitor.introduced = lambda: self.on_introduced(visitor)
        self.on_visitor(visitor)
        return self.stations.get(key, visitor)


def _give_up_dead_peers(connection: ServerConnection) -> None:
    """Let the kernel notice a peer that is gone without a word, where it can."""
    raw = connection.transport.get_extra_info("socket")
    if raw is not None and hasattr(sockets, "TCP_USER_TIMEOUT"):
        raw.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, _DEAD_AFTER)
