"""Flows: the central system, and adopting a charger that connected to it."""

import errno
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers import selector
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from .addresses import async_own_address, try_to_listen
from .card_flow import CardFlow
from .charger_flow import ADOPT_SCHEMA, ChargerFlow
from .const import (
    CONF_IDENTITY,
    DEFAULT_HOST,
    DEFAULT_PORT,
    DOMAIN,
    SUBENTRY_CHARGER,
    SUBENTRY_ID_TOKEN,
)
from .newcomers import discovery_id, has_charger
from .options_flow import OcppOptionsFlow
from .settings import new_charger

_PORT = selector.NumberSelector(
    selector.NumberSelectorConfig(
        min=1, max=65535, step=1, mode=selector.NumberSelectorMode.BOX
    )
)


CENTRAL_SYSTEM_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_HOST, default=DEFAULT_HOST): selector.TextSelector(),
        probatio.Required(CONF_PORT, default=DEFAULT_PORT): probatio.All(
            _PORT, probatio.Coerce(int)
        ),
    }
)


class OcppConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a central system, or adopt a charger that connected to one."""

    # lbbrhzn/ocpp has this domain with versions up to 2.x.
    VERSION = 3
    MINOR_VERSION = 2

    def __init__(self) -> None:
        """Begin without a discovered charger."""
        self._discovered: DiscoveryInfoType = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OcppOptionsFlow:
        """Return the flow for the options of a central system."""
        return OcppOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows for chargers and cards."""
        return {SUBENTRY_CHARGER: ChargerFlow, SUBENTRY_ID_TOKEN: CardFlow}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where to listen."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._async_abort_entries_match({CONF_PORT: user_input[CONF_PORT]})
            errors = await self._async_try_to_bind(user_input)
            if not errors:
                return self.async_create_entry(title="OCPP", data=user_input)
        return await self._async_show_central_system("user", user_input, errors)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where to listen instead."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            tried = user_input
            if user_input[CONF_PORT] != entry.data[CONF_PORT]:
                self._async_abort_entries_match({CONF_PORT: user_input[CONF_PORT]})
            elif entry.state is ConfigEntryState.LOADED:
                # The port is ours already; only the address can be wrong.
                tried = user_input | {CONF_PORT: 0}
            errors = await self._async_try_to_bind(tried)
            if not errors:
                loaded = entry.state is ConfigEntryState.LOADED
                result = self.async_update_and_abort(entry, data_updates=user_input)
                if not loaded:
                    # A loaded one reloads by itself.
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return result
        return await self._async_show_central_system(
            "reconfigure", user_input or dict(entry.data), errors
        )

    async def _async_try_to_bind(self, wanted: dict[str, Any]) -> dict[str, str]:
        return await self.hass.async_add_executor_job(
            _try_to_bind, wanted[CONF_HOST], wanted[CONF_PORT]
        )

    async def _async_show_central_system(
        self, step_id: str, suggested: dict[str, Any] | None, errors: dict[str, str]
    ) -> ConfigFlowResult:
        port = (suggested or {}).get(CONF_PORT, DEFAULT_PORT)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                CENTRAL_SYSTEM_SCHEMA, suggested
            ),
            errors=errors,
            description_placeholders={
                "url": f"ws://{await async_own_address(self.hass)}:{port}/"
            },
        )

    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Show a card for a charger that connected and is not known."""
        self._discovered = discovery_info
        identity = discovery_info[CONF_IDENTITY]
        await self.async_set_unique_id(
            discovery_id(discovery_info["entry_id"], identity)
        )
        self._abort_if_unique_id_configured()
        # The identity tells two chargers of one model apart.
        name = self._suggested_name()
        title = name if name == identity else f"{name} ({identity})"
        self.context["title_placeholders"] = {"name": title}
        return await self.async_step_adopt()

    async def async_step_adopt(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Adopt the charger as soon as people agree."""
        identity = self._discovered[CONF_IDENTITY]
        words = {
            "identity": identity,
            "vendor": self._discovered["vendor"] or "–",
            "model": self._discovered["model"] or "–",
            "serial": self._discovered["serial"] or "–",
        }
        if user_input is not None:
            entry = self.hass.config_entries.async_get_entry(
                self._discovered["entry_id"]
            )
            if entry is None:
                return self.async_abort(reason="central_system_gone")
            if has_charger(self.hass, identity):
                return self.async_abort(reason="already_configured")
            self.hass.config_entries.async_add_subentry(
                entry, new_charger(identity, user_input)
            )
            return self.async_abort(
                reason="charger_added",
                description_placeholders={"name": user_input[CONF_NAME]},
            )
        return self.async_show_form(
            step_id="adopt",
            data_schema=self.add_suggested_values_to_schema(
                ADOPT_SCHEMA, {CONF_NAME: self._suggested_name()}
            ),
            description_placeholders=words,
        )

    def _suggested_name(self) -> str:
        """Return what the charger says it is, else its identity."""
        said = [self._discovered[word] for word in ("vendor", "model")]
        name = " ".join(word for word in said if word)
        return name or str(self._discovered[CONF_IDENTITY])


def _try_to_bind(host: str, port: int) -> dict[str, str]:
    """Return why chargers could not connect to an address, as errors of the form."""
    try:
        try_to_listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return {CONF_PORT: "address_in_use"}
        if error.errno == errno.EACCES:
            return {CONF_PORT: "port_not_allowed"}
        return {CONF_HOST: "invalid_host"}
    return {}
