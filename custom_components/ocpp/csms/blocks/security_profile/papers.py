"""What a station has of what a security profile needs, and how it gets a certificate."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ...admission import Arrival
from ...authority import AuthorityError
from ...errors import CommandRejected, CommandTimedOut
from ...model import Payload
from ...versions import V2, V16
from ..block import Block, follows, refused
from .steps import Entrance

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# In seconds: how long a station may take to make a key and ask for its certificate.
_SIGNED_WITHIN = 180
_SIGN, _SIGN_16 = "SignChargingStationCertificate", "SignChargePointCertificate"
_OF_CARS = "V2GCertificate"


def has_root(station: ChargingStation, kind: str, entrance: Entrance) -> bool:
    """Return whether a station said that it holds the root, which is of some kind."""
    return any(
        str(one.get("serialNumber")).lstrip("0").casefold() == entrance.root_serial
        for one in station.certificates.held.get(kind, [])
    )


def shows_certificate(station: ChargingStation) -> bool:
    """Return whether a station showed a certificate of ours when it came."""
    arrival = station.security.arrival
    shown = arrival.certificate if arrival is not None else None
    mine = station.identity.casefold()
    return shown is not None and shown.valid and shown.issued_to == mine


def shown_number(station: ChargingStation) -> str:
    """Return the number of the certificate of ours that a station showed, if it did."""
    arrival = station.security.arrival
    shown = arrival.certificate if arrival is not None else None
    return shown.serial if shown is not None and shows_certificate(station) else ""


def comes_with(arrival: Arrival, number: str) -> bool:
    """Return whether an arrival shows no other certificate of ours than it was given."""
    shown = arrival.certificate
    if not number or shown is None or shown.issued_to is None:
        return True
    return shown.serial == number


class Signing(Block):
    """Has a station ask for a certificate of its own."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without being asked."""
        super().__init__(station)
        self._signed: asyncio.Future[None] | None = None

    async def have_signed(self) -> None:
        """Have the station ask for a certificate, and wait until it took it (A02)."""
        signed = asyncio.get_running_loop().create_future()
        self._signed = signed
        try:
            if self.speaks_16:
                message = {"requestedMessage": _SIGN_16}
                await self.command("ExtendedTriggerMessage", message)
            else:
                await self.station.remote_control.trigger(_SIGN)
            async with asyncio.timeout(_SIGNED_WITHIN):
                await signed
        except TimeoutError:
            raise CommandTimedOut("SignCertificate") from None
        finally:
            self._signed = None

    async def take_back(self, *, but: str) -> None:
        """Have no certificate of ours hold but that of one number.

        Others may have been given to anybody, while nothing said who the station is.
        """
        if (authority := self.station.shared.authority) is None:
            return
        kept = int(but, 16) if but else None
        try:
            await asyncio.to_thread(authority.revoke, self.station.identity, but=kept)
        except AuthorityError:
            self.station.note("certificates: those of before could not be taken back")

    @follows("CertificateSigned", V16, *V2)
    def on_signed(self, payload: Payload, answer: Payload) -> None:
        """Go on once the station took its certificate."""
        waiting = self._signed
        if payload.get("certificateType") != _OF_CARS and waiting is not None:
            with suppress(asyncio.InvalidStateError):
                waiting.set_result(None)

    @refused("CertificateSigned", V16, *V2)
    def on_not_signed(self, payload: Payload, answer: Payload) -> None:
        """End it where the station does not take its certificate."""
        waiting = self._signed
        if payload.get("certificateType") != _OF_CARS and waiting is not None:
            status = str(answer.get("status") or "")
            with suppress(asyncio.InvalidStateError):
                waiting.set_exception(CommandRejected("CertificateSigned", status))
