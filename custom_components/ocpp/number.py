"""Numbers: charging limits, and settings of a charger."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .configuration import key_numbers
from .csms.model import Part, Topic
from .device_model import variable_numbers
from .entity import OcppEntity
from .hub import OcppConfigEntry
from .setting import ToldNumber
from .v2x import v2x_numbers

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


@dataclass(frozen=True, kw_only=True)
class SessionLimitDescription(NumberEntityDescription):
    """A limit of a session; `factor` is how many of what the charger counts in its unit has."""

    factor: float = 1
    # Whether it is an amount of money, and only there when sessions cost some.
    priced: bool = False


SESSION_LIMITS = (
    SessionLimitDescription(
        key="max_energy",
        translation_key="max_energy",
        device_class=NumberDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        native_min_value=0,
        native_max_value=1_000,
        native_step=0.1,
        mode=NumberMode.BOX,
        factor=1_000,
    ),
    SessionLimitDescription(
        key="max_time",
        translation_key="max_time",
        device_class=NumberDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        native_min_value=0,
        native_max_value=10_080,
        native_step=1,
        mode=NumberMode.BOX,
        factor=60,
    ),
    SessionLimitDescription(
        key="max_cost",
        translation_key="max_cost",
        device_class=NumberDeviceClass.MONETARY,
        native_min_value=0,
        native_max_value=100_000,
        native_step=0.01,
        mode=NumberMode.BOX,
        priced=True,
    ),
    SessionLimitDescription(
        key="max_soc",
        translation_key="max_soc",
        native_unit_of_measurement=PERCENTAGE,
        native_min_value=0,
        native_max_value=100,
        native_step=1,
        mode=NumberMode.BOX,
    ),
)


def _session_limits(charger: Charger, evse: int) -> Iterator[OcppEntity]:
    """Yield the limits that the charger keeps by itself."""
    station = charger.station
    for description in SESSION_LIMITS:
        if station.transaction_limits.is_kept_by_station(description.key) and (
            station.tariff.exists or not description.priced
        ):
            yield OcppSessionLimitNumber(charger, description, evse)


def _numbers(charger: Charger) -> Iterator[OcppEntity]:
    yield OcppLimitNumber(charger, STATION_LIMIT)
    yield from key_numbers(charger)
    yield from variable_numbers(charger)
    yield from v2x_numbers(charger)
    for evse in charger.station.evses:
        yield OcppLimitNumber(charger, CURRENT_LIMIT, evse=evse)
        yield from _session_limits(charger, evse)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up numbers."""
    entry.runtime_data.async_setup_platform(async_add_entities, _numbers)


class OcppLimitNumber(ToldNumber):
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
    async def _tell(self, value: float) -> None:
        await self.station.smart_charging.set_limit(self.evse, value)


class OcppSessionLimitNumber(ToldNumber):
    """A limit of the session that runs, or of the next one; 0 is none."""

    entity_description: SessionLimitDescription

    def __init__(
        self, charger: Charger, description: SessionLimitDescription, evse: int
    ) -> None:
        """Watch the limit, and which session it is of."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=(Part(Topic.LIMIT, evse, "session"), Topic.TRANSACTION),
        )
        if description.priced:
            self._attr_native_unit_of_measurement = charger.station.tariff.currency

    @override
    def _present(self) -> tuple[float, bool]:
        limits, description = self.station.transaction_limits, self.entity_description
        value = limits.limit(self.evse, description.key) / description.factor
        reached = limits.reached(self.evse) == description.key
        self._attr_native_value = value
        self._attr_extra_state_attributes = {"reached": reached}
        return value, reached

    @override
    async def _tell(self, value: float) -> None:
        description = self.entity_description
        await self.station.transaction_limits.set(
            self.evse, {description.key: round(value * description.factor, 3)}
        )
