"""Sensors: what an EVSE does, its session, and what its meter reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .battery import battery_sensors
from .card_sensor import async_setup_card_sensors
from .charger import Charger
from .configuration import key_sensors
from .csms.blocks.availability import ERROR_CODES
from .csms.blocks.transactions import STOP_REASONS
from .csms.charging_station import ChargingStation
from .csms.model import EvseStatus, Part, Topic
from .der import grid_sensors
from .device_model import variable_sensors
from .entity import OcppEntity
from .hub import OcppConfigEntry
from .maintenance_sensor import maintenance_sensors
from .measurands import MeasurandDescription, descriptions_for
from .session_sensor import session_sensors
from .station_sensor import station_sensors

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0

type Value = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class OcppSensorDescription(SensorEntityDescription):
    """A sensor whose value is a part of the model."""

    watched: tuple[Topic | Part, ...]
    value_fn: Callable[[ChargingStation, int], Value]
    # Whether it can also be told of a charger that is away.
    lasting: bool = False


def _status(station: ChargingStation, evse: int) -> Value:
    state = station.availability.state(evse)
    return state.status.value if state is not None else None


def _error_code(station: ChargingStation, evse: int) -> Value:
    if (fault := station.availability.fault(evse)) is not None:
        return fault.error_code
    return "no_error" if station.availability.state(evse) is not None else None


def _vendor_error(station: ChargingStation, evse: int) -> Value:
    for state in (
        station.availability.fault(evse),
        station.availability.state(evse),
    ):
        if state is not None and state.vendor_error:
            return state.vendor_error
    return None


def _session_energy(station: ChargingStation, evse: int) -> Value:
    energy = station.transactions.energy(evse)
    return round(energy / 1000, 3) if energy is not None else None


def _session_start(station: ChargingStation, evse: int) -> Value:
    transaction = station.transactions.session(evse)
    return transaction.started if transaction is not None else None


def _id_token(station: ChargingStation, evse: int) -> Value:
    transaction = station.transactions.running(evse)
    if transaction is None:
        return None
    if not transaction.id_token:
        # Of a PIN only its name is known.
        return transaction.card
    return station.shared.id_tokens.label(transaction.id_token)


def _stop_reason(station: ChargingStation, evse: int) -> Value:
    transaction = station.transactions.session(evse)
    return transaction.stop_reason if transaction is not None else None


STATION_SENSORS = (
    OcppSensorDescription(
        key="last_seen",
        translation_key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        watched=(Topic.LAST_SEEN,),
        lasting=True,
        value_fn=lambda station, _: station.last_seen,
    ),
)

_STATES_OF_EVSE = (Topic.STATUS, Part(Topic.STATUS))

EVSE_SENSORS = (
    OcppSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in EvseStatus],
        watched=(Topic.STATUS,),
        value_fn=_status,
    ),
    OcppSensorDescription(
        key="error_code",
        translation_key="error_code",
        device_class=SensorDeviceClass.ENUM,
        options=list(ERROR_CODES.values()),
        entity_category=EntityCategory.DIAGNOSTIC,
        watched=_STATES_OF_EVSE,
        value_fn=_error_code,
    ),
    OcppSensorDescription(
        key="vendor_error",
        translation_key="vendor_error",
        entity_category=EntityCategory.DIAGNOSTIC,
        watched=_STATES_OF_EVSE,
        value_fn=_vendor_error,
    ),
    OcppSensorDescription(
        key="session_energy",
        translation_key="session_energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=2,
        watched=(Topic.TRANSACTION, Topic.ENERGY),
        value_fn=_session_energy,
    ),
    OcppSensorDescription(
        key="session_start",
        translation_key="session_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        watched=(Topic.TRANSACTION,),
        value_fn=_session_start,
    ),
    OcppSensorDescription(
        key="id_token",
        translation_key="id_token",
        watched=(Topic.TRANSACTION,),
        value_fn=_id_token,
    ),
    OcppSensorDescription(
        key="stop_reason",
        translation_key="stop_reason",
        device_class=SensorDeviceClass.ENUM,
        options=list(STOP_REASONS),
        watched=(Topic.TRANSACTION,),
        value_fn=_stop_reason,
    ),
)


def _sensors(charger: Charger) -> Iterator[OcppEntity]:
    for description in STATION_SENSORS:
        yield OcppSensor(charger, description)
    yield from maintenance_sensors(charger)
    yield from key_sensors(charger)
    yield from variable_sensors(charger)
    yield from station_sensors(charger)
    yield from grid_sensors(charger)
    yield from battery_sensors(charger)
    for evse in charger.station.evses:
        for description in EVSE_SENSORS:
            yield OcppSensor(charger, description, evse)
        yield from session_sensors(charger, evse)
        for measurand in descriptions_for(
            charger.station.metering.seen.get(evse, set())
        ):
            yield OcppMeasurandSensor(charger, measurand, evse)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up sensors, and those that are found out about later."""
    entry.runtime_data.async_setup_platform(async_add_entities, _sensors)
    entry.async_on_unload(
        async_setup_card_sensors(entry.runtime_data.cards, async_add_entities)
    )


class OcppSensor(OcppEntity, SensorEntity):
    """A sensor of a station or EVSE."""

    entity_description: OcppSensorDescription
    _shown: Value

    def __init__(
        self, charger: Charger, description: OcppSensorDescription, evse: int = 0
    ) -> None:
        """Watch what the description says."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=description.watched,
            lasting=description.lasting,
            continuous=description.native_unit_of_measurement is not None,
        )

    @property
    @override
    def native_value(self) -> Value:
        """Return what is shown."""
        return self._shown

    @override
    def _present(self) -> Value:
        return self.entity_description.value_fn(self.station, self.evse)


class OcppMeasurandSensor(OcppEntity, SensorEntity):
    """A reading of an EVSE's meter."""

    entity_description: MeasurandDescription
    _shown: float | None

    def __init__(
        self, charger: Charger, description: MeasurandDescription, evse: int
    ) -> None:
        """Watch one reading."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=(Part(Topic.METER, evse, description.reading),),
            continuous=True,
        )
        self._values = self.station.metering.values_of(evse)
        self._reading, self._factor = description.reading, description.factor

    @property
    @override
    def native_value(self) -> float | None:
        """Return what is shown."""
        return self._shown

    @override
    def _present(self) -> float | None:
        value = self._values.get(self._reading)
        return round(value * self._factor, 3) if value is not None else None
