"""Functional block A: security."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..clock import moment
from ..model import Payload
from ..versions import V16
from .block import Block, answers

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_REMEMBERED = 20


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

    @answers("SecurityEventNotification", V16, always=True)
    async def on_security_event(self, payload: Payload) -> Payload:
        """Keep the event; stations repeat for ever what is not answered (A04.FR.02)."""
        at = moment(payload.get("timestamp")).at
        kind = str(payload.get("type") or "")[:50]
        self.events.append(SecurityEvent(type=kind, at=at))
        return {}

    @answers("SignCertificate", V16)
    async def on_sign_certificate(self, payload: Payload) -> Payload:
        """Reject: there is no authority here that could sign (A02.FR.05)."""
        return {"status": "Rejected"}
