"""How OCPP 1.6 spells reservations."""

from ...model import Payload
from .wish import Wish, moment


def read(payload: Payload) -> Wish:
    """Read a ReserveNow."""
    return Wish(
        id=payload["reservationId"],
        evse=payload["connectorId"],
        id_token=payload["idTag"],
        group=payload.get("parentIdTag", ""),
        expires=moment(payload["expiryDate"]),
    )
