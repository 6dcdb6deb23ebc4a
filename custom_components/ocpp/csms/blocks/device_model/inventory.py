"""Reading all that a station has: once, and again when its firmware is another."""

from itertools import islice
from typing import TYPE_CHECKING, Any

from ...errors import CommandFailed, CommandRejected, CommandTimedOut, NotSupported
from ...variables import READ_WRITE
from ..block import Block

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# What a base report holds: all there is, or all that can be set.
FULL, SETTINGS = "FullInventory", "ConfigurationInventory"
# A station that is lost each time it is asked for a report is let be.
_MOST_TRIES = 3
# How many messages a restart is worth.
_MOST_MESSAGES = 20


class Inventory(Block):
    """Comes late when a station is prepared: a report can take minutes."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with a station that was never asked."""
        super().__init__(station)
        # How often it was asked in vain.
        self._tries = 0

    async def prepare(self, *, booted: bool) -> None:
        """Read all once (B07); after a restart only what may be set otherwise now."""
        model = self.station.device_model
        if self.speaks_16:
            return
        if not model.read_already:
            await self.read()
            await self.station.metering.on_inventory_taken()
        elif booted:
            settable = (
                variable.place
                for variable in tuple(model.variables.values())
                if variable.actual.mutability == READ_WRITE
                and not variable.place.is_secret
            )
            most = _MOST_MESSAGES * model.most_items("GetVariables")
            await model.read_all(islice(settable, most))

    async def read(self) -> None:
        """Have the station tell all it has, or what can be set, or at least the limits.

        Raises `StationOffline` or `NotAccepted`.
        """
        model = self.station.device_model
        self._tries += 1
        if self._tries <= _MOST_TRIES:
            # Before anything happens to the connection.
            await self.station.save()
            await self._read()
        self._tries = 0
        model.on_inventory_taken()
        self.station.remember()

    async def _read(self) -> None:
        for base in (FULL, SETTINGS):
            try:
                if await self.station.device_model.take_inventory(base):
                    return
            except NotSupported, CommandRejected, CommandFailed:
                continue
            except CommandTimedOut:
                # It is not asked a second time what it fell silent over.
                self.station.note("GetBaseReport: no answer")
                return

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up how often the station was asked in vain."""
        self._tries = facts.get("tries", 0)

    def facts(self) -> dict[str, Any]:
        """Keep how often the station was asked in vain."""
        return {"tries": self._tries} if self._tries else {}
