"""Binary sensors: connected, plugged in, charging, in trouble."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .configuration import key_binary_sensors
from .csms.charging_station import ChargingStation
from .csms.model import PLUGGED_IN, EvseStatus, Part, Topic
from .der import grid_binary_sensors
from .device_model import variable_binary_sensors
from .entity import OcppEntity
from .hub import OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OcppBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor whose value is a part of the model."""

    watched: tuple[Topic | Part, ...]
    value_fn: Callable[[ChargingStation, int], bool | None]


def _plugged_in(station: ChargingStation, evse: int) -> bool | None:
    if (
        station.transactions.running(evse) is not None
        # In 2.x a session can outlive the cable, and begin before it.
        and station.transactions.charging_state(evse).casefold() != "idle"
    ):
        return True
    if (state := station.availability.state(evse)) is None:
        return None
    if state.status in PLUGGED_IN:
        return True
    # Out of order or reserved says nothing about the cable.
    return False if state.status is EvseStatus.AVAILABLE else None


def _charging(station: ChargingStation, evse: int) -> bool | None:
    state = station.availability.state(evse)
    return None if state is None else state.status is EvseStatus.CHARGING


def _problem(station: ChargingStation, evse: int) -> bool | None:
    if station.availability.fault(evse) is not None:
        return True
    return None if station.availability.state(evse) is None else False


CONNECTED = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)

EVSE_SENSORS = (
    OcppBinarySensorDescription(
        key="plugged_in",
        translation_key="plugged_in",
        device_class=BinarySensorDeviceClass.PLUG,
        watched=(Topic.STATUS, Topic.TRANSACTION),
        value_fn=_plugged_in,
    ),
    OcppBinarySensorDescription(
        key="charging",
        translation_key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        watched=(Topic.STATUS,),
        value_fn=_charging,
    ),
    OcppBinarySensorDescription(
        key="problem",
        translation_key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        watched=(Topic.STATUS, Part(Topic.STATUS)),
        value_fn=_problem,
    ),
)


@dataclass(frozen=True, kw_only=True)
class MeasuredFlagDescription(OcppBinarySensorDescription):
    """Something that is so or not, told among the readings of a meter by its key."""

    reading: str
    watched: tuple[Topic | Part, ...] = ()


# What a car says of itself (2.1).
MEASURED_FLAGS = (
    MeasuredFlagDescription(
        key="ev_charging_complete",
        translation_key="ev_charging_complete",
        reading="Display.ChargingComplete",
        value_fn=lambda station, evse: _flag(station, evse, "Display.ChargingComplete"),
    ),
    MeasuredFlagDescription(
        key="ev_inlet_hot",
        translation_key="ev_inlet_hot",
        device_class=BinarySensorDeviceClass.HEAT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        reading="Display.InletHot",
        value_fn=lambda station, evse: _flag(station, evse, "Display.InletHot"),
    ),
)


def _flag(station: ChargingStation, evse: int, reading: str) -> bool | None:
    found = station.metering.value(evse, reading)
    return found != 0 if found is not None else None


def _sensors(charger: Charger) -> Iterator[OcppEntity]:
    yield OcppConnected(charger, CONNECTED)
    yield from key_binary_sensors(charger)
    yield from variable_binary_sensors(charger)
    yield from grid_binary_sensors(charger)
    for evse in charger.station.evses:
        for description in EVSE_SENSORS:
            yield OcppBinarySensor(
                charger, description, evse=evse, watched=description.watched
            )
        seen = charger.station.metering.seen.get(evse, ())
        for flag in MEASURED_FLAGS:
            if flag.reading in seen:
                part = Part(Topic.METER, evse, flag.reading)
                yield OcppBinarySensor(charger, flag, evse=evse, watched=(part,))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up binary sensors."""
    entry.runtime_data.async_setup_platform(async_add_entities, _sensors)


class OcppBinarySensor(OcppEntity, BinarySensorEntity):
    """A binary sensor of an EVSE."""

    entity_description: OcppBinarySensorDescription

    @override
    def _present(self) -> bool | None:
        value = self.entity_description.value_fn(self.station, self.evse)
        self._attr_is_on = value
        return value


class OcppConnected(OcppEntity, BinarySensorEntity):
    """Whether the charger is connected; the one entity that is there when it is not.

    One that is in for nothing but a new certificate may be somebody else, and is away.
    """

    @property
    @override
    def available(self) -> bool:
        """Return true: that a charger is away can always be told."""
        return True

    @override
    def _present(self) -> bool:
        self._attr_is_on = self.station.present
        return self._attr_is_on
