"""What a station knows, over restarts of Home Assistant."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .versions import SPOKEN

if TYPE_CHECKING:
    from .charging_station import ChargingStation

# In seconds.
_LATER = 300
_SOON = 1


class Memory:
    """Loads and saves the state of one station."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self._station = station
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    async def load(self) -> None:
        """Take up what the store knows of the station."""
        station = self._station
        facts = await station.store.load_facts(station.identity)
        for evse in facts.get("evses", []):
            station.add_evse(evse)
        if seen := facts.get("last_seen"):
            station.last_seen = datetime.fromisoformat(seen)
        for version in SPOKEN:
            if version.name == facts.get("version"):
                station.version = version
        for name, block in station.blocks.items():
            block.recall(facts.get(name, {}))
        await station.device_model.load()
        await station.reservation.load()
        await station.transactions.load()
        # Which of its profiles are over depends on its sessions.
        await station.smart_charging.load()

    async def save(self) -> None:
        """Store what must survive a restart, now."""
        self._stop_timer()
        station = self._station
        await station.transactions.save()
        if not station.adopted:
            return
        facts: dict[str, Any] = {
            name: kept
            for name, block in station.blocks.items()
            if (kept := block.facts())
        }
        facts["version"] = station.version.name
        facts["evses"] = station.evses
        facts["last_seen"] = (
            station.last_seen.isoformat() if station.last_seen else None
        )
        await station.store.save_facts(station.identity, facts)

    def remember(self, *, within: float | None = None) -> None:
        """Save within some seconds: one, where nothing is said."""
        within = _SOON if within is None else within
        if self._stopped or not self._station.adopted:
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + within:
                return
            self._timer.cancel()
        self._timer = loop.call_later(within, self._save)

    def remember_later(self) -> None:
        """Save what changes all the time."""
        if self._timer is None:
            self.remember(within=_LATER)

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True

    def _save(self) -> None:
        self._timer = None
        self._station.spawn(self.save())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
