"""Notifications: a text on the display of a charger."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.notify import NotifyEntity, NotifyEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .csms.model import Topic
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0

DISPLAY = NotifyEntityDescription(key="display", translation_key="display")


def _displays(charger: Charger) -> Iterator[OcppEntity]:
    if charger.station.display_message.seen:
        yield OcppDisplay(charger, DISPLAY, watched=(Topic.DISPLAY,))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up displays, and those that are found out about later."""
    entry.runtime_data.async_setup_platform(async_add_entities, _displays)


class OcppDisplay(OcppEntity, NotifyEntity):
    """The display of a charger. Each text takes the place of the one before."""

    @override
    def _present(self) -> None:
        """Show nothing but when a text was sent."""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Show a text, or none any more."""
        with translated_errors(self.charger.name):
            await self.station.display_message.show(message)
        self.station.flush()
