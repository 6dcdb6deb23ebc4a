"""Reservations."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from ..evse import Evse
from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class Reservation:
    """The commands about reservations."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "CancelReservation": self.cancel_reservation,
            "ReserveNow": self.reserve_now,
        }

    def reserve_now(self, payload: Payload) -> Reply:
        """Reserve an EVSE; the same id replaces a reservation (H01)."""
        station = self._station
        if not station.variables.flag("ReservationCtrlr.Enabled"):
            return status("Rejected", why=("NotEnabled", "reservations are off"))
        if "evseId" in payload:
            evse = station.evses.get(payload["evseId"])
            chosen = [evse] if evse is not None else []
        elif station.variables.flag("ReservationCtrlr.NonEvseSpecific"):
            chosen = [*station.evses.values()]
        else:
            return status("Rejected", why=("MissingParam", "which EVSE?"))
        if not chosen:
            return status("Rejected", why=("UnknownEvse", "no such EVSE"))
        verdicts = [self._verdict(evse, payload) for evse in chosen]
        if "Accepted" not in verdicts:
            return status(verdicts[0])
        self._release(payload["id"])
        chosen[verdicts.index("Accepted")].reservation = payload
        return status("Accepted", station.report_changes)

    def _verdict(self, evse: Evse, payload: Payload) -> str:
        """Return what stands against reserving an EVSE, or Accepted."""
        fitting = [
            self._station.connector_state(connector)
            for connector in evse.connectors.values()
            if payload.get("connectorType", connector.type) == connector.type
        ]
        if not fitting:
            return "Rejected"
        held = evse.reservation
        if evse.car is not None or evse.token is not None:
            return "Occupied"
        if held is not None and held["id"] != payload["id"]:
            return "Occupied"
        for state in ("Available", "Reserved"):
            if state in fitting:
                return "Accepted"
        return fitting[0]

    def _release(self, number: int) -> bool:
        """Forget a reservation; return if there was one."""
        for evse in self._station.evses.values():
            if evse.reservation is not None and evse.reservation["id"] == number:
                evse.reservation = None
                return True
        return False

    def cancel_reservation(self, payload: Payload) -> Reply:
        """Cancel a reservation (H02)."""
        if not self._release(payload["reservationId"]):
            return status("Rejected", why=("NotFound", "no such reservation"))
        return status("Accepted", self._station.report_changes)
