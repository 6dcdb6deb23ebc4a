"""Functional block A: security."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..clock import moment
from ..errors import OcppError
from ..model import Payload, SecurityReported, Topic
from ..versions import V16
from .block import Block, answers, follows

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_REMEMBERED = 20
_LONGEST_TEXT = 255
# More certificates of one kind than any station holds.
_MOST_CERTIFICATES = 50


@dataclass(frozen=True, kw_only=True)
class SecurityEvent:
    """A security event a station reported (A04). Its text is not kept: it may be anything."""

    type: str
    at: datetime


class Security(Block):
    """What a station reports of its own safety, and the certificates it holds."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no events."""
        super().__init__(station)
        self.events: deque[SecurityEvent] = deque(maxlen=_REMEMBERED)
        # By kind, the hash data of each just as the station reported it: it only knows a
        # certificate again by what it said itself (M04.FR.07). Kinds it was never asked
        # for are not there.
        self.certificates: dict[str, list[Payload]] = {}

    @answers("SecurityEventNotification", V16, always=True)
    async def on_security_event(self, payload: Payload) -> Payload:
        """Tell the event; stations repeat for ever what is not answered (A04.FR.02)."""
        at = moment(payload.get("timestamp")).at
        kind = str(payload.get("type") or "")[:50]
        self.events.append(SecurityEvent(type=kind, at=at))
        text = str(payload.get("techInfo") or "").strip()[:_LONGEST_TEXT]
        self.station.happened(SecurityReported(type=kind, at=at, tech_info=text))
        return {}

    # --- certificates -------------------------------------------------------------------

    @answers("SignCertificate", V16)
    async def on_sign_certificate(self, payload: Payload) -> Payload:
        """Reject: there is no authority here that could sign (A02.FR.05)."""
        self.station.note("SignCertificate: rejected, nobody here can sign")
        return {"status": "Rejected"}

    @follows("GetInstalledCertificateIds", V16)
    def on_certificates(self, payload: Payload, answer: Payload) -> None:
        """Know which certificates of a kind the station holds (M03)."""
        listed = answer.get("certificateHashData")
        if answer.get("status") == "NotFound" or not isinstance(listed, list):
            listed = []
        found = [item for item in listed if isinstance(item, dict)]
        self._set(payload["certificateType"], found[:_MOST_CERTIFICATES])

    @follows("DeleteCertificate", V16)
    def on_deleted(self, payload: Payload, answer: Payload) -> None:
        """Know that the station holds a certificate no more (M04)."""
        gone = payload["certificateHashData"]
        for kind, held in tuple(self.certificates.items()):
            self._set(kind, [one for one in held if one != gone])

    @follows("InstallCertificate", V16)
    def on_installed(self, payload: Payload, answer: Payload) -> None:
        """Ask what the station calls its new certificate (M05)."""
        self.station.spawn(self._list(payload["certificateType"]))

    async def _list(self, kind: str) -> None:
        try:
            await self.command("GetInstalledCertificateIds", {"certificateType": kind})
        except OcppError as error:
            self.station.note(f"listing certificates: {type(error).__name__}")
        self.station.flush()

    def _set(self, kind: str, held: list[Payload]) -> None:
        if self.certificates.get(kind) == held:
            return
        if not self.certificates:
            self.changed(Topic.STRUCTURE)
        self.certificates[kind] = held
        self.changed(Topic.CERTIFICATES)
        self.station.remember()

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which certificates the station holds."""
        self.certificates = facts.get("certificates", {})

    def facts(self) -> dict[str, Any]:
        """Keep which certificates the station holds."""
        return {"certificates": self.certificates} if self.certificates else {}
