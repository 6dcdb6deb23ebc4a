"""Updates: which firmware a charger has, and how far a new one is."""

from collections.abc import Iterator
from posixpath import basename
from typing import Any, override
from urllib.parse import unquote, urlsplit

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charger import Charger
from .csms.model import Topic
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import OcppConfigEntry

# Nothing is polled, and commands wait for their own charger only.
PARALLEL_UPDATES = 0

ATTR_STATUS = "status"
ATTR_REASON = "reason"

FIRMWARE = UpdateEntityDescription(
    key="firmware",
    translation_key="firmware",
    device_class=UpdateDeviceClass.FIRMWARE,
    entity_category=EntityCategory.CONFIG,
)


def _updates(charger: Charger) -> Iterator[OcppEntity]:
    yield OcppUpdate(charger, FIRMWARE, watched=(Topic.FIRMWARE, Topic.INFO))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up updates."""
    entry.runtime_data.async_setup_platform(async_add_entities, _updates)


class OcppUpdate(OcppEntity, UpdateEntity):
    """The firmware of a charger.

    Chargers do not know what is newer: what people entered an address of is offered, by
    the name of its file, until the charger says that it installed it. Which version it has
    is what it said when it last started.
    """

    @property
    @override
    def in_progress(self) -> bool:
        """Return whether the charger says that it is at it.

        Home Assistant would take an update for finished when the charger agreed to it.
        """
        return self.station.firmware.in_progress

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Return true: the name of a file does not compare with a version."""
        return True

    @override
    def _present(self) -> Any:
        firmware, info = self.station.firmware, self.station.provisioning.info
        url = self.station.settings.firmware_url
        installed = (info.firmware if info else "") or None
        features = UpdateEntityFeature.PROGRESS
        if url:
            features |= UpdateEntityFeature.INSTALL
        offered = bool(url) and not firmware.has_installed(url)
        self._attr_supported_features = features
        self._attr_installed_version = installed
        self._attr_latest_version = _name_of(url) if offered else installed
        status = {ATTR_STATUS: firmware.status, ATTR_REASON: firmware.reason}
        self._attr_extra_state_attributes = status
        return features, installed, self._attr_latest_version, status

    @override
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        """Ask the charger to fetch and install what is at the address."""
        with translated_errors(self.charger.name):
            await self.station.firmware.install(self.station.settings.firmware_url)
        self.station.flush()


def _name_of(url: str) -> str:
    """Return the name of the file at an address."""
    return basename(unquote(urlsplit(url).path).rstrip("/"))[:255]
