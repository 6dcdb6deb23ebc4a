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
    MAX_LENGTH_STATE_STATE,
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.helpers.typing import StateType

from .charger import Charger
from .csms.blocks.smart_charging import SOURCES, TRANSFER_MODES
from .csms.blocks.tariff_cost import SHOWN, prices_of
from .csms.charging_station import ChargingStation
from .csms.commands.command import snake
from .csms.model import Part, Topic
from .entity import OcppEntity
from .sessions import card_of, kwh


class Kept(NamedTuple):
    """What a sensor shows."""

    value: Any = None
    attributes: dict[str, Any] | None = None


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


def _unplaced(station: ChargingStation, _: int) -> Kept:
    sessions = station.transactions.unplaced_sessions()
    told = [
        {
            "session": session.number,
            "card": card_of(station.shared.id_tokens, session),
            "started": session.started.isoformat(),
            "energy": kwh(session.energy),
        }
        for session in sessions
    ]
    return Kept(len(sessions), {"sessions": told})


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
    critical: dict[str, StateType] = {"grid_critical": limit.grid_critical}
    if limit.source is None or limit.source in SOURCES:
        return Kept(limit.source and limit.source.casefold(), critical)
    # Stations of 2.1 may name whoever it is.
    return Kept("other", critical | {"source": limit.source})


def _tariff(station: ChargingStation, _: int) -> Kept:
    held = sorted(station.tariffs.held)
    return Kept(
        ", ".join(held)[:MAX_LENGTH_STATE_STATE] or None,
        prices_of(held[0]) if len(held) == 1 else None,
    )


def _needed(name: str, scale: float = 1) -> Callable[[ChargingStation, int], Kept]:
    """Return how to show what a car said."""

    def show(station: ChargingStation, evse: int) -> Kept:
        value = getattr(station.smart_charging.needs.get(evse), name, None)
        return Kept(value / scale if scale != 1 and value is not None else value)

    return show


def _transfer_mode(station: ChargingStation, evse: int) -> Kept:
    """Return how a car wants energy to flow, and what else it says of that since 2.1."""
    if (needs := station.smart_charging.needs.get(evse)) is None:
        return Kept()
    told = {
        "available": needs.available and [*needs.available],
        "control_mode": needs.control_mode and snake(needs.control_mode),
        "mobility_needs_mode": needs.needs_mode and needs.needs_mode.casefold(),
        "grid_controls": needs.grid_controls and [*map(snake, needs.grid_controls)],
    }
    return Kept(
        needs.transfer_mode, {name: it for name, it in told.items() if it is not None}
    )


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
UNPLACED_SESSIONS = KeptSensorDescription(
    key="unplaced_sessions",
    translation_key="unplaced_sessions",
    topic=Topic.TRANSACTION,
    exists_fn=lambda station, _: station.transactions.unplaced.seen,
    show_fn=_unplaced,
)
RESERVED_UNTIL = KeptSensorDescription(
    key="reserved_until",
    translation_key="reserved_until",
    device_class=SensorDeviceClass.TIMESTAMP,
    topic=Topic.RESERVATION,
    exists_fn=lambda station, evse: station.reservation.shows(evse),
    show_fn=_reserved,
)
TARIFF_ON_CHARGER = KeptSensorDescription(
    key="tariff_on_charger",
    translation_key="tariff_on_charger",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    topic=SHOWN.topic,
    part=SHOWN.key,
    exists_fn=lambda station, evse: not evse and station.tariffs.known,
    show_fn=_tariff,
)
WEB_PAYMENT_UNTIL = KeptSensorDescription(
    key="web_payment_until",
    translation_key="web_payment_until",
    device_class=SensorDeviceClass.TIMESTAMP,
    topic=Topic.TRANSACTION,
    part="payment",
    exists_fn=lambda station, evse: station.payment.shows(evse),
    show_fn=lambda station, evse: Kept(station.payment.paying_until(evse)),
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
        key="ev_maximum_discharge_power",
        translation_key="ev_maximum_discharge_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("maximum_discharge_power"),
        show_fn=_needed("maximum_discharge_power"),
    ),
    KeptSensorDescription(
        key="ev_target_state_of_charge",
        translation_key="ev_target_state_of_charge",
        native_unit_of_measurement=PERCENTAGE,
        topic=Topic.LIMIT,
        part="needs",
        exists_fn=_ever_needed("target_state_of_charge"),
        show_fn=_needed("target_state_of_charge"),
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
        show_fn=_transfer_mode,
    ),
)
_OF_EVSES = (
    *(RESERVED_UNTIL, WEB_PAYMENT_UNTIL, SCHEDULED_LIMIT, NEXT_LIMIT_CHANGE),
    *(EXTERNAL_LIMIT, EXTERNAL_LIMIT_SOURCE, *NEEDS),
)
STATION_SENSORS = (LOCAL_LIST_VERSION, UNPLACED_SESSIONS, TARIFF_ON_CHARGER, *_OF_EVSES)


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
