"""The charging limit."""

from homeassistant.components.number import NumberEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import MinimalEntity


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a number to each charger."""
    async_add_entities(
        MinimalLimit(charger, "current_limit")
        for charger in entry.runtime_data.values()
    )


class MinimalLimit(MinimalEntity, NumberEntity):
    """A limit in ampere."""

    _attr_native_max_value = 32
    _attr_native_min_value = 0
    _attr_native_unit_of_measurement = "A"

    @property
    def native_value(self) -> float | None:
        """Return the limit that was accepted last."""
        return self.charger.values.get(self.key)

    async def async_set_native_value(self, value: float) -> None:
        """Limit the charger."""
        await self.charger.set_limit(value)
        self.charger.show(current_limit=value)
