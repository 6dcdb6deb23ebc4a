"""Sensors of what a charger was told to keep: cards, reservations, and schedules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import EntityCategory, UnitOfElectricCurrent
from homeassistant.helpers.typing import StateType

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
_OF_EVSES = (RESERVED_UNTIL, SCHEDULED_LIMIT, NEXT_LIMIT_CHANGE)
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
