"""The base of all entities: which device, available when, written when what changed."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity, EntityDescription

from .charger import Charger
from .const import DOMAIN
from .csms.model import Part, Topic
from .settings import evse_identifier

_CONNECTION = Part(Topic.CONNECTION)


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
        self._watched = watched
        self._lasting = lasting
        self._continuous = continuous
        self._attr_available = lasting or self.station.present
        self._shown: Any = None

    # Home Assistant asks once: nothing of it is kept.
    @property
    @override
    def device_info(self) -> dr.DeviceInfo | dr.ChildDeviceInfo:
        """Return the EVSE's own device where the charger has several."""
        identity = self.station.identity
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
        shown, available = self._present(), self._lasting or self.station.present
        if shown != self._shown or available != self._attr_available:
            self._shown, self._attr_available = shown, available
            self.async_write_ha_state()

    def _parts(self) -> Iterator[Part]:
        for part in self._watched:
            yield part if isinstance(part, Part) else Part(part, self.evse)

    @override
    async def async_added_to_hass(self) -> None:
        """Watch the charger; the first state is written by Home Assistant."""
        for part in self._parts():
            self.station.watch(part, self._update)
        self.station.watch(_CONNECTION, self._update_availability)
        self._attr_available = self._lasting or self.station.present
        self._shown = self._present()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Watch it no more."""
        for part in self._parts():
            self.station.unwatch(part, self._update)
        self.station.unwatch(_CONNECTION, self._update_availability)

    async def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Stay as it is: nothing here depends on the entity id."""
