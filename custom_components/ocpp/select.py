"""Selects: settings of a charger."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .device_model import variable_selects
from .hub import OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up selects."""
    entry.runtime_data.async_setup_platform(async_add_entities, variable_selects)
