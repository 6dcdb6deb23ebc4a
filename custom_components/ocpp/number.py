"""Numbers: charging limits, and settings of a charger."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
)
from homeassistant.const import EntityCategory, UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .configuration import key_numbers
from .csms.model import Part, Topic
from .device_model import variable_numbers
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import Charger, OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0

CURRENT_LIMIT = NumberEntityDescription(
    key="current_limit",
    translation_key="current_limit",
    device_class=NumberDeviceClass.CURRENT,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    native_min_value=0,
    # Automations may be finer: a step is for people.
    native_step=1,
)
STATION_LIMIT = NumberEntityDescription(
    key="station_limit",
    translation_key="station_limit",
    device_class=NumberDeviceClass.CURRENT,
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    native_min_value=0,
    # Automations may be finer: a step is for people.
    native_step=1,
)


def _numbers(charger: Charger) -> Iterator[OcppEntity]:
    yield OcppLimitNumber(charger, STATION_LIMIT)
    yield from key_numbers(charger)
    yield from variable_numbers(charger)
    for evse in charger.station.evses:
        yield OcppLimitNumber(charger, CURRENT_LIMIT, evse=evse)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up numbers."""
    entry.runtime_data.async_setup_platform(async_add_entities, _numbers)


class OcppLimitNumber(OcppEntity, NumberEntity):
    """A charging limit in ampere per phase; shows what the charger last accepted."""

    def __init__(
        self, charger: Charger, description: NumberEntityDescription, *, evse: int = 0
    ) -> None:
        """Watch the limit and the charger's own maximum."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=(Topic.LIMIT, Part(Topic.INFO)),
        )

    @override
    def _present(self) -> tuple[float | None, float]:
        maximum = self.station.settings.maximum_current
        self._attr_native_max_value = maximum
        self._attr_native_value = self.station.smart_charging.amperes(self.evse)
        return self._attr_native_value, maximum

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Limit the charger."""
        with translated_errors(self.charger.name):
            await self.station.smart_charging.set_limit(self.evse, value)
        self.station.flush()
