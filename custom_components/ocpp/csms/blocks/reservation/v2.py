"""How OCPP 2.x spells reservations."""

from ...id_tokens import is_secret
from ...model import Payload
from .wish import Wish, moment


def read(payload: Payload) -> Wish:
    """Read a ReserveNow; of a PIN nothing is kept (C04.FR.04)."""
    token = payload["idToken"]
    return Wish(
        id=payload["id"],
        evse=payload.get("evseId", 0),
        id_token="" if is_secret(token["type"]) else token["idToken"],
        group=payload.get("groupIdToken", {}).get("idToken", ""),
        expires=moment(payload["expiryDateTime"]),
    )
