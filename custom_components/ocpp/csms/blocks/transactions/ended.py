"""The newest session of each EVSE that is over, also while another runs."""

from datetime import datetime
from typing import TYPE_CHECKING

from ...model import Transaction
from ...store import StoreUnavailable

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# Among how many of the newest sessions of an EVSE one that ended is looked for.
_LOOKED_AT = 3


class EndedSessions:
    """What people see as the last session of each EVSE of a station."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with none."""
        self._station = station
        self._newest: dict[int, Transaction] = {}

    def get(self, evse: int) -> Transaction | None:
        """Return the newest session of an EVSE that ended."""
        return self._newest.get(evse)

    async def load(self, evse: int, latest: Transaction | None = None) -> None:
        """Take up the newest from the store, unless the latest of all is it."""
        self._newest.pop(evse, None)
        if latest is not None and not latest.running:
            self._newest[evse] = latest
            return
        try:
            newest = await self._station.store.sessions(
                station=self._station.identity, evse=evse, limit=_LOOKED_AT
            )
        except StoreUnavailable:
            # It is for people to read only, and there is another one soon.
            return
        ended = [transaction for transaction in newest if not transaction.running]
        if ended:
            self._newest[evse] = max(ended, key=_end)

    def take(self, ended: Transaction) -> None:
        """Take up one that ended; the end of an older one may come late."""
        before = self._newest.get(ended.evse)
        if before is None or _end(before) <= _end(ended):
            self._newest[ended.evse] = ended

    def drop(self, number: int) -> list[int]:
        """Forget one that goes on after all, or was deleted; return of which EVSEs."""
        evses = [evse for evse, ended in self._newest.items() if ended.number == number]
        for evse in evses:
            del self._newest[evse]
        return evses


def _end(ended: Transaction) -> datetime:
    return ended.ended or ended.started
