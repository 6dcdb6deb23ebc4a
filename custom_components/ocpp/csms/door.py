"""The door of the central system: who may have a WebSocket, before there is one."""

from collections import Counter, defaultdict
from dataclasses import replace
from http import HTTPStatus
import logging
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from . import passwords
from .admission import Arrival, ClientCertificate, Refusal, identity_of
from .attempts import Attempts
from .passwords import TooBusy
from .rates import Bucket, Rates, who
from .revocation import ShownCertificates

if TYPE_CHECKING:
    from cryptography import x509

    from .central_system import CentralSystem
    from .charging_station import ChargingStation
    from .connection import Counted

_LOGGER = logging.getLogger(__name__)

# Stations that were turned away and logged; what comes after these is counted only.
_MOST_LOGGED = 100
# In seconds: when whoever was turned away too often may come again.
_RETRY_AFTER = "60"
# The security profile at which a certificate says who a station is.
_CERTIFIED = 3
_UNTOLD = "certificate: nobody tells whether it was revoked"
_SLOWED = "frames: more than is read in time"
_STATUS = {
    Refusal.NO_IDENTITY: HTTPStatus.NOT_FOUND,
    Refusal.UNKNOWN: HTTPStatus.NOT_FOUND,
    Refusal.NO_PASSWORD: HTTPStatus.UNAUTHORIZED,
    Refusal.WRONG_PASSWORD: HTTPStatus.UNAUTHORIZED,
    Refusal.TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
    Refusal.TOO_MANY_UNKNOWN: HTTPStatus.SERVICE_UNAVAILABLE,
}
# What does not count as an attempt, and is better in a while.
_NO_FAULT = (Refusal.TOO_OFTEN, Refusal.TOO_MANY_UNKNOWN)


