"""Functional block A: a new certificate for a station whose own is over (A00, A02)."""

import asyncio
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from ..admission import Arrival, ClientCertificate
from ..errors import OcppError, StationOffline
from ..model import Payload, RegistrationStatus, Topic
from ..versions import V2, V16
from .block import Block, follows, refused

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_LOGGER = logging.getLogger(__name__)

_CERTIFIED = 3
_OF_CARS = "V2GCertificate"
# In seconds since it came: how long a station may stay to make a key and get its certificate.
STAYS = 180.0
# What it may send meanwhile, and what it may be asked for.
MESSAGES = frozenset({"BootNotification", "SignCertificate"})
_REQUESTS = frozenset({"SignChargePointCertificate", "SignChargingStationCertificate"})
_ASKS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
_OVER = "certificate: over, let in to be given a new one"


class Shown(NamedTuple):
    """The last certificate that counted of those that a station came with."""

    serial: str
    expires: datetime


class Renewal(Block):
    """Lets a station in with a certificate that is over, to be given a new one.

    Only where people want that, and only with the certificate that our own authority
    issued to it and that it used last. It is Pending then, whatever people decided
    otherwise, and nothing that it sends counts but its boot and its request.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin with a station that was never here."""
        super().__init__(station)
        # Whether the station is, or was when it was last here, in for nothing else.
        self.going_on = False
        self._last: Shown | None = None
        # What of its request is enough to know it again.
        self._asked: bytes | None = None
        self._taken = False
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._deadline: asyncio.Task[None] | None = None

    # --- who comes in -------------------------------------------------------------------

    def may_come(self, arrival: Arrival) -> bool:
        """Return whether somebody may come in for a new certificate, if it is the station.

        An older certificate than one that it has come with since is none of its own any
        more, and one that came in with it before that was over has to come again.
        """
        settings, shown = self.station.settings, arrival.certificate
        if (
            not settings.renew_expired
            or settings.registration is RegistrationStatus.REJECTED
            or shown is None
            or not shown.expired
        ):
            return False
        if arrival is self.station.security.arrival and not self.going_on:
            return False
        last = self._last
        return (
            last is None or shown.serial == last.serial or shown.expires >= last.expires
        )

    def on_arrival(self, arrival: Arrival) -> None:
        """Know what the station comes for, just before it has its socket."""
        for task in (self._task, self._deadline):
            if task is not None:
                task.cancel()
        self._task = self._deadline = self._asked = None
        self._taken = False
        self._ended.clear()
        shown = arrival.certificate
        counts = shown is not None and shown.valid and not shown.revoked
        needed = self.station.security_profile.least >= _CERTIFIED
        going_on = needed and not counts
        if going_on is not self.going_on:
            self.going_on = going_on
            self.changed(Topic.INFO)
        if going_on:
            # From now on, since it may be long before it can be asked.
            self._deadline = self.station.spawn(self._end())
            if _OVER not in self.station.notes:
                _LOGGER.warning(
                    "%s shows a certificate that is over; it is let in to be given a "
                    "new one, and for nothing else",
                    self.station.identity,
                )
            self.station.note(_OVER)
        elif shown is not None and counts and (needed or self._is_mine(shown)):
            last = Shown(shown.serial, shown.expires)
            if last != self._last:
                self._last = last
                self.station.remember()

    def _is_mine(self, shown: ClientCertificate) -> bool:
        return shown.issued_to == self.station.identity.casefold()

    def is_needless(self) -> bool:
        """Return whether the station is in for this, and could come in without now."""
        least = self.station.security_profile.least
        return self.going_on and least < _CERTIFIED

    # --- what it may do -----------------------------------------------------------------

    def may_be_sent(self, action: str, payload: Payload) -> bool:
        """Return whether a command may be sent now: only what a new certificate takes."""
        if not self.going_on or action == "CertificateSigned":
            return True
        if action in _ASKS:
            return payload.get("requestedMessage") in _REQUESTS
        return action == "Reset" and self._taken

    def takes(self, request: str) -> bool:
        """Return whether a request may be signed now: one each time that it comes."""
        if not self.going_on:
            return True
        asked = sha256(request.encode(errors="replace")).digest()
        if not self.station.settings.renew_expired or self._asked not in (None, asked):
            return False
        self._asked = asked
        return True

    # --- the new certificate --------------------------------------------------------------

    def begin(self) -> None:
        """Have the station ask for a certificate, once each time that it comes (A02)."""
        if self.going_on and self._task is None:
            self._task = self.station.spawn(self._renew())

    async def _renew(self) -> None:
        with suppress(StationOffline):
            await self._ask()
            await self._ended.wait()
            await self._leave()

    async def _end(self) -> None:
        """Disconnect the station in the end, if it is still there."""
        await asyncio.sleep(STAYS)
        if self._task is not None:
            self._task.cancel()
        if not self.station.connected:
            return
        if not self._ended.is_set():
            self.station.note("certificate: over, and there was no request in time")
        self.station.disconnect()

    async def _ask(self) -> None:
        """Ask for a request; one that can't be asked may still send it by itself."""
        try:
            await self.station.security.ask_for_request()
        except StationOffline:
            raise
        except OcppError as error:
            self.station.note(f"renewing the certificate: {type(error).__name__}")

    async def _leave(self) -> None:
        """Have the station come again, with its new certificate where it took that."""
        await asyncio.sleep(self.station.options.settle)
        if self.station.compatibility.redials:
            self.station.disconnect()
        elif self._taken:
            with suppress(OcppError):
                await self.station.provisioning.reset()

    @follows("CertificateSigned", V16, *V2)
    def on_signed(self, payload: Payload, answer: Payload) -> None:
        """Have the station go once it took its certificate."""
        if payload.get("certificateType") != _OF_CARS:
            self._taken = True
            self._ended.set()

    @refused("CertificateSigned", V16, *V2)
    def on_not_signed(self, payload: Payload, answer: Payload) -> None:
        """Have it go as well where it does not want it; it may come again."""
        self._ended.set()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up with what the station came last."""
        if kept := facts.get("shown"):
            self._last = Shown(kept["serial"], datetime.fromisoformat(kept["expires"]))

    def facts(self) -> dict[str, Any]:
        """Keep with what the station came last."""
        if (last := self._last) is None:
            return {}
        return {"shown": {"serial": last.serial, "expires": last.expires.isoformat()}}
