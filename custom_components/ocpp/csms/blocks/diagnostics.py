"""Functional block N: diagnostics."""

from ..model import Payload
from ..versions import V16
from .block import Block, answers


class Diagnostics(Block):
    """How far an upload of logs is."""

    status: str | None = None

    @answers("DiagnosticsStatusNotification", V16, always=True)
    @answers("LogStatusNotification", V16, always=True)
    async def on_status(self, payload: Payload) -> Payload:
        """Keep the status (N01.FR.12)."""
        self.status = str(payload.get("status") or "")[:50] or None
        return {}
