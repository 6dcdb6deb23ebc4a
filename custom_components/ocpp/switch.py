"""Switches: whether a charger may be used, whether it charges, and its settings."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .configuration import key_switches
from .csms.model import Part, Topic
from .device_model import variable_switches
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0

AVAILABLE = SwitchEntityDescription(
    key="available",
    translation_key="available",
    entity_category=EntityCategory.CONFIG,
)
CHARGING = SwitchEntityDescription(key="charging", translation_key="charging")
PRIORITY = SwitchEntityDescription(
    key="priority_charging", translation_key="priority_charging"
)


def _switches(charger: Charger) -> Iterator[OcppEntity]:
    if charger.station.availability.changeable:
        yield OcppAvailableSwitch(
            charger, AVAILABLE, watched=(Topic.AVAILABILITY, Part(Topic.INFO))
        )
    yield from key_switches(charger)
    yield from variable_switches(charger)
    for evse in charger.station.evses:
        yield OcppChargingSwitch(
            charger, CHARGING, evse=evse, watched=(Topic.TRANSACTION,)
        )
        if charger.station.smart_charging.knows_priority:
            yield OcppPrioritySwitch(
                charger,
                PRIORITY,
                evse=evse,
                watched=(Topic.TRANSACTION, Part(Topic.LIMIT, evse, "priority")),
            )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up switches."""
    entry.runtime_data.async_setup_platform(async_add_entities, _switches)


class OcppAvailableSwitch(OcppEntity, SwitchEntity):
    """Takes a charger out of use and back; it remembers that over its own restarts."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the charger can be told, which its model may rule out."""
        return super().available and self.station.availability.changeable

    @override
    def _present(self) -> tuple[bool | None, bool]:
        self._attr_is_on = self.station.availability.operative
        return self._attr_is_on, self.station.availability.changeable

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let the charger be used."""
        await self._change(operative=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Take the charger out of use, behind a running session where it insists."""
        await self._change(operative=False)

    async def _change(self, *, operative: bool) -> None:
        with translated_errors(self.charger.name):
            await self.station.availability.change(operative=operative)
        self.station.flush()


class OcppChargingSwitch(OcppEntity, SwitchEntity):
    """Starts and stops charging; on while a session may charge, whoever started it."""

    @override
    def _present(self) -> bool:
        self._attr_is_on = self.station.transactions.is_charging(self.evse)
        return self._attr_is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Ask the charger to start a session."""
        with translated_errors(self.charger.name):
            await self.station.remote_control.start(self.evse)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Ask the charger to end the session."""
        with translated_errors(self.charger.name):
            await self.station.remote_control.stop(self.evse)


class OcppPrioritySwitch(OcppEntity, SwitchEntity):
    """Has a session charge with priority; on while the charger says that it does."""

    @property
    @override
    def available(self) -> bool:
        """Return whether a session runs that could have it."""
        running = self.station.transactions.running(self.evse)
        return super().available and running is not None

    @override
    def _present(self) -> tuple[bool, bool]:
        self._attr_is_on = self.station.smart_charging.has_priority(self.evse)
        running = self.station.transactions.running(self.evse)
        return self._attr_is_on, running is not None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Ask for priority."""
        await self._ask(activate=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Ask for the end of it."""
        await self._ask(activate=False)

    async def _ask(self, *, activate: bool) -> None:
        with translated_errors(self.charger.name):
            await self.station.smart_charging.use_priority(self.evse, activate=activate)
