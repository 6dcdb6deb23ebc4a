"""Flow: how chargers and cards are treated, encryption, what energy costs, the store."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers import selector
import probatio

from .addresses import async_own_address
from .const import (
    CONF_ASSUME_16,
    CONF_CONCURRENT_TX,
    CONF_DB_URL,
    CONF_HEARTBEAT_INTERVAL,
    CONF_ID_TOKEN,
    CONF_KEEP_SAMPLES,
    CONF_KNOWN_VENDORS,
    CONF_LOCAL_LIST,
    CONF_PENDING_INTERVAL,
    CONF_PRICE_ENTITY,
    CONF_PRICE_PER_KWH,
    CONF_PRICE_PER_SESSION,
    CONF_QUIET,
    CONF_TLS_PORT,
    CONF_UNKNOWN_CARDS,
    CONF_UNKNOWN_CHARGERS,
    CONF_VAT_NUMBERS,
    DEFAULT_KEEP_SAMPLES,
    DEFAULT_TLS_PORT,
    SUBENTRY_ID_TOKEN,
)
from .csms.model import Options
from .csms.store import StoreError, check_url
from .security_flow import SECURITY_SCHEMA, check_security
from .tls import authority_of

_DEFAULTS = Options()
_EXAMPLE = "postgresql://user:password@server/ocpp"


def _number(minimum: int, maximum: int, unit: str) -> selector.NumberSelector:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step=1,
            mode=selector.NumberSelectorMode.BOX,
            unit_of_measurement=unit,
        )
    )


# With any number of digits: some currencies need five for a kWh.
_PRICE = selector.NumberSelector(
    selector.NumberSelectorConfig(
        min=0, step="any", mode=selector.NumberSelectorMode.BOX
    )
)

CHARGERS_SCHEMA = probatio.Schema(
    {
        probatio.Required(
            CONF_UNKNOWN_CHARGERS, default=_DEFAULTS.unknown_chargers
        ): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=["ask", "adopt", "refuse"], translation_key="unknown_chargers"
            )
        ),
        probatio.Required(
            CONF_QUIET, default=_DEFAULTS.quiet
        ): selector.BooleanSelector(),
        probatio.Required(
            CONF_ASSUME_16, default=_DEFAULTS.assume_16
        ): selector.BooleanSelector(),
        probatio.Required(
            CONF_HEARTBEAT_INTERVAL, default=_DEFAULTS.heartbeat_interval
        ): probatio.All(_number(10, 86_400, "s"), probatio.Coerce(int)),
        probatio.Required(
            CONF_PENDING_INTERVAL, default=_DEFAULTS.pending_interval
        ): probatio.All(_number(1, 86_400, "s"), probatio.Coerce(int)),
        probatio.Optional(CONF_KNOWN_VENDORS): selector.TextSelector(
            selector.TextSelectorConfig(multiple=True)
        ),
    }
)
CARDS_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_UNKNOWN_CARDS): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=["accept", "refuse"], translation_key="unknown_cards"
            )
        ),
        probatio.Required(
            CONF_CONCURRENT_TX, default=_DEFAULTS.concurrent_tx
        ): selector.BooleanSelector(),
        probatio.Required(
            CONF_LOCAL_LIST, default=_DEFAULTS.local_list
        ): selector.BooleanSelector(),
        probatio.Required(CONF_ID_TOKEN, default=_DEFAULTS.id_token): probatio.All(
            selector.TextSelector(), probatio.Length(min=1, max=16)
        ),
    }
)
PRICES_SCHEMA = probatio.Schema(
    {
        probatio.Optional(CONF_PRICE_PER_KWH): _PRICE,
        probatio.Optional(CONF_PRICE_ENTITY): selector.EntitySelector(
            selector.EntitySelectorConfig(domain=["sensor", "input_number", "number"])
        ),
        probatio.Optional(CONF_PRICE_PER_SESSION): _PRICE,
        probatio.Optional(CONF_VAT_NUMBERS): selector.TextSelector(
            selector.TextSelectorConfig(multiple=True)
        ),
    }
)
STORE_SCHEMA = probatio.Schema(
    {
        probatio.Optional(CONF_DB_URL): selector.TextSelector(),
        probatio.Required(
            CONF_KEEP_SAMPLES, default=DEFAULT_KEEP_SAMPLES
        ): probatio.All(_number(1, 36_500, "d"), probatio.Coerce(int)),
    }
)


class OcppOptionsFlow(OptionsFlow):
    """All but another database, and what is encrypted, takes effect without a reload."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which options."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["chargers", "security", "cards", "prices", "store"],
        )

    async def async_step_chargers(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how chargers are treated."""
        if user_input is not None:
            return self._keep(CHARGERS_SCHEMA, user_input)
        return self._ask("chargers", CHARGERS_SCHEMA, dict(self.config_entry.options))

    async def async_step_security(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how connections are encrypted; files are looked at first."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self.hass.async_add_executor_job(
                check_security, self.hass, self.config_entry, user_input
            )
            if not errors:
                return self._keep(SECURITY_SCHEMA, user_input)
        shown = user_input if user_input is not None else self.config_entry.options
        address = await async_own_address(self.hass)
        placeholders = {
            "url": f"wss://{address}:{shown.get(CONF_TLS_PORT, DEFAULT_TLS_PORT)}/",
            "root": str(authority_of(self.hass).root_file),
        }
        return self._ask("security", SECURITY_SCHEMA, dict(shown), errors, placeholders)

    async def async_step_cards(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask who may charge."""
        options = self.config_entry.options
        unchosen = CONF_UNKNOWN_CARDS not in options
        if unchosen:
            listed = any(self.config_entry.get_subentries_of_type(SUBENTRY_ID_TOKEN))
            shown = "refuse" if listed else "accept"
        else:
            shown = options[CONF_UNKNOWN_CARDS]
        if user_input is not None:
            if unchosen and user_input[CONF_UNKNOWN_CARDS] == shown:
                # Whoever left it as it was goes on to have it follow the list.
                del user_input[CONF_UNKNOWN_CARDS]
            return self._keep(CARDS_SCHEMA, user_input)
        return self._ask("cards", CARDS_SCHEMA, {**options, CONF_UNKNOWN_CARDS: shown})

    async def async_step_prices(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what energy costs."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if CONF_PRICE_PER_KWH in user_input and CONF_PRICE_ENTITY in user_input:
                errors[CONF_PRICE_ENTITY] = "two_prices"
            else:
                return self._keep(PRICES_SCHEMA, user_input)
        shown = user_input if user_input is not None else self.config_entry.options
        return self._ask("prices", PRICES_SCHEMA, dict(shown), errors)

    async def async_step_store(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where sessions are kept; another place is tried out first."""
        errors: dict[str, str] = {}
        placeholders = {"error": "", "example": _EXAMPLE}
        if user_input is not None:
            url = user_input.get(CONF_DB_URL)
            if url and url != self.config_entry.options.get(CONF_DB_URL):
                try:
                    await self.hass.async_add_executor_job(check_url, url)
                except StoreError as error:
                    errors[CONF_DB_URL] = error.reason
                    placeholders["error"] = str(error)
            if not errors:
                return self._keep(STORE_SCHEMA, user_input)
        shown = user_input if user_input is not None else self.config_entry.options
        return self._ask("store", STORE_SCHEMA, dict(shown), errors, placeholders)

    def _ask(
        self,
        step_id: str,
        schema: probatio.Schema,
        shown: dict[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: dict[str, str] | None = None,
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _keep(
        self, schema: probatio.Schema, chosen: dict[str, Any]
    ) -> ConfigFlowResult:
        """Replace the options of one form, and no others."""
        others = {
            key: value
            for key, value in self.config_entry.options.items()
            if key not in schema.schema
        }
        return self.async_create_entry(data=others | chosen)