class Door:
    """Lets stations in, and counts who is turned away."""

    def __init__(self, central: CentralSystem) -> None:
        """Be the door of a central system."""
        self._central = central
        self.rates = Rates()
        self.attempts = Attempts()
        # How many were turned away before there was a WebSocket, by the reason.
        self.refused: Counter[Refusal] = Counter()
        self._shown = ShownCertificates()
        self._shown.on_revoked = self._on_revoked
        self._logged: set[tuple[str, Refusal]] = set()
        self._addresses: defaultdict[Refusal, set[str]] = defaultdict(set)
        self._buckets: WeakKeyDictionary[ChargingStation, Bucket] = WeakKeyDictionary()

    async def judge(self, connection: Counted, request: Request) -> Response | None:
        """Turn away who has no name or may not come; return what is answered then."""
        address = who(connection.remote_address)
        identity = identity_of(request.path)
        why = await self._why(connection, request, identity, address)
        if why is None:
            self.rates.admitted(connection)
            return None
        self.rates.closing(connection)
        if why not in _NO_FAULT:
            self.rates.failed(address)
        self.count(identity or "", why)
        status = _STATUS.get(why, HTTPStatus.FORBIDDEN)
        response = connection.respond(status, f"Refused: {why}\n")
        if status is HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'
        elif why in _NO_FAULT:
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
            why = central.refusal_of_stranger(identity)
            if why is Refusal.UNKNOWN:
                return self._or_too_often(why, address)
            return why
        arrival = central.arrival(connection, identity)
        why = central.refusal_of(arrival)
        if why in (None, Refusal.REVOKED_CERTIFICATE):
            told = await self._find_out(station, arrival.certificate)
            if told or why is None:
                # Something may be known, or asked for, that was not before.
                arrival = central.arrival(connection, identity)
                why = central.refusal_of(arrival)
        if why is not None:
            return why
        if not self._certified(station, arrival):
            given = self.password_of(request, identity)
            if why := await self._check(station, given, address):
                return why
        return self.look_again(request, station, central.arrival(connection, identity))

    def look_again(
        self, request: Request, station: ChargingStation, arrival: Arrival
    ) -> Refusal | None:
        """Return why a station that was let in may not come in any more; costs nothing.

        To compare a password, or to ask about a certificate, takes its time, and people may
        ask for more meanwhile.
        """
        if why := self._central.refusal_of(arrival):
            return why
        given = self.password_of(request, arrival.identity)
        if self._certified(station, arrival) or station.passwords.still_admits(given):
            return None
        return Refusal.NO_PASSWORD if given is None else Refusal.WRONG_PASSWORD

    @staticmethod
    def _certified(station: ChargingStation, arrival: Arrival) -> bool:
        """Return whether it is a certificate that says who comes."""
        return (
            station.security_profile.least >= _CERTIFIED
            or station.security.stands_in(arrival)
        )

    # --- certificates of other authorities ----------------------------------------------

    async def _find_out(
        self, station: ChargingStation, shown: ClientCertificate | None
    ) -> bool:
        """Find out whether a certificate was revoked; return if it could be (A00).

        Where nobody tells in time the station is let in all the same.
        """
        if shown is None or shown.leaf is None or shown.issued_to is not None:
            return False
        if await self._shown.look(shown.leaf, shown.issuer):
            return True
        if _UNTOLD not in station.notes:
            _LOGGER.warning(
                "Nobody tells whether the certificate of %s was revoked; it is let in "
                "all the same",
                station.identity,
            )
        station.note(_UNTOLD)
        return False

    def judged(self, shown: ClientCertificate | None) -> ClientCertificate | None:
        """Return a certificate with what is known of whether it was revoked."""
        if shown is None or shown.leaf is None or shown.issued_to is not None:
            return shown
        return replace(shown, revoked=self._shown.is_revoked(shown.leaf))

    def _on_revoked(self, leaf: x509.Certificate) -> None:
        """Close the connections of those who came in before that was known."""
        for station in self._central.stations.values():
            arrival = station.security.arrival
            shown = arrival.certificate if arrival is not None else None
            if (
                station.security_profile.least >= _CERTIFIED
                and shown is not None
                and shown.leaf == leaf
            ):
                station.disconnect()

    def close(self) -> None:
        """Ask nobody any more."""
        self._shown.close()

    # --- passwords ----------------------------------------------------------------------

    async def _check(
        self, station: ChargingStation, given: bytes | None, address: str
    ) -> Refusal | None:
        """Return why a password, or none, will not do (A00.FR.204).

        Right ones are given back, so that a station that shows its own may come as often as
        it likes. Any other is a guess, wherever it comes from.
        """
        held = station.passwords
        if given is not None:
            why = await self._look(station, given, address)
        else:
            why = None if await held.admits(None) else Refusal.NO_PASSWORD
            # Who fails too often is told all the same that a password is needed: some
            # stations show theirs only then.
            if why is not None and not self.rates.too_often(address):
                held.on_refused(None, address)
        if why is None:
            held.on_admitted(address, given)
        return why

    async def _look(
        self, station: ChargingStation, given: bytes, address: str
    ) -> Refusal | None:
        """Return why a password will not do, if it is looked at.

        Where none is needed nobody is kept out, looked at or not.
        """
        held, taken = station.passwords, None
        unheard = Refusal.TOO_OFTEN if held.is_set else None
        heard, own = not self.rates.too_often(address), held.came_from(address)
        mark = passwords.fingerprint(given)
        if held.was_wrong(given):
            if not heard:
                return unheard
        else:
            taken = self.attempts.take(station, mark, address, heard=heard, own=own)
            if taken is None:
                return unheard
        try:
            admitted = await held.admits(given)
        except TooBusy:
            if taken is not None:
                taken.give_back()
            self.attempts.put_off(station, mark)
            return unheard
        if not admitted:
            held.on_refused(given, address)
            # Nobody else would have been listened to.
            return Refusal.TOO_OFTEN if own and not heard else Refusal.WRONG_PASSWORD
        if taken is not None and held.is_set:
            taken.give_back()
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

    def turn_away(self, address: str, why: Refusal) -> None:
        """Count who never came as far as a request, and log the first of its kind.

        Any port scanner fails to agree on how to encrypt: that is worth a debug line.
        """
        if why is Refusal.UNTRUSTED_CERTIFICATE:
            self.rates.failed(address)
        self.refused[why] += 1
        told = self._addresses[why]
        if address not in told and len(told) < _MOST_LOGGED:
            told.add(address)
            scanned = why is Refusal.FAILED_HANDSHAKE
            level = logging.DEBUG if scanned else logging.WARNING
            _LOGGER.log(level, "A charger at %s was turned away: %s", address, why)

    def count(self, identity: str, why: Refusal) -> None:
        """Count a refusal, and log the first of its kind of each station."""
        self.refused[why] += 1
        if (identity, why) not in self._logged and len(self._logged) < _MOST_LOGGED:
            self._logged.add((identity, why))
            _LOGGER.warning("%s was turned away: %s", identity or "A charger", why)
