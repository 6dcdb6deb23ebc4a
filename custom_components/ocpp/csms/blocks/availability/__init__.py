"""Functional block G: availability. What each EVSE is doing, and whether it may be used."""

from typing import TYPE_CHECKING, Any

from ..clock import moment
from ..model import ConnectorState, EvseStatus, Payload, Topic, timestamp, utcnow
from ..versions import V16
from .block import Block, answers, follows

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_STATUSES = {
    "available": EvseStatus.AVAILABLE,
    "preparing": EvseStatus.PREPARING,
    "charging": EvseStatus.CHARGING,
    "suspendedev": EvseStatus.SUSPENDED_EV,
    "suspendedevse": EvseStatus.SUSPENDED_EVSE,
    "finishing": EvseStatus.FINISHING,
    "reserved": EvseStatus.RESERVED,
    "unavailable": EvseStatus.UNAVAILABLE,
    "faulted": EvseStatus.FAULTED,
    # OCPP 1.5, still spoken by some under the name of 1.6.
    "occupied": EvseStatus.OCCUPIED,
}
# A station as a whole has no cable: what else it says of connector 0 means nothing.
_STATION_STATUSES = frozenset(
    {EvseStatus.AVAILABLE, EvseStatus.UNAVAILABLE, EvseStatus.FAULTED}
)
ERROR_CODES = {
    "NoError": "no_error",
    "ConnectorLockFailure": "connector_lock_failure",
    "EVCommunicationError": "ev_communication_error",
    "GroundFailure": "ground_failure",
    "HighTemperature": "high_temperature",
    "InternalError": "internal_error",
    "LocalListConflict": "local_list_conflict",
    "OtherError": "other_error",
    "OverCurrentFailure": "over_current_failure",
    "OverVoltage": "over_voltage",
    "PowerMeterFailure": "power_meter_failure",
    "PowerSwitchFailure": "power_switch_failure",
    "ReaderFailure": "reader_failure",
    "ResetFailure": "reset_failure",
    "UnderVoltage": "under_voltage",
    "WeakSignal": "weak_signal",
}
_ERRORS_CASEFOLDED = {code.casefold(): slug for code, slug in ERROR_CODES.items()}
# How stations write that there is no vendor error.
_NO_VENDOR_ERROR = frozenset({"", "none", "null", "0", "0x00", "0x0000", "noerror"})


class Availability(Block):
    """Statuses, faults, and the wish whether the station is to be used."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin knowing nothing."""
        super().__init__(station)
        self.states: dict[int, ConnectorState] = {}
        # What the station last agreed to or said; None while it said neither.
        self.operative: bool | None = None

    def state(self, evse: int) -> ConnectorState | None:
        """Return what the EVSE last said of itself."""
        return self.states.get(evse)

    def fault(self, evse: int) -> ConnectorState | None:
        """Return the state whose error is in force for an EVSE: its own, else the station's."""
        for state in (self.states.get(evse), self.states.get(0)):
            if state is not None and (
                state.error_code != "no_error" or state.status is EvseStatus.FAULTED
            ):
                return state
        return None

    @answers("Heartbeat", V16, immediate=True)
    async def on_heartbeat(self, payload: Payload) -> Payload:
        """Answer the time (G02)."""
        return {"currentTime": timestamp(utcnow())}

    @answers("StatusNotification", V16, needs=("connectorId", "status"), immediate=True)
    async def on_status_notification(self, payload: Payload) -> Payload:
        """Take up a status, unless a newer one is known (G01)."""
        evse = payload["connectorId"]
        status = _STATUSES.get(str(payload["status"]).casefold())
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
        error = str(payload.get("errorCode") or "NoError")
        state = ConnectorState(
            status=status,
            # An error code nobody knows is still an error.
            error_code=_ERRORS_CASEFOLDED.get(error.casefold(), "other_error"),
            vendor_error=_vendor_error(payload),
            at=said.at,
            received=received,
            dated=said.dated,
        )
        self._take_up(evse, state)
        return {}

    def _take_up(self, evse: int, state: ConnectorState) -> None:
        self.station.add_evse(evse)
        before = self.states.get(evse)
        self.states[evse] = state
        if before is None or (
            before.status,
            before.error_code,
            before.vendor_error,
        ) != (
            state.status,
            state.error_code,
            state.vendor_error,
        ):
            self.changed(Topic.STATUS, evse)
        # A single EVSE speaks for its station: many never send connector 0.
        if evse == 0 or (0 not in self.states and len(self.station.evses) == 1):
            self._set_operative(state.status is not EvseStatus.UNAVAILABLE)
        if evse:
            self.station.transactions.on_status(evse, state)
        self.station.reservation.on_status(evse, state)

    def _set_operative(self, operative: bool) -> None:
        if self.operative is not operative:
            self.operative = operative
            self.changed(Topic.AVAILABILITY)

    async def change(self, *, operative: bool, evse: int = 0) -> bool:
        """Make the station, or one EVSE, usable or not (G03, G04).

        Return false when the station will only do so after the running transaction; its
        status tells when it has.
        """
        payload = {
            "connectorId": evse,
            "type": "Operative" if operative else "Inoperative",
        }
        answer = await self.command("ChangeAvailability", payload)
        return bool(answer["status"] != "Scheduled")

    @follows("ChangeAvailability", V16)
    def on_changed(self, payload: Payload, answer: Payload) -> None:
        """Know that the station follows; one that does so later tells by its status."""
        if payload["connectorId"] == 0 and answer["status"] != "Scheduled":
            self._set_operative(payload["type"] == "Operative")

    async def prepare(self, *, booted: bool) -> None:
        """Ask for the status of each connector that has not told it since it connected."""
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

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up whether the station was to be used."""
        self.operative = facts.get("operative")

    def facts(self) -> dict[str, Any]:
        """Keep whether the station is to be used."""
        return {"operative": self.operative}


def _vendor_error(payload: Payload) -> str:
    """Return the vendor's own words for what is wrong, or nothing."""
    words = []
    for key in ("vendorErrorCode", "info"):
        word = str(payload.get(key) or "").strip()
        if word.casefold() not in _NO_VENDOR_ERROR and word not in words:
            words.append(word)
    return ": ".join(words)[:255]
