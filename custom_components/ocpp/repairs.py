"""Repairs that people can do with a few clicks: wrong passwords, certificates that are over."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import probatio

from .const import CONF_IDENTITY, CONF_RENEW_EXPIRED, DOMAIN
from .csms.blocks.passwords import Attempt, Passwords
from .hub import OcppConfigEntry
from .issues import CERTIFICATE_OVER


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


class RenewalFlow(RepairsFlow):
    """The certificate of a charger is over: let it in to be given a new one."""

    def __init__(self, subentry_id: str) -> None:
        """Be about a charger."""
        self._subentry_id = subentry_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Tell what that means."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Let the charger in, as in its settings, once people agreed to that."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        # Not where the charger is back, or people chose otherwise meanwhile.
        if issue is None:
            return self.async_abort(reason="gone")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=probatio.Schema({}),
                description_placeholders=issue.translation_placeholders,
            )
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            if (subentry := entry.subentries.get(self._subentry_id)) is not None:
                data = {**subentry.data, CONF_RENEW_EXPIRED: True}
                self.hass.config_entries.async_update_subentry(
                    entry, subentry, data=data
                )
                return self.async_create_entry(data={})
        return self.async_abort(reason="gone")


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow of a repair."""
    data = data or {}
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    if issue is not None and issue.translation_key == CERTIFICATE_OVER:
        return RenewalFlow(str(data.get("subentry_id")))
    return PasswordFlow(str(data.get("entry_id")), str(data.get("subentry_id")))
