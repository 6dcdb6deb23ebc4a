"""The base of all entities: which device, available when, written when what changed."""

from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity, EntityDescription

from .charger import Charger
from .const import DOMAIN
from .csms.model import Part, Topic
from .settings import evse_identifier


class OcppEntity(Entity):
    """Shows one part of a charger. EVSE 0 is the charger as a whole."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        charger: Charger,
        description: EntityDescription,
        *,
        evse: int = 0,
        watched: tuple[Topic | Part, ...] = (),
        lasting: bool = False,
        continuous: bool = False,
    ) -> None:
        """Show what the description says, written when a watched part changed.

        What is `lasting` can also be told of a charger that is away. What is `continuous`
        shares its context with all that the same message changed; the logbook, which would
        call one of them the cause of the others, leaves out what has a unit.
        """
        self.entity_description = description
        self.charger = charger
        self.station = charger.station
        self.evse = evse
        identity = self.station.identity
        # What the entity is called among those of its charger and platform.
        self.key = f"{evse}-{description.key}" if evse else description.key
        self._attr_unique_id = f"{identity}-{self.key}"
        self._watched = [
            part if isinstance(part, Part) else Part(part, evse) for part in watched
        ]
        self._attr_device_info = self._device_info(identity)
        self._lasting = lasting
        self._continuous = continuous
        self._attr_available = lasting or self.station.present
        self._shown: Any = None

    def _device_info(self, identity: str) -> dr.DeviceInfo | dr.ChildDeviceInfo:
        """Return the EVSE's own device where the charger has several."""
        if self.evse and self.station.the_only_evse is None:
            return dr.ChildDeviceInfo(
                identifiers={(DOMAIN, evse_identifier(identity, self.evse))},
                parent_device_id=self.charger.device_id,
                translation_key="evse",
                translation_placeholders={"number": str(self.evse)},
            )
        return dr.DeviceInfo(identifiers={(DOMAIN, identity)})

    def _present(self) -> Any:
        """Take the present value into the entity's attributes and return it."""
        raise NotImplementedError

    @callback
    def _update(self) -> None:
        """Write the state if it is another."""
        shown = self._present()
        if shown != self._shown:
            self._shown = shown
            if self._continuous:
                self.async_set_context(self.charger.context)
            self.async_write_ha_state()

    @callback
    def _update_availability(self) -> None:
        before = self.available
        self._attr_available = self._lasting or self.station.present
        shown = self._present()
        if shown != self._shown or self.available != before:
            self._shown = shown
            self.async_write_ha_state()

    @override
    async def async_added_to_hass(self) -> None:
        """Watch the charger; the first state is written by Home Assistant."""
        for part in self._watched:
            self.async_on_remove(self.station.watch(part, self._update))
        self.async_on_remove(
            self.station.watch(Part(Topic.CONNECTION), self._update_availability)
        )
        self._attr_available = self._lasting or self.station.present
        self._shown = self._present()

    async def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Stay as it is: nothing here depends on the entity id."""
