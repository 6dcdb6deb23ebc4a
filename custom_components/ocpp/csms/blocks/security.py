"""Functional block A: security."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509

from ..admission import Arrival, ClientCertificate, certificate_fits
from ..authority import Authority, AuthorityError, BadRequest, read_request
from ..clock import moment
from ..errors import CommandRejected, OcppError
from ..events import SecurityReported
from ..model import Payload, Topic, utcnow
from ..passwords import Secret
from ..stand_ins import StandIns
from ..versions import V2, V16, V21
from .block import Block, answers, follows

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_REMEMBERED = 20
_LONGEST_TEXT = 255
_CERTIFIED = 3
# The only kind that is signed here, and what it is when a station does not say.
_OF_THE_STATION = "ChargingStationCertificate"
# How long before its end a station is to have its certificate renewed, and how often it is
# asked to.
RENEWED_BEFORE = timedelta(days=60)
_ASKED_EVERY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class SecurityEvent:
    """A security event a station reported (A04). Its text is not kept: it may be anything."""

    type: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnCertificate:
    """The certificate by which a station shows who it is; `serial` in hexadecimal digits.

    `ours` is whether our own authority issued it.
    """

    serial: str
    expires: datetime
    ours: bool


class Security(Block):
    """What a station reports of its own safety, and how it shows who it is."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no events and no certificate."""
        super().__init__(station)
        self.events: list[SecurityEvent] = []
        # How the station came in, with the present socket or the one before.
        self.arrival: Arrival | None = None
        self.certificate: OwnCertificate | None = None
        self.stand_ins = StandIns(station)
        # The requests that are being signed.
        self._signing: set[str] = set()
        self._asked: datetime | None = None

    @answers("SecurityEventNotification", V16, *V2, always=True)
    def on_security_event(self, payload: Payload) -> Payload:
        """Tell the event; stations repeat for ever what is not answered (A04.FR.02)."""
        at = moment(payload.get("timestamp")).at
        kind = str(payload.get("type") or "")[:50]
        self.events.append(SecurityEvent(type=kind, at=at))
        del self.events[:-_REMEMBERED]
        text = str(payload.get("techInfo") or "").strip()[:_LONGEST_TEXT]
        self.station.happened(SecurityReported(type=kind, at=at, tech_info=text))
        return {}

    # --- who the station is -------------------------------------------------------------

    def on_arrival(self, arrival: Arrival) -> None:
        """Know how the station comes in, just before it has its socket."""
        self.arrival = arrival
        self.stand_ins.on_arrival()
        self.station.security_profile.on_arrival(arrival)
        self.station.renewal.on_arrival(arrival)
        shown = arrival.certificate
        if shown is None or not shown.valid:
            return
        ours = shown.issued_to is not None
        if not ours or self._is_mine(shown):
            self._know(
                OwnCertificate(serial=shown.serial, expires=shown.expires, ours=ours)
            )
            self._vouch(shown.serial, self._proven())

    # --- instead of a password ------------------------------------------------------------

    def stands_in(self, arrival: Arrival) -> bool:
        """Return whether a certificate that was issued here stands in for the password.

        It does so where people ask for a certificate, and for whoever was known to have the
        password that is in force. Others may have got theirs while none was asked for.
        """
        shown = arrival.certificate
        if shown is None or not shown.valid or not self._is_mine(shown):
            return False
        return (
            self.station.settings.security_profile >= _CERTIFIED
            or shown.serial in self.stand_ins
            or self.station.security_profile.gave(shown.serial)
        )

    def on_told(self, secret: Secret) -> None:
        """Know that the station was just told the password that is in force."""
        self.stand_ins.on_told(secret)
        shown = self.arrival.certificate if self.arrival is not None else None
        if shown is not None and shown.valid and self._is_mine(shown):
            self._vouch(shown.serial, secret)

    def _is_mine(self, shown: ClientCertificate) -> bool:
        return shown.issued_to == self.station.identity.casefold()

    def _proven(self) -> Secret | None:
        """Return the password in force, where whoever is connected is known to have it."""
        if (arrival := self.arrival) is None:
            return None
        if self.stands_in(arrival):
            return self.stand_ins.in_force
        return self.stand_ins.proven(arrival)

    def _vouch(self, number: str, of: Secret | None) -> None:
        """Have a certificate stand in for a password that its owner is known to have."""
        if of is not None and self.stand_ins.add(number, of):
            self.station.remember()

    def is_another(self, serial: str) -> bool:
        """Return whether a station boots as another than its certificate names (B01.FR.12).

        Only where a certificate is asked for. What a boot leaves out is no news.
        """
        shown = self.arrival.certificate if self.arrival is not None else None
        if shown is None or self.station.settings.security_profile < _CERTIFIED:
            return False
        info = self.station.provisioning.info
        known = serial or (info.serial if info is not None else "")
        return not certificate_fits(shown, self.station.identity, known)

    # --- certificates of stations ---------------------------------------------------------

    @answers("SignCertificate", V16, *V2, needs=("csr",))
    def on_sign_certificate(self, payload: Payload) -> Payload:
        """Agree to sign what can be signed; the certificate comes by itself (A02, A03).

        Stations take it only after the answer. They ask again when it does not come, and
        are then given the same one.
        """
        authority = self.station.shared.authority
        if authority is None:
            self.station.note("SignCertificate: rejected, nobody here can sign")
            return self._rejected(
                "NotEnabled", "There is no certificate authority here"
            )
        if payload.get("certificateType", _OF_THE_STATION) != _OF_THE_STATION:
            # No car trusts our root.
            self.station.note("SignCertificate: rejected, not for the station itself")
            return self._rejected("NotEnabled", "Cars do not trust this authority")
        try:
            read_request(payload["csr"])
        except BadRequest as error:
            self.station.note(f"SignCertificate: rejected, {error}")
            return self._rejected("InvalidCSR", str(error))
        if not self.station.renewal.takes(payload["csr"]):
            self.station.note("SignCertificate: rejected, one at a time")
            return self._rejected("NotEnabled", "There is a certificate on its way")
        # What is known of who asks, not of who may have come by the time it is signed.
        of = self._proven()
        self.station.afterwards(self._begin, authority, payload, of)
        return {"status": "Accepted"}

    def _begin(self, authority: Authority, payload: Payload, of: Secret | None) -> None:
        self.station.spawn(self._sign(authority, payload, of))

    def _rejected(self, code: str, why: str) -> Payload:
        if self.speaks_16:
            return {"status": "Rejected"}
        return {
            "status": "Rejected",
            "statusInfo": {"reasonCode": code, "additionalInfo": why},
        }

    async def _sign(
        self, authority: Authority, payload: Payload, of: Secret | None
    ) -> None:
        """Sign a request and send the station its certificate.

        Where it is known to have a password, that can stand in for it from then on.
        """
        request: str = payload["csr"]
        if request in self._signing:
            return
        self._signing.add(request)
        try:
            chain = await asyncio.to_thread(
                authority.sign,
                request,
                station=self.station.identity,
                names=self._names(),
                used=self._used,
            )
            self._vouch(_number_of(chain), of)
            await self.command(
                "CertificateSigned", {"certificateChain": chain} | self._echo(payload)
            )
        except CommandRejected:
            self.station.note("CertificateSigned: rejected")
        except OcppError as error:
            # The station asks again.
            self.station.note(f"CertificateSigned: {type(error).__name__}")
        except AuthorityError:
            self.station.note("SignCertificate: the certificate could not be kept")
        finally:
            self._signing.discard(request)
            self.station.flush()

    def _names(self) -> list[str]:
        """Return what certificates of the station may be for, the best first (A00.FR.404)."""
        info = self.station.provisioning.info
        names = [info.serial if info is not None else "", self.station.identity]
        return [name for name in names if name]

    @property
    def _used(self) -> int | None:
        """Return the number of the certificate that the station came with."""
        shown = self.arrival.certificate if self.arrival is not None else None
        return int(shown.serial, 16) if shown is not None else None

    def _echo(self, payload: Payload) -> Payload:
        """Return what a station knows its request again by."""
        if self.speaks_16:
            return {}
        echoed = ["certificateType"]
        if self.station.version is V21:
            echoed.append("requestId")
        return {key: payload[key] for key in echoed if key in payload}

    @follows("CertificateSigned", V16, *V2)
    def on_signed(self, payload: Payload, answer: Payload) -> None:
        """Know until when the station's new certificate holds, whoever signed it."""
        if payload.get("certificateType", _OF_THE_STATION) != _OF_THE_STATION:
            return
        try:
            chain = payload["certificateChain"].encode()
            leaf = x509.load_pem_x509_certificate(chain)
        except ValueError:
            return
        authority = self.station.shared.authority
        self._know(
            OwnCertificate(
                serial=f"{leaf.serial_number:x}",
                expires=leaf.not_valid_after_utc,
                ours=authority is not None and authority.issued(leaf),
            )
        )
        self.station.security_profile.on_given(f"{leaf.serial_number:x}")

    def _know(self, certificate: OwnCertificate) -> None:
        if certificate == self.certificate:
            return
        if self.certificate is None:
            self.changed(Topic.STRUCTURE)
        self.certificate = certificate
        self.changed(Topic.CERTIFICATES)
        self.station.remember()

    async def prepare(self, *, booted: bool) -> None:
        """Have the station's certificate renewed where it is time to."""
        await self.renew()

    def look_after(self) -> None:
        """Have the certificate of a station renewed that stays connected for long."""
        if self.station.connected:
            self.station.spawn(self._look_after())

    async def _look_after(self) -> None:
        try:
            await self.renew()
        except OcppError as error:
            self.station.note(f"renewing the certificate: {type(error).__name__}")

    async def renew(self) -> None:
        """Ask a station for a request where its certificate is over soon (A02).

        Only for those that were issued here. Once a day, and only while it is connected.
        """
        mine, now = self.certificate, utcnow()
        if (
            mine is None
            or not mine.ours
            or self.station.shared.authority is None
            or self.station.options.quiet
            or mine.expires > now + RENEWED_BEFORE
            or (self._asked is not None and now < self._asked + _ASKED_EVERY)
        ):
            return
        self._asked = now
        await self.ask_for_request()

    async def ask_for_request(self) -> None:
        """Ask a station to ask for a certificate; raises what `Block.command` does."""
        if self.speaks_16:
            message = {"requestedMessage": "SignChargePointCertificate"}
            await self.command("ExtendedTriggerMessage", message)
        else:
            await self.station.remote_control.trigger("SignChargingStationCertificate")

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up until when the station's certificate holds."""
        if kept := facts.get("certificate"):
            expires = datetime.fromisoformat(kept["expires"])
            self.certificate = OwnCertificate(**kept | {"expires": expires})
        self.stand_ins.recall(facts.get("stand_ins", {}))

    def facts(self) -> dict[str, Any]:
        """Keep until when the station's certificate holds, and which stand in for what."""
        kept: dict[str, Any] = {}
        if (mine := self.certificate) is not None:
            kept["certificate"] = vars(mine) | {"expires": mine.expires.isoformat()}
        if stand_ins := self.stand_ins.facts():
            kept["stand_ins"] = stand_ins
        return kept


def _number_of(chain: str) -> str:
    """Return the number of the first certificate of a chain that was issued here."""
    leaf = x509.load_pem_x509_certificate(chain.encode())
    return f"{leaf.serial_number:x}"
