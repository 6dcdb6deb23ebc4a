"""Steps of a charger's flow: its password."""

import asyncio
from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.helpers import selector
import probatio

from .const import CONF_IDENTITY, CONF_PASSWORD, CONF_PASSWORD_HASH
from .csms import passwords
from .newcomers import has_charger

# What can be done about a password; the first changes nothing.
KEEP, GENERATE, SET, REMOVE = "keep", "generate", "set", "remove"
CHOICE: dict[probatio.Marker, Any] = {
    probatio.Required(CONF_PASSWORD, default=KEEP): selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=[KEEP, GENERATE, SET, REMOVE], translation_key="password"
        )
    )
}
# The same for a charger that is added.
FIRST_CHOICE: dict[probatio.Marker, Any] = {
    probatio.Required(CONF_PASSWORD, default=REMOVE): selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=[REMOVE, GENERATE, SET], translation_key="password"
        )
    )
}
PASSWORD_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_PASSWORD): selector.TextSelector(
            selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD)
        )
    }
)
# Nothing is asked: it is only shown.
NEW_PASSWORD_SCHEMA = CONNECTION_SCHEMA = probatio.Schema({})


class PasswordSteps(ConfigSubentryFlow):
    """What follows where somebody wants a password, or another one, for a charger."""

    # What else was chosen, to be kept together with the password.
    _chosen_title = ""
    _chosen: dict[str, Any]
    # Where a charger that is added has to connect to.
    _url = ""
    # Shown once; only its hash is kept.
    _generated = ""
    # The hash of the first password that somebody agreed to. Who agrees again while it is
    # made waits for the same one.
    _hashing: asyncio.Future[str] | None = None

    async def async_finish(
        self, title: str, data: dict[str, Any], choice: str, *, url: str = ""
    ) -> SubentryFlowResult:
        """Keep what was chosen, after what is to become of the password is settled."""
        self._chosen_title, self._chosen, self._url = title, data, url
        if choice == GENERATE:
            # Never another than the one that may be shown already.
            self._generated = self._generated or passwords.generate(
                passwords.LONGEST_16
            )
            if self._adds:
                return await self.async_step_connection()
            return await self.async_step_new_password()
        if choice == SET:
            return await self.async_step_password()
        if choice == KEEP:
            before = self._get_reconfigure_subentry().data
            return self._keep(before.get(CONF_PASSWORD_HASH))
        return self._keep(None)

    @property
    def _adds(self) -> bool:
        """Return whether the charger is not there yet."""
        return self.source == SOURCE_USER

    async def async_step_new_password(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show a password that was made up, once."""
        if user_input is None:
            return self.async_show_form(
                step_id="new_password",
                data_schema=NEW_PASSWORD_SCHEMA,
                description_placeholders={"password": self._generated},
            )
        return await self._hash_and_keep(self._generated)

    async def async_step_connection(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show, once, all that a new charger needs to connect with its password."""
        if user_input is None:
            return self.async_show_form(
                step_id="connection",
                data_schema=CONNECTION_SCHEMA,
                description_placeholders={
                    "url": self._url,
                    "identity": self._chosen[CONF_IDENTITY],
                    "password": self._generated,
                },
            )
        return await self._hash_and_keep(self._generated)

    async def async_step_password(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a password."""
        errors: dict[str, str] = {}
        if user_input is not None:
            password = user_input[CONF_PASSWORD]
            longest = passwords.LONGEST_V21
            # The one that a charger has already may be shorter than OCPP wants it.
            if self._adds and not passwords.fits(password, longest):
                errors[CONF_PASSWORD] = "unfit_password"
            elif not 1 <= len(password.encode()) <= longest:
                errors[CONF_PASSWORD] = "invalid_password"
            else:
                return await self._hash_and_keep(password)
        return self.async_show_form(
            step_id="password", data_schema=PASSWORD_SCHEMA, errors=errors
        )

    async def _hash_and_keep(self, password: str) -> SubentryFlowResult:
        if self._hashing is None:
            self._hashing = self.hass.async_add_executor_job(
                passwords.hash_of, password.encode()
            )
        # Also for the others where one of them is not there any more.
        return self._keep(await asyncio.shield(self._hashing))

    def _keep(self, kept: str | None) -> SubentryFlowResult:
        data = self._chosen | ({CONF_PASSWORD_HASH: kept} if kept else {})
        if not self._adds:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=self._chosen_title,
                data=data,
            )
        identity = data[CONF_IDENTITY]
        if has_charger(self.hass, identity):
            return self.async_abort(reason="already_configured")
        return self.async_create_entry(
            title=self._chosen_title, data=data, unique_id=identity
        )
