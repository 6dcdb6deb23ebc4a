"""The central system: listen, admit, hand each socket to its station."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
import logging
import ssl

from websockets.asyncio.server import ServerConnection

from .admission import Arrival, Refusal, identity_of, refusal
from .authority import AuthorityError
from .charging_station import ChargingStation
from .connection import Counted, Paced
from .door import Door
from .errors import PortUnavailable
from .listener import Listener
from .model import Options, RegistrationStatus, StationSettings, Transaction
from .passwords import fingerprint
from .schemas import load_schemas
from .shared import Shared
from .store import Store
from .tls import Tls
from .versions import SPOKEN, V16, Version, negotiate

_LOGGER = logging.getLogger(__name__)

# Unknown stations that are kept waiting at a time.
MOST_VISITORS = 20
# And those that are about to be added, since nobody is asked.
MOST_ADOPTED = 100
# The security profile from which on a connection has to be encrypted.
_ENCRYPTED = 2


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
        self._listeners: list[Listener] = []

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
        tls = self.tls
        if tls is None:
            self.port = await self._bind(self.port)
            return
        await asyncio.to_thread(tls.load)
        self.tls_port = await self._bind(tls.settings.port, tls.context, plain=False)
        if tls.settings.plain:
            self.port = await self._bind(self.port, tls.context)
        elif self.port != tls.settings.port:
            # Stations may have changed no more of their address than that it is encrypted.
            try:
                self.port = await self._bind(self.port, tls.context, plain=False)
            except PortUnavailable as error:
                _LOGGER.warning("Port %s could not be had: %s", self.port, error)

    async def _bind(
        self,
        port: int,
        context: Callable[[], ssl.SSLContext] | None = None,
        *,
        plain: bool = True,
    ) -> int:
        """Take a port and return which it is, where any would do."""
        listener = Listener(self.door, self._serve, context=context, plain=plain)
        port = await listener.bind(self.host, port)
        self._listeners.append(listener)
        return port

    async def listen(self) -> None:
        """Begin to accept connections."""
        if not self._listeners:
            await self.bind()
        for listener in self._listeners:
            await listener.listen()

    @property
    def refused(self) -> Counter[Refusal]:
        """Return how many were turned away, by the reason."""
        return self.door.refused

    @property
    def listening(self) -> bool:
        """Return whether stations can connect."""
        return bool(self._listeners) and all(it.listening for it in self._listeners)

    async def close(self) -> None:
        """Close all connections and stop listening."""
        stations = [*self.stations.values(), *self.visitors.values()]
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.close()
        self.door.close()
        self.door.rates.end_waiting()
        for listener in listeners:
            await listener.wait_closed()
        await asyncio.gather(*(station.stop() for station in stations))

    @property
    def options(self) -> Options:
        """Return how all stations are treated."""
        return self.shared.options

    # --- stations -----------------------------------------------------------------------

    async def add_station(
        self, identity: str, settings: StationSettings
    ) -> ChargingStation:
        """Have a station from now on; one that is waiting already is admitted.

        One that did not show what it has to from now on may be anybody: it has to come
        again, and nothing that it said of itself counts.
        """
        key = identity.casefold()
        visitor = self.visitors.get(key)
        if visitor is not None and self._fits(visitor, settings):
            del self.visitors[key]
            visitor.identity = identity
            self.stations[key] = visitor
            await visitor.adopt(settings)
            self.recheck(visitor)
            return visitor
        if visitor is not None:
            visitor.disconnect()
        station = self._build(identity, settings)
        await station.load()
        self.stations[key] = station
        if (early := self.visitors.get(key)) is not None:
            # It connected while we looked; it finds its place when it comes back.
            early.disconnect()
        return station

    def _fits(self, visitor: ChargingStation, settings: StationSettings) -> bool:
        """Return whether a visitor came in as it has to with some settings."""
        arrival, profile = visitor.security.arrival, settings.security_profile
        if settings.password_hash:
            # Nobody compared what it showed.
            return False
        if arrival is None:
            return profile < _ENCRYPTED
        return self._judge(visitor, arrival, profile) is None

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
            certificate = self.door.judged(self.tls.client_certificate(encrypted))
        password = Door.password_of(connection.request, identity)
        return Arrival(
            identity=identity,
            encrypted=encrypted is not None,
            certificate=certificate,
            shows_password=password is not None,
            mark=fingerprint(password) if password else None,
        )

    def refusal_of(self, arrival: Arrival) -> Refusal | None:
        """Return why a station may not come in, if it may not (A00)."""
        if (station := self.station(arrival.identity)) is None:
            return None
        return self._judge(station, arrival, station.security_profile.least)

    def refusal_of_stranger(self, identity: str) -> Refusal | None:
        """Return why one that nobody added may not come in, if it may not."""
        unknown = self.options.unknown_chargers
        if unknown == "refuse":
            return Refusal.UNKNOWN
        most = MOST_ADOPTED if unknown == "adopt" else MOST_VISITORS
        if len(self.visitors) >= most and identity.casefold() not in self.visitors:
            return Refusal.TOO_MANY_UNKNOWN
        return None

    def _judge(
        self, station: ChargingStation, arrival: Arrival, profile: int
    ) -> Refusal | None:
        info = station.provisioning.info
        return refusal(
            arrival,
            profile=profile,
            serial=info.serial if info is not None else None,
            organisation=self.tls.settings.organisation if self.tls is not None else "",
            renews=station.renewal.may_come(arrival),
        )

    def recheck(self, station: ChargingStation) -> None:
        """Close the connection of a station that would not be let in any more."""
        arrival = station.security.arrival
        if not station.connected or arrival is None:
            return
        if self.refusal_of(arrival) or station.renewal.is_needless():
            station.disconnect()

    def _version_of(self, connection: ServerConnection) -> Version | None:
        request = connection.request
        assert request is not None  # noqa: S101 - there is no connection without one
        if connection.subprotocol is not None:
            return negotiate([connection.subprotocol])
        if request.headers.get_all("Sec-WebSocket-Protocol"):
            return None
        return V16 if self.options.assume_16 else None

    async def _serve(self, connection: Counted) -> None:
        """Serve one connection until it closes."""
        try:
            await self._admit(connection)
        finally:
            self.door.rates.closing(connection)

    async def _admit(self, connection: Counted) -> None:
        """Hand a connection to its station, unless it may not come in any more."""
        request = connection.request
        assert request is not None  # noqa: S101 - there is no connection without one
        identity = identity_of(request.path)
        version = self._version_of(connection)
        if identity is None or version is None:
            await connection.close(1002, "no common subprotocol")
            return
        key = identity.casefold()
        arrival = self.arrival(connection, identity)
        # What the door judged may have changed since.
        if (station := self.stations.get(key)) is not None:
            why = self.door.look_again(request, station, arrival)
        else:
            why = self.refusal_of_stranger(identity)
        if why is not None:
            self.door.count(identity, why)
            await connection.close(1013, "come again")
            return
        if station is None:
            station = self.visitors.get(key) or self._welcome(identity)
        if not station.connected:
            _LOGGER.info("%s connected with OCPP %s", station.identity, version.name)
        station.security.on_arrival(arrival)
        socket = Paced(
            connection,
            self.door.bucket(station),
            slowed=partial(self.door.on_slowed, station),
        )
        await station.serve(socket, version)
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
