"""Steps of a charger's flow: its password."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.helpers import selector
import probatio

from .const import CONF_PASSWORD, CONF_PASSWORD_HASH
from .csms import passwords

# What can be done about a password; the first changes nothing.
KEEP, GENERATE, SET, REMOVE = "keep", "generate", "set", "remove"
CHOICE: dict[probatio.Marker, Any] = {
    probatio.Required(CONF_PASSWORD, default=KEEP): selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=[KEEP, GENERATE, SET, REMOVE], translation_key="password"
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
NEW_PASSWORD_SCHEMA = probatio.Schema({})


class PasswordSteps(ConfigSubentryFlow):
    """What follows where somebody wants another password for a charger."""

    # What else was chosen, to be kept together with the password.
    _chosen_title = ""
    _chosen: dict[str, Any]
    # Shown once; only its hash is kept.
    _generated = ""

    async def async_finish(
        self, title: str, data: dict[str, Any], choice: str
    ) -> SubentryFlowResult:
        """Keep what was chosen, after what is to become of the password is settled."""
        self._chosen_title, self._chosen = title, data
        before = self._get_reconfigure_subentry().data.get(CONF_PASSWORD_HASH)
        if choice == GENERATE:
            self._generated = passwords.generate(passwords.LONGEST_16)
            return await self.async_step_new_password()
        if choice == SET:
            return await self.async_step_password()
        return self._keep(before if choice == KEEP else None)

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

    async def async_step_password(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a password."""
        errors: dict[str, str] = {}
        if user_input is not None:
            password = user_input[CONF_PASSWORD]
            if 1 <= len(password.encode()) <= passwords.LONGEST_V21:
                return await self._hash_and_keep(password)
            errors[CONF_PASSWORD] = "invalid_password"
        return self.async_show_form(
            step_id="password", data_schema=PASSWORD_SCHEMA, errors=errors
        )

    async def _hash_and_keep(self, password: str) -> SubentryFlowResult:
        return self._keep(
            await self.hass.async_add_executor_job(passwords.hash_of, password.encode())
        )

    def _keep(self, kept: str | None) -> SubentryFlowResult:
        data = self._chosen | ({CONF_PASSWORD_HASH: kept} if kept else {})
        return self.async_update_and_abort(
            self._get_entry(),
            self._get_reconfigure_subentry(),
            title=self._chosen_title,
            data=data,
        )
