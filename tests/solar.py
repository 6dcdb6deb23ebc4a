"""An afternoon with a house, a sun and a car, to prove the solar blueprint with."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from homeassistant.components.automation import DATA_COMPONENT, AutomationEntity
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component import common
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger

ROOT = Path(__file__).parents[1]
BLUEPRINT = ROOT / "blueprints" / "automation" / "ocpp" / "solar_surplus.yaml"
GRID = "sensor.grid"
# In seconds: how often the automation looks.
INTERVAL = 30
HOUSE = 300


def _clockwork(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """Return the timers of Home Assistant.

    Only for them time is let pass: a timeout of a socket or of the store that something
    waits for just now is not over.
    """
    return [
        handle
        for handle in get_scheduled_timer_handles(loop)
        if not handle.cancelled()
        and getattr(handle._callback, "__module__", "").startswith("homeassistant.")  # type: ignore[attr-defined]
    ]


@contextmanager
def at_no_time_of_day() -> Iterator[None]:
    """Have the automation look when the afternoon says so, and at no other time.

    By itself it looks at every half minute of the clock, also of the real one, which a
    test may happen to cross.
    """

    def next_look(_: object, now: datetime) -> datetime:
        # Long before the next look of the afternoon, and long after the real now.
        return now + timedelta(seconds=INTERVAL / 2)

    with patch(
        "homeassistant.helpers.event._TrackUTCTimeChange._calculate_next", next_look
    ):
        yield


class Afternoon:
    """Lets time pass in steps of one look of the automation."""

    def __init__(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        """Begin now."""
        self._hass = hass
        self.device_id = garage.device_id
        self.charger = charger
        self.looks = 0
        # What the charger was told: the number of the look, and ampere.
        self.told: list[tuple[int, float]] = []
        self.grid = 0.0
        # What entities are called now that were called otherwise.
        self.renamed: dict[str, str] = {}
        self._began = dt_util.utcnow()
        self._heard = len(charger.received)

    async def automate(self, **inputs: Any) -> None:
        """Set up the automation with these inputs."""
        folder = Path(self._hass.config.config_dir) / "blueprints/automation/ocpp"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(BLUEPRINT, folder)
        self.see(0)
        chosen = {"grid_power": GRID, "charger": self.device_id} | inputs
        config = {
            "alias": "Sun",
            "use_blueprint": {"path": "ocpp/solar_surplus.yaml", "input": chosen},
        }
        assert await async_setup_component(
            self._hass, "automation", {"automation": config}
        )
        await self._hass.async_block_till_done()
        state = self._hass.states.get("automation.sun")
        assert state is not None
        assert state.state == "on"

    @property
    def automation(self) -> AutomationEntity:
        """Return the automation."""
        found = self._hass.data[DATA_COMPONENT].get_entity("automation.sun")
        assert isinstance(found, AutomationEntity)
        return found

    async def end(self) -> None:
        """Stop the automation, whatever it waits for."""
        if self._hass.states.get("automation.sun") is not None:
            await self.automation.async_turn_off()

    def see(self, sun: float | None) -> None:
        """Let the meter show what is left of the sun, or nothing."""
        self.grid = HOUSE + self.charger.flow().power - (sun or 0)
        self._hass.states.async_set(
            GRID,
            "unavailable" if sun is None else f"{self.grid:.0f}",
            {"unit_of_measurement": "W", "device_class": "power"},
            force_update=True,
        )

    async def look(self, sun: float | None, times: int = 1) -> None:
        """Have the automation look again, some times, with the sun giving so much."""
        for _ in range(times):
            if self.charger.connected:
                await self.charger.tick(INTERVAL)
                await self._shown()
            self.see(sun)
            self.looks += 1
            moment = self._began + timedelta(seconds=self.looks * INTERVAL)
            with patch.object(common, "get_scheduled_timer_handles", _clockwork):
                async_fire_time_changed(self._hass, moment)
            await self._at_rest()
            self._listen()

    async def _shown(self) -> None:
        """Wait until Home Assistant shows what the car draws."""
        await self.charger.settle()
        if self.charger.connectors[1].transaction is None:
            return
        power = f"{self.charger.flow().power:.1f}"
        await self.until(lambda: self.state("sensor.garage_power") == power)

    async def _at_rest(self) -> None:
        """Wait until the automation has nothing to do but to wait."""
        script = self.automation.action_script
        for _ in range(20):
            await asyncio.sleep(0)

        def at_rest() -> bool:
            return not script.is_running or "delay" in (script.last_action or "")

        await self.until(at_rest)
        await self.charger.settle()

    def _listen(self) -> None:
        for frame in self.charger.received[self._heard :]:
            if frame[0] == 2 and frame[2] == "SetChargingProfile":
                profile = frame[3]["csChargingProfiles"]
                (period,) = profile["chargingSchedule"]["chargingSchedulePeriod"]
                self.told.append((self.looks, period["limit"]))
        self._heard = len(self.charger.received)

    def state(self, entity_id: str) -> str:
        """Return what an entity shows."""
        found = self._hass.states.get(self.renamed.get(entity_id, entity_id))
        assert found is not None, entity_id
        return found.state

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true that no single event tells of.

        Home Assistant can't be waited for: it is never done while a delay runs.
        """
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0)

    def commands(self, action: str) -> int:
        """Return how often the charger was sent a command."""
        return sum(
            frame[0] == 2 and frame[2] == action for frame in self.charger.received
        )
