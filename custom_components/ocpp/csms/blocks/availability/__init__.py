"""Functional block G: availability. What each EVSE is doing, and whether it may be used."""

from ...clock import moment
from ...model import ConnectorState, EvseStatus, Payload, timestamp, utcnow
from ...versions import V2, V16
from ..block import answers, follows
from . import v2, v16
from .connectors import Connectors
from .v16 import ERROR_CODES

__all__ = ["ERROR_CODES", "Availability"]

# A station as a whole has no cable: what else it says of connector 0 means nothing.
_STATION_STATUSES = frozenset(
    {EvseStatus.AVAILABLE, EvseStatus.UNAVAILABLE, EvseStatus.FAULTED}
)


class Availability(Connectors):
    """Statuses, faults, and the wish whether the station is to be used."""

    @answers("Heartbeat", V16, *V2, repeatable=True)
    def on_heartbeat(self, payload: Payload) -> Payload:
        """Answer the time (G02)."""
        return {"currentTime": timestamp(utcnow())}

    @answers(
        "StatusNotification", V16, needs=("connectorId", "status"), repeatable=True
    )
    def on_status_notification(self, payload: Payload) -> Payload:
        """Take up a status, unless a newer one is known (G01)."""
        evse = int(payload["connectorId"])
        status = v16.STATUSES.get(str(payload["status"]).casefold())
        if status is None:
            self.station.note("StatusNotification: unknown status")
            return {}
        if not self.station.has_room_for(evse):
            return {}
        if evse == 0 and status not in _STATION_STATUSES:
            self.station.note("StatusNotification: not a status of connector 0")
            return {}
        received = utcnow()
        said = moment(payload.get("timestamp"), received=received)
        if self.station.order.is_overtaken(said, self.states.get(evse), received):
            return {}
        state = ConnectorState(
            status=status,
            error_code=v16.error_code(payload),
            vendor_error=v16.vendor_error(payload),
            at=said.at,
            received=received,
            dated=said.dated,
        )
        self._take_up(evse, state)
        return {}

    @property
    def changeable(self) -> bool:
        """Return whether the station can be taken out of use, as far as is known."""
        return self.sends("ChangeAvailability")

    async def change(self, *, operative: bool, evse: int = 0) -> bool:
        """Make the station, or one EVSE, usable or not (G03, G04).

        Return false when the station will only do so after the running transaction; its
        status tells when it has.
        """
        spelling = v16 if self.speaks_16 else v2
        payload = spelling.change(operative=operative, evse=evse)
        answer = await self.command("ChangeAvailability", payload)
        return bool(answer["status"] != "Scheduled")

    @follows("ChangeAvailability", V16)
    def on_changed(self, payload: Payload, answer: Payload) -> None:
        """Know that the station follows; one that does so later tells by its status."""
        if payload["connectorId"] == 0 and answer["status"] != "Scheduled":
            self._set_operative(payload["type"] == "Operative")

    async def prepare(self, *, booted: bool) -> None:
        """Ask for the status of each connector that has not told it since it connected."""
        if not self.speaks_16:
            await self._ask_connectors()
            return
        since = self.station.connected_at
        silent = [
            evse
            for evse in self.station.evses
            if (state := self.states.get(evse)) is None or state.received < since
        ]
        for evse in silent:
            if not await self.station.remote_control.ask_for(
                "StatusNotification", evse
            ):
                # Some only know the question for all connectors at once.
                await self.station.remote_control.ask_for("StatusNotification")
                return
