"""Functional block L: firmware management."""

from ..model import Payload
from ..versions import V16
from .block import Block, answers


class Firmware(Block):
    """How far a firmware update is."""

    status: str | None = None

    @answers("FirmwareStatusNotification", V16, always=True)
    @answers("SignedFirmwareStatusNotification", V16, always=True)
    async def on_firmware_status(self, payload: Payload) -> Payload:
        """Keep the status; some stations send it with no update asked for (L01.FR.01)."""
        self.status = str(payload.get("status") or "")[:50] or None
        return {}
