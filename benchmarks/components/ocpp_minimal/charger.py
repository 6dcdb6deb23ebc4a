"""What is known of a charger, and the entities that show it."""

from collections.abc import Awaitable, Callable
import time
from typing import Any

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

_VALUES = {
    "Energy.Active.Import.Register": "energy",
    "Power.Active.Import": "power",
    "Current.Import": "current",
    "Voltage": "voltage",
    "Current.Offered": "current_offered",
    "Temperature": "temperature",
}
SENSORS = (*_VALUES.values(), "session_energy", "session_duration", "status")


class Charger:
    """One charger."""

    def __init__(self, identity: str) -> None:
        """Begin offline."""
        self.identity = identity
        self.available = False
        self.entities: dict[str, MinimalEntity] = {}
        self.values: dict[str, Any] = {}
        self.meter_start = 0
        self.started = time.monotonic()
        # Sends a limit in ampere; set by who holds the socket.
        self.set_limit: Callable[[float], Awaitable[None]]

    def connected(self, available: bool) -> None:
        """Show whether it is there."""
        self.available = available
        for entity in self.entities.values():
            entity.async_write_ha_state()

    def show(self, **values: Any) -> None:
        """Write what is different now."""
        for key, value in values.items():
            if self.values.get(key) != value:
                self.values[key] = value
                if (entity := self.entities.get(key)) is not None:
                    entity.async_write_ha_state()

    def meter(self, meter_values: list[dict[str, Any]], sampled_value: str) -> None:
        """Show samples; of phases the mean."""
        found: dict[str, list[float]] = {}
        for element in meter_values:
            for sample in element[sampled_value]:
                key = _VALUES[sample["measurand"]]
                found.setdefault(key, []).append(float(sample["value"]))
        values = {key: round(sum(all_) / len(all_), 3) for key, all_ in found.items()}
        self.show(
            session_energy=values["energy"] - self.meter_start,
            session_duration=round((time.monotonic() - self.started) / 60),
            **values,
        )

    def start(self, register: int) -> None:
        """Begin a session, whose energy counts from a register in Wh."""
        self.meter_start, self.started = register, time.monotonic()


class MinimalEntity(Entity):
    """Shows one value of a charger."""

    _attr_should_poll = False

    def __init__(self, charger: Charger, key: str) -> None:
        """Belong to the charger's device."""
        self.charger = charger
        self.key = key
        self._attr_name = f"{charger.identity} {key}"
        # The charger names its one EVSE in the ids of the integration too.
        self._attr_unique_id = f"{charger.identity}-1-{key}"
        self._attr_device_info = DeviceInfo(
            identifiers={("ocpp_minimal", charger.identity)}, name=charger.identity
        )

    @property
    def available(self) -> bool:
        """Return whether the charger is there."""
        return self.charger.available

    async def async_added_to_hass(self) -> None:
        """Be written from now on."""
        self.charger.entities[self.key] = self
