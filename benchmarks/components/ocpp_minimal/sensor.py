"""Sensors: those with a value, and as many without as it takes to be as many."""

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .charger import SENSORS, Charger, MinimalEntity

_KINDS = {
    "energy": (SensorDeviceClass.ENERGY, "Wh", SensorStateClass.TOTAL_INCREASING),
    "power": (SensorDeviceClass.POWER, "W", SensorStateClass.MEASUREMENT),
    "current": (SensorDeviceClass.CURRENT, "A", SensorStateClass.MEASUREMENT),
    "voltage": (SensorDeviceClass.VOLTAGE, "V", SensorStateClass.MEASUREMENT),
    "current_offered": (SensorDeviceClass.CURRENT, "A", SensorStateClass.MEASUREMENT),
    "temperature": (SensorDeviceClass.TEMPERATURE, "°C", SensorStateClass.MEASUREMENT),
    "session_duration": (SensorDeviceClass.DURATION, "min", None),
    "session_energy": (
        SensorDeviceClass.ENERGY,
        "Wh",
        SensorStateClass.TOTAL_INCREASING,
    ),
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add sensors; the number of a charger makes one entity more."""
    others = entry.data["entities"] - len(SENSORS) - 1
    keys = [*SENSORS, *(f"other_{number}" for number in range(others))]
    async_add_entities(
        MinimalSensor(charger, key)
        for charger in entry.runtime_data.values()
        for key in keys
    )


class MinimalSensor(MinimalEntity, SensorEntity):
    """A value."""

    def __init__(self, charger: Charger, key: str) -> None:
        """Show a value of a charger."""
        super().__init__(charger, key)
        if key in _KINDS:
            device_class, unit, state_class = _KINDS[key]
            self._attr_device_class = device_class
            self._attr_native_unit_of_measurement = unit
            self._attr_state_class = state_class

    @property
    def native_value(self) -> StateType:
        """Return the value."""
        return self.charger.values.get(self.key)
