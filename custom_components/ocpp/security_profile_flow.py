"""Steps of a charger's flow: moving it to another security profile."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_URL
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import selector
import probatio

from .charger import Charger
from .const import CONF_IDENTITY, CONF_SECURITY_PROFILE, CONF_TLS_PORT
from .csms.blocks.security_profile import Moved
from .exceptions import translated_errors
from .hub import OcppConfigEntry
from .security_profile import async_entrance

_ADDRESSES = ("ws://", "wss://")

MOVE_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_SECURITY_PROFILE, default="2"): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=["1", "2", "3"], translation_key="target_profile"
            )
        ),
        probatio.Optional(CONF_URL): selector.TextSelector(),
    }
)


class SecurityProfileSteps(ConfigSubentryFlow):
    """What follows where somebody wants a charger moved to another security profile."""

    _moving: asyncio.Task[Moved] | None = None
    _turn: asyncio.Task[None] | None = None

    def _can_move(self) -> bool:
        """Return whether there is anything to move to."""
        entry: OcppConfigEntry = self._get_entry()
        return bool(entry.options.get(CONF_TLS_PORT)) and (
            entry.state is ConfigEntryState.LOADED
        )

    def _charger(self) -> Charger | None:
        """Return the charger, as long as there is one."""
        entry: OcppConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return None
        identity = self._get_reconfigure_subentry().data[CONF_IDENTITY]
        return entry.runtime_data.chargers.get(identity)

    async def async_step_menu(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what is to be done with a charger."""
        return self.async_show_menu(
            step_id="menu", menu_options=["settings", "security_profile"]
        )

    async def async_step_security_profile(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Tell what is needed and what will happen, and ask where to."""
        if (charger := self._charger()) is None:
            return self.async_abort(reason="not_running")
        entry: OcppConfigEntry = self._get_entry()
        central = entry.runtime_data.central
        errors: dict[str, str] = {}
        if user_input is not None:
            profile = int(user_input[CONF_SECURITY_PROFILE])
            url = user_input.get(CONF_URL, "").strip()
            if url and not url.startswith(_ADDRESSES):
                errors[CONF_URL] = "invalid_charger_url"
            else:
                entrance = await async_entrance(self.hass, central, profile, url=url)
                self._moving = self.hass.async_create_background_task(
                    charger.station.security_profile.change(profile, entrance),
                    "move a charger",
                )
                # Most of what is wrong is so at once.
                await asyncio.sleep(0)
                return await self.async_step_moving()
        return self.async_show_form(
            step_id="security_profile",
            data_schema=self.add_suggested_values_to_schema(MOVE_SCHEMA, user_input),
            errors=errors,
            description_placeholders={
                "charger": charger.name,
                "url": (await async_entrance(self.hass, central, 2)).url,
            },
        )

    async def async_step_moving(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what is being done, one step after the other."""
        moving, charger = self._moving, self._charger()
        assert moving is not None  # noqa: S101 - the step before saw to it
        if moving.done() or charger is None:
            return self.async_show_progress_done(next_step_id="moved")
        profiles = charger.station.security_profile
        if self._turn is None or self._turn.done():
            self._turn = self.hass.async_create_background_task(
                _first(moving, profiles.next_step()), "wait for the next step"
            )
        return self.async_show_progress(
            step_id="moving",
            progress_action=profiles.step or "begin",
            progress_task=self._turn,
        )

    async def async_step_moved(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Tell what became of it."""
        moving, charger = self._moving, self._charger()
        if moving is None or charger is None or not moving.done():
            return self.async_abort(reason="not_running")
        words = {"charger": charger.name, "error": ""}
        try:
            with translated_errors(charger.name):
                moved = moving.result()
        except HomeAssistantError as error:
            words |= error.translation_placeholders or {}
            return self.async_abort(
                reason=error.translation_key or "", description_placeholders=words
            )
        if moved.waits:
            return self.async_abort(reason="move_waits", description_placeholders=words)
        return self.async_abort(reason="moved", description_placeholders=words)


async def _first(moving: asyncio.Task[Moved], turn: Awaitable[object]) -> None:
    """Wait until something else is being done, or all is."""
    turning = asyncio.ensure_future(turn)
    try:
        await asyncio.wait([moving, turning], return_when=asyncio.FIRST_COMPLETED)
    finally:
        turning.cancel()
