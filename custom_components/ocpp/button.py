"""Buttons: restart a charger, release a cable."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .csms.charging_station import ChargingStation
from .csms.model import Part, Topic
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0

ATTR_SCHEDULED = "scheduled"


@dataclass(frozen=True, kw_only=True)
class OcppButtonDescription(ButtonEntityDescription):
    """A button that sends a command."""

    command: str
    press_fn: Callable[[ChargingStation, int], Awaitable[None]]


RESTART = OcppButtonDescription(
    key="restart",
    translation_key="restart",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
    command="Reset",
    press_fn=lambda station, evse: station.provisioning.reset(evse),
)
UNLOCK = OcppButtonDescription(
    key="unlock",
    translation_key="unlock",
    command="UnlockConnector",
    press_fn=lambda station, evse: station.remote_control.unlock(evse),
)


def _restarted_alone(station: ChargingStation) -> Iterator[int]:
    """Yield the EVSEs that can be restarted without the others, where there are any."""
    if station.the_only_evse is None:
        for evse in station.evses:
            if station.device_model.flag("EVSE", "AllowReset", evse=evse):
                yield evse


def _buttons(charger: Charger) -> Iterator[OcppEntity]:
    if charger.station.remote_control.sends(RESTART.command):
        for evse in (0, *_restarted_alone(charger.station)):
            yield RestartButton(
                charger,
                RESTART,
                evse=evse,
                watched=(Part(Topic.INFO), Topic.RESET),
            )
    if charger.station.remote_control.sends(UNLOCK.command):
        for evse in charger.station.evses:
            yield OcppButton(charger, UNLOCK, evse=evse, watched=(Part(Topic.INFO),))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up buttons."""
    entry.runtime_data.async_setup_platform(async_add_entities, _buttons)


class OcppButton(OcppEntity, ButtonEntity):
    """A button of a station or EVSE."""

    entity_description: OcppButtonDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the charger can be told, which its model may rule out."""
        return super().available and self._is_sent

    @property
    def _is_sent(self) -> bool:
        return self.station.remote_control.sends(self.entity_description.command)

    @override
    def _present(self) -> bool:
        return self._is_sent

    @override
    async def async_press(self) -> None:
        """Send the command."""
        with translated_errors(self.charger.name):
            await self.entity_description.press_fn(self.station, self.evse)
        self.station.flush()


class RestartButton(OcppButton):
    """Restarts a station, or an EVSE; 2.x may put that off until nobody charges."""

    @override
    def _present(self) -> Any:
        attributes: dict[str, bool] = {}
        if not self.station.restarts.speaks_16:
            attributes[ATTR_SCHEDULED] = self.station.restarts.is_scheduled(self.evse)
        self._attr_extra_state_attributes = attributes
        return super()._present(), attributes
