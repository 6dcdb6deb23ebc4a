"""The connectors of 2.x, and what an EVSE is doing because of them."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ...clock import Moment, moment
from ...model import ConnectorState, EvseStatus, Payload, utcnow
from ...versions import V2
from ..block import answers, follows
from . import v2
from .states import States

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# More connectors than any EVSE has.
_MOST_CONNECTORS = 16
_FIRST = 1


class Connector(NamedTuple):
    """What a connector, an EVSE (connector 0) or the station (EVSE 0) last said it is."""

    status: str
    at: datetime
    received: datetime
    dated: bool
    # Since when it has been occupied, where it is.
    occupied: datetime | None = None


class Connectors(States):
    """Makes one state of an EVSE out of its connectors and its transaction."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin knowing nothing."""
        super().__init__(station)
        self.connectors: dict[tuple[int, int], Connector] = {}

    def connectors_of(self, evse: int) -> list[int]:
        """Return the numbers of the connectors that an EVSE is known to have."""
        return sorted(number for of, number in self.connectors if of == evse and number)

    def plugged_connector(self, evse: int) -> int:
        """Return the connector of an EVSE that a cable is in, as far as can be known."""
        if used := self.station.transactions.connector(evse):
            return used
        known = self.connectors_of(evse)
        occupied = [
            number
            for number in known
            if self.connectors[evse, number].status == v2.OCCUPIED
        ]
        return next(iter(occupied or known), _FIRST)

    # --- messages -----------------------------------------------------------------------

    @answers(
        "StatusNotification",
        *V2,
        needs=("evseId", "connectorId", "connectorStatus"),
        repeatable=True,
    )
    def on_connector_status(self, payload: Payload) -> Payload:
        """Take up the status of a connector (G01)."""
        received = utcnow()
        self.on_availability_state(
            int(payload["evseId"]),
            int(payload["connectorId"]),
            str(payload["connectorStatus"]),
            moment(payload.get("timestamp"), received=received),
        )
        return {}

    def on_availability_state(
        self, evse: int, connector: int, says: str, said: Moment
    ) -> None:
        """Take up what a connector, an EVSE or the station is, unless newer is known."""
        if (status := v2.STATUSES.get(says.casefold())) is None:
            self.station.note("AvailabilityState: unknown status")
            return
        if not self.station.has_room_for(evse) or not (
            0 <= connector <= _MOST_CONNECTORS
        ):
            return
        received = utcnow()
        key = (evse, connector if evse else 0)
        before = self.connectors.get(key)
        if self.station.order.is_overtaken(said, before, received):
            return
        occupied = None
        if status == v2.OCCUPIED:
            occupied = before.occupied if before and before.occupied else said.at
        now = Connector(status, said.at, received, said.dated, occupied)
        self.connectors[key] = now
        if evse == 0:
            self._take_up_station(now)
            return
        self.station.add_evse(evse)
        self._derive(evse, now)

    def _take_up_station(self, now: Connector) -> None:
        status = {
            v2.UNAVAILABLE: EvseStatus.UNAVAILABLE,
            v2.FAULTED: EvseStatus.FAULTED,
        }.get(now.status, EvseStatus.AVAILABLE)
        self._take_up(0, _state(status, now))

    def on_charging_state(self, evse: int, at: datetime) -> None:
        """Take up that the transaction of an EVSE does something else."""
        self._derive(evse, Connector("", at, utcnow(), True))

    def _derive(self, evse: int, because: Connector) -> None:
        """Work out the state of an EVSE anew."""
        before = self.states.get(evse)
        status = self._status(evse) or (before.status if before is not None else None)
        if status is None:
            return
        # The car may go on at one that is faulted, or be stopped by that a little later.
        faulted = status is EvseStatus.FAULTED or any(
            self.connectors[evse, number].status == v2.FAULTED
            for number in self.connectors_of(evse)
        )
        state = _state(status, because, faulted=faulted)
        if before is None or (before.status, before.error_code) != (
            state.status,
            state.error_code,
        ):
            self._take_up(evse, state)
        else:
            self.states[evse] = state

    def _status(self, evse: int) -> EvseStatus | None:
        running = self.station.transactions.running(evse)
        if running is not None:
            said = self.station.transactions.charging_state(evse).casefold()
            if said in v2.CHARGING_STATES:
                return v2.CHARGING_STATES[said]
        known = [
            self.connectors[evse, number]
            for number in self.connectors_of(evse) or (0,)
            if (evse, number) in self.connectors
        ]
        statuses = {connector.status for connector in known}
        occupied = [it.occupied for it in known if it.occupied is not None]
        if occupied or (running is not None and not known):
            return self._with_cable(evse, occupied)
        whole = self.connectors.get((evse, 0))
        if whole is not None and whole.status in (v2.UNAVAILABLE, v2.FAULTED):
            statuses = {whole.status}
        for word, status in (
            (v2.RESERVED, EvseStatus.RESERVED),
            (v2.AVAILABLE, EvseStatus.AVAILABLE),
            (v2.FAULTED, EvseStatus.FAULTED),
            (v2.UNAVAILABLE, EvseStatus.UNAVAILABLE),
        ):
            if word in statuses:
                return status
        return None

    def _with_cable(self, evse: int, occupied: list[datetime]) -> EvseStatus:
        """Return whether a car that does not charge is yet to begin, or has ended."""
        if self.station.transactions.running(evse) is not None:
            charged = (self.station.transactions.energy(evse) or 0) > 0
            return EvseStatus.FINISHING if charged else EvseStatus.PREPARING
        session = self.station.transactions.session(evse)
        if (
            session is not None
            and session.ended is not None
            and occupied
            and session.ended >= max(occupied)
        ):
            return EvseStatus.FINISHING
        return EvseStatus.PREPARING

    # --- commands -----------------------------------------------------------------------

    @follows("ChangeAvailability", *V2)
    def on_availability_changed(self, payload: Payload, answer: Payload) -> None:
        """Know that the station follows; one that does so later tells by its status."""
        if not payload.get("evse") and answer.get("status") != "Scheduled":
            self._set_operative(payload["operationalStatus"] == "Operative")

    async def _ask_connectors(self) -> None:
        """Ask for the status of each connector that has not told it since it connected."""
        since = self.station.connected_at
        for evse in self.station.evses:
            for number in self.connectors_of(evse) or [_FIRST]:
                known = self.connectors.get((evse, number))
                if known is not None and known.received >= since:
                    continue
                if not await self.station.remote_control.ask_for(
                    "StatusNotification", evse, number
                ):
                    return


def _state(
    status: EvseStatus, because: Connector, *, faulted: bool = False
) -> ConnectorState:
    faulted = faulted or status is EvseStatus.FAULTED
    return ConnectorState(
        status=status,
        error_code="other_error" if faulted else "no_error",
        at=because.at,
        received=because.received,
        dated=because.dated,
    )
