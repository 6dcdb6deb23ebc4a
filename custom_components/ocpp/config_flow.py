"""Flows: the central system, its options, and its chargers."""

import errno
import socket
from typing import Any, override

from homeassistant.components import network
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import selector
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from .const import (
    CONF_ADOPT_AUTOMATICALLY,
    CONF_ASSUME_16,
    CONF_HEARTBEAT_INTERVAL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_MAXIMUM_CURRENT,
    CONF_PENDING_INTERVAL,
    CONF_PHASES,
    CONF_QUIET,
    CONF_REGISTRATION,
    DEFAULT_HOST,
    DEFAULT_PORT,
    DOMAIN,
    SUBENTRY_CHARGER,
)
from .csms.admission import identity_of
from .csms.model import Options, StationSettings
from .hub import OcppConfigEntry, discovery_id, new_charger

_PORT = selector.NumberSelector(
    selector.NumberSelectorConfig(
        min=1, max=65535, step=1, mode=selector.NumberSelectorMode.BOX
    )
)
_DEFAULTS = StationSettings()
_OPTIONS = Options()


def _seconds(minimum: int) -> selector.NumberSelector:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(
            min=minimum,
            max=86_400,
            step=1,
            mode=selector.NumberSelectorMode.BOX,
            unit_of_measurement="s",
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
OPTIONS_SCHEMA = probatio.Schema(
    {
        probatio.Required(
            CONF_ADOPT_AUTOMATICALLY, default=False
        ): selector.BooleanSelector(),
        probatio.Required(
            CONF_QUIET, default=_OPTIONS.quiet
        ): selector.BooleanSelector(),
        probatio.Required(
            CONF_ASSUME_16, default=_OPTIONS.assume_16
        ): selector.BooleanSelector(),
        probatio.Required(
            CONF_HEARTBEAT_INTERVAL, default=_OPTIONS.heartbeat_interval
        ): probatio.All(_seconds(10), probatio.Coerce(int)),
        probatio.Required(
            CONF_PENDING_INTERVAL, default=_OPTIONS.pending_interval
        ): probatio.All(_seconds(1), probatio.Coerce(int)),
    }
)
# What everybody can answer about a charger.
_CHARGER_FIELDS: dict[probatio.Marker, Any] = {
    probatio.Required(CONF_NAME): selector.TextSelector(),
    probatio.Required(
        CONF_MAXIMUM_CURRENT, default=_DEFAULTS.maximum_current
    ): selector.NumberSelector(
        selector.NumberSelectorConfig(
            min=6,
            max=1000,
            step=1,
            mode=selector.NumberSelectorMode.BOX,
            unit_of_measurement="A",
        )
    ),
    probatio.Required(CONF_PHASES, default=str(_DEFAULTS.phases)): probatio.All(
        probatio.Coerce(str),
        selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=["1", "2", "3"], mode=selector.SelectSelectorMode.DROPDOWN
            )
        ),
        probatio.Coerce(int),
    ),
}
ADOPT_SCHEMA = probatio.Schema(_CHARGER_FIELDS)
CHARGER_SCHEMA = probatio.Schema(
    {probatio.Required(CONF_IDENTITY): selector.TextSelector(), **_CHARGER_FIELDS}
)
RECONFIGURE_CHARGER_SCHEMA = probatio.Schema(
    {
        **_CHARGER_FIELDS,
        probatio.Required(
            CONF_REGISTRATION, default="accepted"
        ): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=["accepted", "pending", "rejected"],
                translation_key="registration",
            )
        ),
        probatio.Optional(CONF_ID_TOKEN): probatio.All(
            selector.TextSelector(), probatio.Length(max=20)
        ),
    }
)


class OcppConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a central system, or adopt a charger that connected to one."""

    # lbbrhzn/ocpp has this domain with versions up to 2.x.
    VERSION = 3

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
        """Return the flow for chargers."""
        return {SUBENTRY_CHARGER: ChargerFlow}

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
            if _has_charger(self.hass, identity):
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


class OcppOptionsFlow(OptionsFlow):
    """How a central system treats its chargers; takes effect without a reload."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_SCHEMA, self.config_entry.options
            ),
        )


class ChargerFlow(ConfigSubentryFlow):
    """Add a charger by hand, or change what was decided about one."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a charger that will connect later."""
        entry: OcppConfigEntry = self._get_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            identity = user_input.pop(CONF_IDENTITY)
            if "/" in identity or identity_of(f"/{identity}") != identity:
                errors[CONF_IDENTITY] = "invalid_identity"
            elif _has_charger(self.hass, identity):
                return self.async_abort(reason="already_configured")
            else:
                charger = new_charger(identity, user_input)
                return self.async_create_entry(
                    title=charger.title, data=charger.data, unique_id=identity
                )
            user_input[CONF_IDENTITY] = identity
        port = entry.data[CONF_PORT]
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(CHARGER_SCHEMA, user_input),
            errors=errors,
            description_placeholders={
                "url": f"ws://{await async_own_address(self.hass)}:{port}/"
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what to change."""
        subentry = self._get_reconfigure_subentry()
        if user_input is not None:
            changed = new_charger(subentry.data[CONF_IDENTITY], user_input)
            return self.async_update_and_abort(
                self._get_entry(), subentry, title=changed.title, data=changed.data
            )
        present = {
            **subentry.data,
            CONF_NAME: subentry.title,
            CONF_PHASES: str(subentry.data[CONF_PHASES])
            if CONF_PHASES in subentry.data
            else str(_DEFAULTS.phases),
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_CHARGER_SCHEMA, present
            ),
            description_placeholders={"identity": subentry.data[CONF_IDENTITY]},
        )


def _has_charger(hass: HomeAssistant, identity: str) -> bool:
    """Return whether any central system has the charger. Letter case does not matter."""
    return any(
        subentry.data[CONF_IDENTITY].casefold() == identity.casefold()
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER)
    )


def _try_to_bind(host: str, port: int) -> dict[str, str]:
    """Return why chargers could not connect to an address, as errors of the form."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            # Binding alone succeeds beside one that does not listen yet.
            tried.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return {CONF_PORT: "address_in_use"}
        if error.errno == errno.EACCES:
            return {CONF_PORT: "port_not_allowed"}
        return {CONF_HOST: "invalid_host"}
    return {}


async def async_own_address(hass: HomeAssistant) -> str:
    """Return the address that chargers in the same network reach this machine at."""
    try:
        return await network.async_get_source_ip(hass)
    except HomeAssistantError:
        return "homeassistant.local"
