"""Backups of Home Assistant hold a consistent store."""

import logging

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .csms.store import Store, StoreUnavailable
from .csms.store.holding import release_all
from .hub import OcppConfigEntry

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Leave the files of the stores as they are; what is written goes beside them."""
    for store in _stores(hass):
        try:
            await store.prepare_backup()
        except StoreUnavailable:
            # Nobody is served by having no backup of anything else either.
            _LOGGER.warning("The backup may lack the newest charging sessions")


async def async_post_backup(hass: HomeAssistant) -> None:
    """Write to the files of the stores again."""
    for store in _stores(hass):
        try:
            await store.finish_backup()
        except StoreUnavailable:
            _LOGGER.warning("The file of charging sessions stays as it was for now")
    # Also those whose store is not open just now.
    release_all()


def _stores(hass: HomeAssistant) -> list[Store]:
    entries: list[OcppConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry.runtime_data.store for entry in entries]
