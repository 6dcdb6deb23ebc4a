"""Functional block C: authorization."""

from ..model import IdTokenInfo, Payload, RegistrationStatus
from ..versions import V16
from .block import Block, answers


class Authorization(Block):
    """Who may charge."""

    def authorize(self, id_token: str) -> IdTokenInfo:
        """Return what is thought of a token: any may charge at a station of ours (C01).

        A station that is not adopted charges nobody: its transactions are recorded, since
        they exist, but are told that the token is invalid.
        """
        if self.station.settings.registration is RegistrationStatus.ACCEPTED:
            return IdTokenInfo()
        return IdTokenInfo(status="Invalid")

    @answers("Authorize", V16, needs=("idTag",))
    async def on_authorize(self, payload: Payload) -> Payload:
        """Answer C01 in 1.6's spelling."""
        return {"idTagInfo": {"status": self.authorize(payload["idTag"]).status}}
