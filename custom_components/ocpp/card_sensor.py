"""Sensors of a card: how much it charged, and how often.

Both only ever grow: a session that people delete goes on counting, since it was charged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .cards import Card, Cards


@dataclass(frozen=True, kw_only=True)
class CardSensorDescription(SensorEntityDescription):
    """A sensor of a card."""

    value_fn: Callable[[Card], StateType]


def _energy(card: Card) -> StateType:
    return None if card.energy is None else round(card.energy / 1000, 3)


CARD_SENSORS = (
    CardSensorDescription(
        key="energy",
        translation_key="energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=2,
        value_fn=_energy,
    ),
    CardSensorDescription(
        key="sessions",
        translation_key="sessions",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda card: card.sessions,
    ),
)


@callback
def async_setup_card_sensors(
    cards: Cards, async_add_entities: AddConfigEntryEntitiesCallback
) -> Callable[[], None]:
    """Add sensors for every card, now and as more are listed."""

    @callback
    def add(card: Card) -> None:
        async_add_entities(
            [CardSensor(card, description) for description in CARD_SENSORS],
            config_subentry_id=card.subentry_id,
        )

    return cards.async_on_card(add)


class CardSensor(SensorEntity):
    """A total of a card; there whatever the chargers do."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: CardSensorDescription

    def __init__(self, card: Card, description: CardSensorDescription) -> None:
        """Show what the description says of a card."""
        self.entity_description = description
        self._card = card
        self._attr_unique_id = f"{card.subentry_id}-{description.key}"
        self._attr_device_info = dr.DeviceInfo(identifiers=card.identifiers)
        self._attr_native_value = description.value_fn(card)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the card's totals."""
        self.async_on_remove(self._card.watch(self._update))

    @callback
    def _update(self) -> None:
        """Write the state if it is another."""
        value = self.entity_description.value_fn(self._card)
        if value != self._attr_native_value:
            self._attr_native_value = value
            self.async_write_ha_state()
