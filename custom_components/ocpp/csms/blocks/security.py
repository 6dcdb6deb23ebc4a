"""Functional block A: security."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..clock import moment
from ..model import Payload, SecurityReported
from ..versions import V2, V16
from .block import Block, answers

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_REMEMBERED = 20
_LONGEST_TEXT = 255


@dataclass(frozen=True, kw_only=True)
class SecurityEvent:
    """A security event a station reported (A04). Its text is not kept: it may be anything."""

    type: str
    at: datetime


class Security(Block):
    """What a station reports of its own safety."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no events."""
        super().__init__(station)
        self.events: deque[SecurityEvent] = deque(maxlen=_REMEMBERED)

    @answers("SecurityEventNotification", V16, *V2, always=True)
    async def on_security_event(self, payload: Payload) -> Payload:
        """Tell the event; stations repeat for ever what is not answered (A04.FR.02)."""
        at = moment(payload.get("timestamp")).at
        kind = str(payload.get("type") or "")[:50]
        self.events.append(SecurityEvent(type=kind, at=at))
        text = str(payload.get("techInfo") or "").strip()[:_LONGEST_TEXT]
        self.station.happened(SecurityReported(type=kind, at=at, tech_info=text))
        return {}

    @answers("SignCertificate", V16, *V2)
    async def on_sign_certificate(self, payload: Payload) -> Payload:
        """Reject: there is no authority here that could sign (A02.FR.05)."""
        self.station.note("SignCertificate: rejected, nobody here can sign")
        if self.speaks_16:
            return {"status": "Rejected"}
        return {
            "status": "Rejected",
            "statusInfo": {
                "reasonCode": "NotEnabled",
                "additionalInfo": "There is no certificate authority here",
            },
        }
