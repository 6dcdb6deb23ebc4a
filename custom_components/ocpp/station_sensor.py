"""Sensors of what a charger was told to keep: cards, reservations, schedules, limits of others.

And of what the car at it wants, where it says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.helpers.typing import StateType

from .csms.blocks.smart_charging import SOURCES, TRANSFER_MODES
from .csms.charging_station import ChargingStation
from .csms.model import Part, Topic
from .entity import OcppEntity
from .hub import Charger


class Kept(NamedTuple):
    """What a sensor shows."""

    value: Any = None
    attributes: dict[str, StateType] | None = None


@dataclass(frozen=True, kw_only=True)
class KeptSensorDescription(SensorEntityDescription):
    """A sensor of what is kept. `exists_fn` tells whether there can be any."""

    topic: Topic
    part: str = ""
    exists_fn: Callable[[ChargingStation, int], bool]
    show_fn: Callable[[ChargingStation, int], Kept]


def _list_version(station: ChargingStation, _: int) -> Kept:
    known = station.local_list
    return Kept(known.version, {"cards": known.cards, "left_out": known.left_out})


def _reserved(station: ChargingStation, evse: int) -> Kept:
    if (reservation := station.reservation.of(evse)) is None:
        return Kept()
    return Kept(
        reservation.expires,
        {
            "card": station.shared.id_tokens.label(reservation.id_token),
            "reservation_id": reservation.id,
        },
    )


def _has_schedule(station: ChargingStation, evse: int) -> bool:
    """Return whether there was ever more than a limit: that has a number of its own."""
    return evse > 0 and station.smart_charging.installed.shows(evse)


def _has_external(station: ChargingStation, evse: int) -> bool:
    """Return whether somebody else ever set a limit."""
    return evse > 0 and station.smart_charging.installed.foreign.shows(evse)


def _external_source(station: ChargingStation, evse: int) -> Kept:
    limit = station.smart_charging.installed.external(evse)
    return Kept(
        limit.source.casefold() if limit.source else None,
        {"grid_critical": limit.grid_critical},
    )


def _needed(name: str, scale: float = 1) -> Callable[[ChargingStation, int], Kept]:
    """Return how to show what a car said."""

    def show(station: ChargingStation, evse: int) -> Kept:
        value = getattr(station.smart_charging.needs.get(evse), name, None)
        return Kept(value / scale if scale != 1 and value is not None else value)

    return show


def _ever_needed(name: str) -> Callable[[ChargingStation, int], bool]:
    return lambda station, evse: (
        name in station.smart_charging.needs_told.get(evse, set())
    )


LOCAL_LIST_VERSION = KeptSensorDescription(
    key="local_list_version",
    translation_key="local_list_version",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    topic=Topic.LOCAL_LIST,
    exists_fn=lambda station, _: station.local_list.version is not None,
    show_fn=_list_version,
)
RESERVED_UNTIL = KeptSensorDescription(
    key="reserved_until",
    translation_key="reserved_until",
    device_class=SensorDeviceClass.TIMESTAMP,
    topic=Topic.RESERVATION,
    exists_fn=lambda station, evse: station.reservation.shows(evse),
    show_fn=_reserved,
)
SCHEDULED_LIMIT = KeptSensorDescription(
    key="scheduled_limit",
    translation_key="scheduled_limit",
    device_class=SensorDeviceClass.CURRENT,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    topic=Topic.LIMIT,
    part="schedule",
    exists_fn=_has_schedule,
    show_fn=lambda station, evse: Kept(
        station.smart_charging.installed.scheduled(evse).amperes
    ),
)
NEXT_LIMIT_CHANGE = KeptSensorDescription(
    key="next_limit_change",
    translation_key="next_limit_change",
    device_class=SensorDeviceClass.TIMESTAMP,
    topic=Topic.LIMIT,
    part="schedule",
    exists_fn=_has_schedule,
    show_fn=lambda station, evse: Kept(
        station.smart_charging.installed.scheduled(evse).until
    ),
)
EXTERNAL_LIMIT = KeptSensorDescription(
    key="external_limit",
    translation_key="external_limit",
    device_class=SensorDeviceClass.CURRENT,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    topic=Topic.LIMIT,
    part="external",
    exists_fn=_has_external,
    show_fn=lambda station, evse: Kept(
        station.smart_charging.installed.external(evse).amperes
    ),
)
EXTERNAL_LIMIT_SOURCE = KeptSensorDescription(
    key="external_limit_source",
    translation_key="external_limit_source",
    device_class=SensorDeviceClass.ENUM,
    options=[source.casefold() for source in SOURCES],
    topic=Topic.LIMIT,
    part="external",
    exists_fn=_has_external,
    show_fn=_external_source,
)
# What cars say by way of ISO 15118.
NEEDS = (
    KeptSensorDescription(
        key="ev_departure_time",
        translation_key="ev_departure_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("departure"),
        show_fn=_needed("departure"),
    ),
    KeptSensorDescription(
        key="ev_requested_energy",
        translation_key="ev_requested_energy",
        # Without a state class: it is a wish, and not for the energy dashboard.
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("energy"),
        show_fn=_needed("energy", 1000),
    ),
    KeptSensorDescription(
        key="ev_maximum_current",
        translation_key="ev_maximum_current",
        device_class=SensorDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("maximum_current"),
        show_fn=_needed("maximum_current"),
    ),
    KeptSensorDescription(
        key="ev_maximum_power",
        translation_key="ev_maximum_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("maximum_power"),
        show_fn=_needed("maximum_power"),
    ),
    KeptSensorDescription(
        key="ev_state_of_charge",
        translation_key="ev_state_of_charge",
        device_class=SensorDeviceClass.BATTERY,
        native_unit_of_measurement=PERCENTAGE,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("state_of_charge"),
        show_fn=_needed("state_of_charge"),
    ),
    KeptSensorDescription(
        key="ev_energy_transfer_mode",
        translation_key="ev_energy_transfer_mode",
        device_class=SensorDeviceClass.ENUM,
        options=[*TRANSFER_MODES],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("transfer_mode"),
        show_fn=_needed("transfer_mode"),
    ),
)
_OF_EVSES = (
    *(RESERVED_UNTIL, SCHEDULED_LIMIT, NEXT_LIMIT_CHANGE),
    *(EXTERNAL_LIMIT, EXTERNAL_LIMIT_SOURCE, *NEEDS),
)
STATION_SENSORS = (LOCAL_LIST_VERSION, *_OF_EVSES)


def station_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the sensors of what a charger keeps."""
    station = charger.station
    for description in STATION_SENSORS:
        if description.exists_fn(station, 0):
            yield OcppKeptSensor(charger, description, 0)
    for evse in station.evses:
        for description in _OF_EVSES:
            if description.exists_fn(station, evse):
                yield OcppKeptSensor(charger, description, evse)


class OcppKeptSensor(OcppEntity, SensorEntity):
    """A sensor of what a charger keeps."""

    entity_description: KeptSensorDescription

    def __init__(
        self, charger: Charger, description: KeptSensorDescription, evse: int
    ) -> None:
        """Watch what is kept."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=(Part(description.topic, evse, description.part),),
        )
        self._show = description.show_fn

    @override
    def _present(self) -> Kept:
        shown = self._show(self.station, self.evse)
        self._attr_native_value = shown.value
        self._attr_extra_state_attributes = shown.attributes or {}
        return shown
