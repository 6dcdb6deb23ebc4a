"""How OCPP 1.6 spells reservations."""

from typing import TYPE_CHECKING

from ...model import Payload
from .wish import Wish, moment

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_PROFILE = "Reservation"


def is_claimed(station: ChargingStation) -> bool:
    """Return whether the station says that it takes reservations."""
    return station.provisioning.claims(_PROFILE)


def read(payload: Payload) -> Wish:
    """Read a ReserveNow."""
    return Wish(
        id=payload["reservationId"],
        evse=payload["connectorId"],
        id_token=payload["idTag"],
        group=payload.get("parentIdTag", ""),
        expires=moment(payload["expiryDate"]),
    )
