"""The central system: listen, admit, hand each socket to its station."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
import logging
import socket as sockets
import ssl
from typing import override

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .admission import Arrival, Refusal, identity_of, refusal
from .authority import AuthorityError
from .charging_station import ChargingStation
from .door import Counted, Door
from .errors import PortUnavailable
from .model import Options, RegistrationStatus, StationSettings, Transaction
from .rates import Bucket
from .schemas import load_schemas
from .shared import Shared
from .store import Store
from .tls import Tls
from .versions import SPOKEN, V16, Version, negotiate

_LOGGER = logging.getLogger(__name__)

# In bytes; the largest reports of large stations stay far below it.
MAX_FRAME = 8 * 1024 * 1024
# Unknown stations that are kept waiting at a time.
MOST_VISITORS = 20
# And those that are about to be added, since nobody is asked.
MOST_ADOPTED = 100
# In seconds. Pings keep routers from forgetting the connection; a missing pong is not held
# against a station, since some never send one.
_PING_INTERVAL = 30
# In seconds, for the other end to agree to the end of a connection.
_CLOSE_TIMEOUT = 3
# In milliseconds. After this long without a word from the other end's network the kernel
# gives the connection up, so that a station that lost its power does not look connected.
_DEAD_AFTER = 90_000
# Frames of a connection that are read ahead.
_MOST_FRAMES = 4


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

    def __init__(
        self, connection: ServerConnection, bucket: Bucket, slowed: Callable[[], None]
    ) -> None:
        """Wrap a connection that is read no faster than a bucket allows."""
        self._connection = connection
        self._bucket = bucket
        self._slowed = slowed
        self.send = connection.send

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Iterate over frames until the connection closes, however it does."""
        receive = self._connection.recv
        try:
            while True:
                # As bytes: text that is not UTF-8 would end the connection.
                yield await receive(decode=False)
                if wait := self._bucket.take():
                    self._slowed()
                    await asyncio.sleep(wait)
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
        tls: Tls | None = None,
    ) -> None:
        """Prepare to listen on an address; with `tls` also, or only, to what is encrypted."""
        self.host = host
        self.port = port
        self.tls = tls
        self.tls_port = tls.settings.port if tls is not None else None
        authority = tls.authority if tls is not None else None
        self.shared = Shared(store=store, options=options, authority=authority)
        self.shared.running = self._running
        # Those people decided to have, and those that wait for that.
        self.stations: dict[str, ChargingStation] = {}
        self.visitors: dict[str, ChargingStation] = {}
        # Called with a visitor that connected, and with one that said who it is, or does
        # not say it although it was asked.
        self.on_visitor: Callable[[ChargingStation], None] = lambda _: None
        self.on_introduced: Callable[[ChargingStation], None] = lambda _: None
        self.door = Door(self)
        self._servers: list[Server] = []

    async def open(self) -> None:
        """Load the schemas; stations can be added from then on."""
        for version in SPOKEN:
            schemas = await asyncio.to_thread(load_schemas, version)
            self.shared.schemas[version] = schemas

    async def bind(self) -> None:
        """Take the ports without accepting yet.

        Raises `PortUnavailable` when one can't be had, and what `Tls.load` does; `close` ends
        what is open then.
        """
        if self.tls is None or self.tls.settings.plain:
            self.port = await self._bind(self.port)
        if self.tls is not None and self.tls_port is not None:
            context = await asyncio.to_thread(self.tls.load)
            self.tls_port = await self._bind(self.tls_port, context)

    async def _bind(self, port: int, context: ssl.SSLContext | None = None) -> int:
        """Take a port and return which it is, where any would do."""
        try:
            server = await serve(
                self._serve,
                self.host,
                port,
                process_request=self.door.judge,
                select_subprotocol=self._select_subprotocol,
                max_size=MAX_FRAME,
                max_queue=_MOST_FRAMES,
                # Not a class, but called like one.
                create_connection=partial(Counted, self.door.rates),  # type: ignore[arg-type]
                ping_interval=_PING_INTERVAL,
                ping_timeout=None,
                close_timeout=_CLOSE_TIMEOUT,
                server_header=None,
                start_serving=False,
                logger=_QuietLogger(_LOGGER),
                ssl=context,
            )
        except OSError as error:
            raise PortUnavailable(port, error) from error
        self._servers.append(server)
        return port or int(next(iter(server.sockets)).getsockname()[1])

    async def listen(self) -> None:
        """Begin to accept connections."""
        if not self._servers:
            await self.bind()
        for server in self._servers:
            await server.start_serving()

    @property
    def refused(self) -> Counter[Refusal]:
        """Return how many were turned away, by the reason."""
        return self.door.refused

    @property
    def listening(self) -> bool:
        """Return whether stations can connect."""
        return bool(self._servers) and all(it.is_serving() for it in self._servers)

    async def close(self) -> None:
        """Close all connections and stop listening."""
        stations = [*self.stations.values(), *self.visitors.values()]
        await self._close_servers()
        await asyncio.gather(*(station.stop() for station in stations))

    async def _close_servers(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close(code=1001)
        for server in servers:
            await server.wait_closed()

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
            if (authority := self.shared.authority) is not None:
                with suppress(AuthorityError):
                    await asyncio.to_thread(authority.revoke, station.identity)
            await self.shared.store.forget_station(station.identity)

    def station(self, identity: str) -> ChargingStation | None:
        """Return an adopted station. Letter case does not tell two stations apart."""
        return self.stations.get(identity.casefold())

    def apply_options(self, options: Options) -> None:
        """Treat all stations by other options from now on."""
        self.shared.options = options
        if options.unknown_chargers == "refuse":
            for visitor in self.visitors.values():
                visitor.disconnect()

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

    def arrival(self, connection: ServerConnection, identity: str) -> Arrival:
        """Return who comes by which door."""
        encrypted = connection.transport.get_extra_info("ssl_object")
        certificate = None
        if self.tls is not None and encrypted is not None:
            certificate = self.tls.client_certificate(encrypted)
        return Arrival(
            identity=identity,
            encrypted=encrypted is not None,
            certificate=certificate,
            shows_password=Door.password_of(connection.request, identity) is not None,
        )

    def refusal_of(self, arrival: Arrival) -> Refusal | None:
        """Return why a station may not come in, if it may not (A00)."""
        if (station := self.station(arrival.identity)) is None:
            return None
        info = station.provisioning.info
        return refusal(
            arrival,
            profile=station.security_profile.least,
            serial=info.serial if info is not None else None,
            organisation=self.tls.settings.organisation if self.tls is not None else "",
        )

    def recheck(self, station: ChargingStation) -> None:
        """Close the connection of a station that would not be let in any more."""
        arrival = station.security.arrival
        if station.connected and arrival is not None and self.refusal_of(arrival):
            station.disconnect()

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
            adopts = self.options.unknown_chargers == "adopt"
            if len(self.visitors) >= (MOST_ADOPTED if adopts else MOST_VISITORS):
                self.door.count(identity, Refusal.TOO_MANY_UNKNOWN)
                await connection.close(1013, "too many unknown chargers")
                return
            station = self._welcome(identity)
        if not station.connected:
            _LOGGER.info("%s connected with OCPP %s", station.identity, version.name)
        station.security.on_arrival(self.arrival(connection, identity))
        bucket = self.door.bucket(station)
        slowed = partial(self.door.on_slowed, station)
        await station.serve(_Connection(connection, bucket, slowed), version)
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
