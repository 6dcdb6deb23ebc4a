"""How OCPP 2.x spells reservations."""

from typing import TYPE_CHECKING

from ...id_tokens import is_secret
from ...model import Payload
from .wish import Wish, moment

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


def is_claimed(station: ChargingStation) -> bool:
    """Return whether the station says that it takes reservations."""
    return station.device_model.flag("ReservationCtrlr", "Available") is True


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
