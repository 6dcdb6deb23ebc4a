"""What the EVSEs of a station are doing, whatever version tells of it."""

from typing import TYPE_CHECKING, Any

from ...model import ConnectorState, EvseStatus, Topic
from ..block import Block

if TYPE_CHECKING:
    from ...charging_station import ChargingStation


class States(Block):
    """The newest state of each EVSE, and of the station as EVSE 0."""

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

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up whether the station was to be used."""
        self.operative = facts.get("operative")

    def facts(self) -> dict[str, Any]:
        """Keep whether the station is to be used."""
        return {"operative": self.operative}
