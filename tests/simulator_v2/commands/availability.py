"""Availability, resets and locks."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from ..resuming import restart
from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class Availability:
    """The commands that take things in and out of service."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ChangeAvailability": self.change_availability,
            "Reset": self.reset,
            "UnlockConnector": self.unlock_connector,
        }

    def change_availability(self, payload: Payload) -> Reply:
        """Put station, EVSE or connector in or out of service (G03, G04)."""
        station = self._station
        operative = payload["operationalStatus"] == "Operative"
        place = payload.get("evse")
        concerned = [*station.evses.values()]
        if place is None:
            station.operative = operative
        else:
            evse = station.evses.get(place["id"])
            if evse is None:
                return status("Rejected", why=("UnknownEvse", "no such EVSE"))
            concerned = [evse]
            if "connectorId" not in place:
                evse.operative = operative
            elif (connector := evse.connectors.get(place["connectorId"])) is None:
                return status(
                    "Rejected", why=("UnknownConnectorId", "no such connector")
                )
            else:
                connector.operative = operative
                if evse.plugged != connector.id:
                    concerned = []
        busy = any(evse.transaction is not None for evse in concerned)
        later = busy and not operative
        return status("Scheduled" if later else "Accepted", station.report_changes)

    def reset(self, payload: Payload) -> Reply:
        """Restart the station or an EVSE (B11, B12)."""
        station, number = self._station, payload.get("evseId")
        if number is not None and number not in station.evses:
            return status("Rejected", why=("UnknownEvse", "no such EVSE"))
        if payload["type"] == "ImmediateAndResume" and station.version == "2.1":
            return status("Accepted", lambda: restart(station))
        if payload["type"] not in ("Immediate", "OnIdle"):
            return status("Rejected", why=("UnsupportedParam", "no such reset"))
        busy = station.busy if number is None else station.evses[number].transaction
        if payload["type"] == "OnIdle" and busy:
            station.reset_when_idle(number)
            return status("Scheduled")
        return status("Accepted", lambda: station.reset(number))

    def unlock_connector(self, payload: Payload) -> Reply:
        """Unlock a connector, unless somebody charges there (F05)."""
        evse = self._station.evses.get(payload["evseId"])
        if evse is None or payload["connectorId"] not in evse.connectors:
            return status("UnknownConnector")
        if evse.token is not None and evse.transaction is not None:
            return status("OngoingAuthorizedTransaction")
        self._station.event(f"EVSE {evse.id}: unlocked")
        return status("Unlocked")
