"""The door of the central system: who may have a WebSocket, before there is one."""

from collections import Counter
from http import HTTPStatus
import logging
from typing import TYPE_CHECKING, Any, override
from weakref import WeakKeyDictionary

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from . import passwords
from .admission import Arrival, Refusal, identity_of
from .passwords import TooBusy
from .rates import Bucket, Rates, who

if TYPE_CHECKING:
    import asyncio

    from .central_system import CentralSystem
    from .charging_station import ChargingStation

_LOGGER = logging.getLogger(__name__)

# Stations that were turned away and logged; what comes after these is counted only.
_MOST_LOGGED = 100
# In seconds: when whoever was turned away too often may come again.
_RETRY_AFTER = "60"
# The security profile at which a certificate says who a station is.
_CERTIFIED = 3
_SLOWED = "frames: more than is read in time"
_STATUS = {
    Refusal.NO_IDENTITY: HTTPStatus.NOT_FOUND,
    Refusal.UNKNOWN: HTTPStatus.NOT_FOUND,
    Refusal.NO_PASSWORD: HTTPStatus.UNAUTHORIZED,
    Refusal.WRONG_PASSWORD: HTTPStatus.UNAUTHORIZED,
    Refusal.TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
}


class Counted(ServerConnection):
    """A connection that is counted from the moment it is open, whatever comes of it."""

    def __init__(self, rates: Rates, *args: Any, **kwargs: Any) -> None:
        """Wrap what the server gives every connection."""
        super().__init__(*args, **kwargs)
        self._rates = rates

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._rates.opened(self.transport, who(self.remote_address))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._rates.closed(self.transport)
        super().connection_lost(exc)


class Door:
    """Lets stations in, and counts who is turned away."""

    def __init__(self, central: CentralSystem) -> None:
        """Be the door of a central system."""
        self._central = central
        self.rates = Rates()
        # How many were turned away before there was a WebSocket, by the reason.
        self.refused: Counter[Refusal] = Counter()
        self._logged: set[tuple[str, Refusal]] = set()
        self._buckets: WeakKeyDictionary[ChargingStation, Bucket] = WeakKeyDictionary()

    async def judge(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        """Turn away who has no name or may not come; return what is answered then."""
        address = who(connection.remote_address)
        identity = identity_of(request.path)
        why = await self._why(connection, request, identity, address)
        self.rates.admitted(connection.transport)
        if why is None:
            return None
        if why is not Refusal.TOO_OFTEN:
            self.rates.failed(address)
        self.count(identity or "", why)
        status = _STATUS.get(why, HTTPStatus.FORBIDDEN)
        response = connection.respond(status, f"Refused: {why}\n")
        if status is HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'
        elif status is HTTPStatus.TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = _RETRY_AFTER
        return response

    async def _why(
        self,
        connection: ServerConnection,
        request: Request,
        identity: str | None,
        address: str,
    ) -> Refusal | None:
        """Return why somebody may not come in, if so."""
        if identity is None:
            return self._or_too_often(Refusal.NO_IDENTITY, address)
        central = self._central
        if (station := central.station(identity)) is None:
            if central.options.unknown_chargers == "refuse":
                return self._or_too_often(Refusal.UNKNOWN, address)
            return None
        arrival = central.arrival(connection, identity)
        if (why := central.refusal_of(arrival)) is not None:
            return why
        if station.security_profile.least >= _CERTIFIED or _ours(arrival):
            return None
        given = self.password_of(request, identity)
        return await self._check(station, given, address)

    async def _check(
        self, station: ChargingStation, given: bytes | None, address: str
    ) -> Refusal | None:
        """Return why a password, or none, will not do (A00.FR.204).

        Those that are known already cost nothing, so that they get in also while somebody
        at the same address tries many others.
        """
        if not station.passwords.knows(given):
            if station.passwords.is_set and self.rates.too_often(address):
                return Refusal.TOO_OFTEN
            try:
                admitted = await station.passwords.admits(given)
            except TooBusy:
                return Refusal.TOO_OFTEN
            if not admitted:
                station.passwords.on_refused(given, address)
                return Refusal.NO_PASSWORD if given is None else Refusal.WRONG_PASSWORD
        station.passwords.on_admitted(address)
        return None

    @staticmethod
    def password_of(request: Request | None, identity: str) -> bytes | None:
        """Return the password that a request shows, if any."""
        if request is None:
            return None
        return passwords.shown(request.headers.get_all("Authorization"), identity)

    def bucket(self, station: ChargingStation) -> Bucket:
        """Return how fast a station is read, over all its connections."""
        if station not in self._buckets:
            self._buckets[station] = Bucket(self.rates.limits)
        return self._buckets[station]

    def on_slowed(self, station: ChargingStation) -> None:
        """Count that a station sends more than is read in time; log the first time."""
        if _SLOWED not in station.notes:
            _LOGGER.warning("%s sends more than is read in time", station.identity)
        station.note(_SLOWED)

    def _or_too_often(self, why: Refusal, address: str) -> Refusal:
        return Refusal.TOO_OFTEN if self.rates.too_often(address) else why

    def count(self, identity: str, why: Refusal) -> None:
        """Count a refusal, and log the first of its kind of each station."""
        self.refused[why] += 1
        if (identity, why) not in self._logged and len(self._logged) < _MOST_LOGGED:
            self._logged.add((identity, why))
            _LOGGER.warning("%s was turned away: %s", identity or "A charger", why)


def _ours(arrival: Arrival) -> bool:
    """Return whether a certificate that was issued here says who a station is."""
    shown = arrival.certificate
    return (
        shown is not None
        and shown.valid
        and shown.issued_to == arrival.identity.casefold()
    )
