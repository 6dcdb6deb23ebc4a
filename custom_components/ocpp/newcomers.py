"""Which chargers are known, and how many that are not may show up by themselves."""

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_IDENTITY, DOMAIN, SUBENTRY_CHARGER
from .csms.central_system import MOST_ADOPTED, MOST_VISITORS


def has_charger(hass: HomeAssistant, identity: str) -> bool:
    """Return whether any central system has the charger. Letter case does not matter."""
    return any(
        subentry.data[CONF_IDENTITY].casefold() == identity.casefold()
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER)
    )


@callback
def may_adopt(entry: ConfigEntry) -> bool:
    """Return whether another charger may be added without asking.

    More than anybody has are not.
    """
    return len(list(entry.get_subentries_of_type(SUBENTRY_CHARGER))) < MOST_ADOPTED


@callback
def may_show(hass: HomeAssistant, entry: ConfigEntry, identity: str) -> bool:
    """Return whether a card for an unknown charger may be shown, beside those there are."""
    own = discovery_id(entry.entry_id, identity)
    cards = {
        str(flow["context"].get("unique_id"))
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"].get("source") == SOURCE_INTEGRATION_DISCOVERY
    }
    of_entry = {it for it in cards if it.startswith(f"{entry.entry_id}_")}
    return own in of_entry or len(of_entry) < MOST_VISITORS


def discovery_id(entry_id: str, identity: str) -> str:
    """Return the unique id of the card of an unknown charger."""
    return f"{entry_id}_{identity.casefold()}"
