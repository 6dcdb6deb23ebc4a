"""Passwords of chargers: keeping them, and telling people who was turned away."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import CONF_PASSWORD_HASH, CONF_SECURITY_PROFILE, DOMAIN
from .csms.blocks.passwords import Attempt
from .csms.charging_station import ChargingStation

# The security profile that is an open connection with a password.
_PASSWORD = 1


@callback
def async_follow_password(
    hass: HomeAssistant, entry: ConfigEntry, station: ChargingStation, subentry_id: str
) -> Callable[[], None]:
    """Keep what a charger's password becomes, and tell people of wrong ones.

    Return how to stop that.
    """
    issue = issue_of(subentry_id)

    @callback
    def keep(kept: str) -> None:
        if (subentry := entry.subentries.get(subentry_id)) is None:
            return
        data = {**subentry.data, CONF_PASSWORD_HASH: kept}
        if not kept:
            del data[CONF_PASSWORD_HASH]
            # That protection is nothing but a password. Encryption stays required.
            if int(data.get(CONF_SECURITY_PROFILE, 0)) == _PASSWORD:
                data[CONF_SECURITY_PROFILE] = "0"
        hass.config_entries.async_update_subentry(entry, subentry, data=data)

    @callback
    def tell(attempt: Attempt | None) -> None:
        subentry = entry.subentries.get(subentry_id)
        if attempt is None or subentry is None:
            ir.async_delete_issue(hass, DOMAIN, issue)
            return
        told = "missing_password" if attempt.mark is None else "wrong_password"
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue,
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            data={"entry_id": entry.entry_id, "subentry_id": subentry_id},
            translation_key=f"{told}_connected" if attempt.connected else told,
            translation_placeholders={
                "title": subentry.title,
                "address": attempt.address,
                "time": dt_util.as_local(attempt.at).strftime("%Y-%m-%d %H:%M"),
            },
        )

    passwords = station.passwords
    passwords.on_changed, passwords.on_attempt = keep, tell

    @callback
    def stop() -> None:
        passwords.on_changed = lambda _: None
        passwords.on_attempt = lambda _: None
        ir.async_delete_issue(hass, DOMAIN, issue)

    return stop


def issue_of(subentry_id: str) -> str:
    """Return the id of what people are told about a charger's password."""
    return f"password_{subentry_id}"
