"""What people are shown under repairs."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@callback
def async_show_port_issue(hass: HomeAssistant, entry: ConfigEntry, reason: str) -> None:
    """Tell people that chargers can't connect, and why."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _port_issue(entry),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="port_unavailable",
        translation_placeholders={
            "title": entry.title,
            "port": str(entry.data[CONF_PORT]),
            "reason": reason,
        },
    )


@callback
def async_drop_port_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more: the port is open, or nobody wants it."""
    ir.async_delete_issue(hass, DOMAIN, _port_issue(entry))


def _port_issue(entry: ConfigEntry) -> str:
    return f"port_unavailable_{entry.entry_id}"
