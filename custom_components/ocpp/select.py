"""Selects: settings of a charger, and what sessions do."""

from collections.abc import Iterator

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .device_model import variable_selects
from .entity import OcppEntity
from .hub import OcppConfigEntry
from .v2x import v2x_selects

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0


def _selects(charger: Charger) -> Iterator[OcppEntity]:
    yield from variable_selects(charger)
    yield from v2x_selects(charger)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up selects."""
    entry.runtime_data.async_setup_platform(async_add_entities, _selects)
