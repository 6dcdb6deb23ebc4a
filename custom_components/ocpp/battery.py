"""Batteries that people swap: what is in each slot of a charger, and what happened."""

from collections.abc import Iterable, Iterator
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory

from .charger import Charger
from .csms.blocks.battery_swap import SWAP_EVENTS
from .csms.charging_station import ChargingStation
from .csms.happenings import Battery, BatterySwapped
from .csms.model import Part, Topic
from .entity import OcppEntity

BATTERY_SWAP_TYPES = [*SWAP_EVENTS.values()]
# What goes into the database of the recorder with each event.
_MOST_TOLD = 16

BATTERY_STATE_OF_CHARGE = SensorEntityDescription(
    key="battery_state_of_charge",
    translation_key="battery_state_of_charge",
    device_class=SensorDeviceClass.BATTERY,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
)
BATTERY_HEALTH = SensorEntityDescription(
    key="battery_health",
    translation_key="battery_health",
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    suggested_display_precision=0,
)
BATTERY_SENSORS = (BATTERY_STATE_OF_CHARGE, BATTERY_HEALTH)


def battery_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the sensors of each slot that ever had a battery in it."""
    for evse in sorted(charger.station.battery_swap.slots):
        part = Part(Topic.BATTERY, evse)
        yield StateOfChargeSensor(
            charger,
            BATTERY_STATE_OF_CHARGE,
            evse=evse,
            watched=(part, Part(Topic.METER, evse, "SoC")),
        )
        yield HealthSensor(charger, BATTERY_HEALTH, evse=evse, watched=(part,))


def battery_swap(
    station: ChargingStation, event: BatterySwapped
) -> tuple[str, dict[str, Any]]:
    """Return the type of a swap's event, and what else it tells."""
    label = station.shared.id_tokens.label
    return event.type, {
        "swap": event.number,
        "card": label(event.id_token) if event.id_token else None,
        "accepted": event.accepted,
        "requested": event.requested,
        "batteries": _listed(event.batteries),
        "put_in": _listed(event.put_in),
        "taken_out": _listed(event.taken_out),
        "happened_at": event.at.isoformat(),
    }


def _listed(batteries: Iterable[Battery]) -> list[dict[str, Any]]:
    return [
        {
            "evse": battery.evse,
            "serial_number": battery.serial or None,
            "state_of_charge": battery.state_of_charge,
            "health": battery.state_of_health,
        }
        for battery in (*batteries,)[:_MOST_TOLD]
    ]


class StateOfChargeSensor(OcppEntity, SensorEntity):
    """How full the battery in a slot is."""

    @override
    def _present(self) -> Any:
        block = self.station.battery_swap
        battery = block.held.get(self.evse)
        self._attr_native_value = block.state_of_charge(self.evse)
        self._attr_extra_state_attributes = {
            "serial_number": (battery.serial or None) if battery is not None else None,
            "produced": (battery.produced or None) if battery is not None else None,
        }
        return self._attr_native_value, battery


class HealthSensor(OcppEntity, SensorEntity):
    """How much of its capacity the battery in a slot still has."""

    @override
    def _present(self) -> Any:
        battery = self.station.battery_swap.held.get(self.evse)
        value = battery.state_of_health if battery is not None else None
        self._attr_native_value = value
        return value
