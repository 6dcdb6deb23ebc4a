"""A charging station as Home Assistant knows it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from homeassistant.core import Context

from .csms.charging_station import ChargingStation


@dataclass(eq=False, kw_only=True)
class Charger:
    """A charging station that people have, as Home Assistant knows it."""

    station: ChargingStation
    subentry_id: str
    device_id: str
    name: str
    watched: list[Callable[[], None]] = field(default_factory=list)
    _context: Context = field(default_factory=Context)
    _told: int = 0

    @property
    def context(self) -> Context:
        """Return what all states share that one message of the station changed."""
        if self._told != self.station.told:
            self._told = self.station.told
            self._context = Context()
        return self._context

    def unwatch(self) -> None:
        """Follow the station no more."""
        for stop in self.watched:
            stop()
