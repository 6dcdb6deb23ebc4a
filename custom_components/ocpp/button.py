"""Buttons: restart a charger, release a cable."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .csms.charging_station import ChargingStation
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import Charger, OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OcppButtonDescription(ButtonEntityDescription):
    """A button that sends a command."""

    press_fn: Callable[[ChargingStation, int], Awaitable[None]]


RESTART = OcppButtonDescription(
    key="restart",
    translation_key="restart",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
    press_fn=lambda station, _: station.provisioning.reset(),
)
UNLOCK = OcppButtonDescription(
    key="unlock",
    translation_key="unlock",
    press_fn=lambda station, evse: station.remote_control.unlock(evse),
)


def _buttons(charger: Charger) -> Iterator[OcppEntity]:
    yield OcppButton(charger, RESTART)
    for evse in charger.station.evses:
        yield OcppButton(charger, UNLOCK, evse=evse)


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

    @override
    def _present(self) -> None:
        return None

    @override
    async def async_press(self) -> None:
        """Send the command."""
        with translated_errors(self.charger.name):
            await self.entity_description.press_fn(self.station, self.evse)
