"""An OCPP central system in Home Assistant: chargers connect to it directly."""

import os

from homeassistant.const import CONF_PORT, EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import CONF_UNKNOWN_CHARGERS, DOMAIN
from .csms.authority import AuthorityError
from .csms.errors import PortUnavailable
from .csms.store import StoreError, StoreTooNew, StoreUnavailable
from .csms.tls import TlsError
from .hub import OcppConfigEntry, OcppHub
from .issues import (
    async_drop_port_issue,
    async_drop_store_issues,
    async_drop_tls_issues,
    async_show_port_issue,
    async_show_store_away,
)
from .services import async_setup_services
from .views import SessionsView

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TEXT,
    Platform.UPDATE,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions and the download of sessions."""
    async_setup_services(hass)
    hass.http.register_view(SessionsView)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OcppConfigEntry) -> bool:
    """Start a central system."""
    hub = OcppHub(hass, entry)
    try:
        await hub.async_open()
    except StoreError as error:
        raise _store_unavailable(hass, entry, error) from error
    except OSError as error:
        raise _port_unavailable(hass, entry, error) from error
    except (TlsError, AuthorityError) as error:
        raise _tls_misconfigured(error) from error
    entry.runtime_data = hub
    # Entries are not unloaded when Home Assistant stops.
    entry.async_on_unload(
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, hub.async_close)
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    # Only now, so that the first messages find every entity in place.
    try:
        await hub.central.listen()
    except OSError as error:
        await async_unload_entry(hass, entry)
        raise _port_unavailable(hass, entry, error) from error
    async_drop_port_issue(hass, entry)
    return True


def _store_unavailable(
    hass: HomeAssistant, entry: OcppConfigEntry, error: StoreError
) -> ConfigEntryError | ConfigEntryNotReady:
    """Say why sessions can't be stored; without that no charger is answered."""
    if isinstance(error, StoreTooNew):
        return ConfigEntryError(
            translation_domain=DOMAIN, translation_key="store_too_new"
        )
    if isinstance(error, StoreUnavailable):
        async_show_store_away(hass, entry, str(error))
        return ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="store_unavailable",
            translation_placeholders={"error": str(error)},
        )
    return ConfigEntryError(
        translation_domain=DOMAIN,
        translation_key="store_misconfigured",
        translation_placeholders={"error": str(error)},
    )


def _port_unavailable(
    hass: HomeAssistant, entry: OcppConfigEntry, error: OSError
) -> ConfigEntryNotReady:
    """Show people why chargers can't connect; Home Assistant tries again."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    port = error.port if isinstance(error, PortUnavailable) else entry.data[CONF_PORT]
    async_show_port_issue(hass, entry, port, reason)
    return ConfigEntryNotReady(
        translation_domain=DOMAIN,
        translation_key="port_unavailable",
        translation_placeholders={
            "port": str(port),
            "reason": reason,
        },
    )


def _tls_misconfigured(error: TlsError | AuthorityError) -> ConfigEntryError:
    """Say which file keeps chargers from connecting encrypted."""
    if isinstance(error, TlsError):
        return ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="tls_file_unusable",
            translation_placeholders={"path": str(error.path or error.field)},
        )
    return ConfigEntryError(
        translation_domain=DOMAIN,
        translation_key="authority_unusable",
        translation_placeholders={"file": str(error)},
    )


async def _async_entry_updated(hass: HomeAssistant, entry: OcppConfigEntry) -> None:
    """Follow changed options and chargers."""
    await entry.runtime_data.async_update()


async def async_unload_entry(hass: HomeAssistant, entry: OcppConfigEntry) -> bool:
    """Stop a central system."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.async_close()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: OcppConfigEntry) -> None:
    """Leave no issue behind."""
    async_drop_port_issue(hass, entry)
    async_drop_store_issues(hass, entry)
    async_drop_tls_issues(hass, entry)


async def async_migrate_entry(hass: HomeAssistant, entry: OcppConfigEntry) -> bool:
    """Bring an entry up to date; those of another integration of this domain are refused."""
    if entry.version < 3:
        return False
    if (entry.version, entry.minor_version) == (3, 1):
        options = dict(entry.options)
        if options.pop("adopt_automatically", False):
            options[CONF_UNKNOWN_CHARGERS] = "adopt"
        hass.config_entries.async_update_entry(entry, options=options, minor_version=2)
    return True


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: OcppConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let people delete the devices of what is not there any more."""
    hub = entry.runtime_data
    return (
        (DOMAIN, entry.entry_id) not in device.identifiers
        and hub.charger_of_device(device) is None
        and not hub.cards.has_device(device)
    )
