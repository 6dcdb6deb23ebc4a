"""Repairs that people can do with a few clicks: what to do about a wrong password."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import CONF_IDENTITY, DOMAIN
from .csms.blocks.passwords import Attempt, Passwords
from .hub import OcppConfigEntry


class PasswordFlow(RepairsFlow):
    """Somebody came as a charger with another password: let it in, or never."""

    def __init__(self, entry_id: str, subentry_id: str) -> None:
        """Be about a charger."""
        self._entry_id = entry_id
        self._subentry_id = subentry_id
        # The one that people were told of when they were asked.
        self._attempt: Attempt | None = None

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask what to do."""
        if (passwords := self._passwords()) is not None:
            self._attempt = passwords.attempt
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["accept", "block"],
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    async def async_step_accept(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Have what was shown for the charger's password from now on."""
        passwords = self._passwords()
        # Not of somebody else who came meanwhile.
        if passwords is None or passwords.attempt is None or self._attempt is None:
            return self.async_abort(reason="gone")
        passwords.accept(self._attempt)
        return self.async_create_entry(data={})

    async def async_step_block(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Go on turning it away, without a word."""
        if (passwords := self._passwords()) is None:
            return self.async_abort(reason="gone")
        passwords.block_attempts()
        return self.async_create_entry(data={})

    def _passwords(self) -> Passwords | None:
        """Return the charger's passwords, where it is still there."""
        entries: list[OcppConfigEntry] = self.hass.config_entries.async_loaded_entries(
            DOMAIN
        )
        for entry in entries:
            subentry = entry.subentries.get(self._subentry_id)
            if entry.entry_id == self._entry_id and subentry is not None:
                identity = subentry.data[CONF_IDENTITY]
                charger = entry.runtime_data.chargers.get(identity)
                return charger.station.passwords if charger is not None else None
        return None


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow of a repair."""
    data = data or {}
    return PasswordFlow(str(data.get("entry_id")), str(data.get("subentry_id")))
