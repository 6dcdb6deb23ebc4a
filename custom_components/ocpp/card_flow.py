"""Flow: a card that is listed, by holding it to a charger or by typing it, or changed."""

import asyncio
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector
from homeassistant.util import dt as dt_util
import probatio

from .cards import Held
from .const import (
    CONF_BLOCKED,
    CONF_CHARGERS,
    CONF_CHARGING_PRIORITY,
    CONF_GROUP,
    CONF_OWNER,
    CONF_RARELY_USED,
    CONF_TOKEN,
    CONF_TYPE,
    CONF_VALID_UNTIL,
    SUBENTRY_CHARGER,
    SUBENTRY_ID_TOKEN,
)
from .csms.id_tokens import masked, token_key
from .hub import OcppConfigEntry

# In seconds: long enough to walk to the charger.
_PATIENCE = 120
_LONGEST_TOKEN = 255
# What 1.6 can tell a charger of.
_LONGEST_GROUP = 20
# By what flows call them, which is in lower case everywhere.
_TYPES = {
    name.casefold(): name
    for name in (
        "ISO14443",
        "ISO15693",
        "Central",
        "DirectPayment",
        "eMAID",
        "EVCCID",
        "KeyCode",
        "Local",
        "MacAddress",
        "NoAuthorization",
        "VIN",
    )
}
_DEFAULT_TYPE = "iso14443"
# As forms have moments, which are those of the clock on the wall.
_MOMENT = "%Y-%m-%d %H:%M:%S"
_TEXT = selector.TextSelector()
_RARELY_USED = probatio.Schema(
    {
        # A form without it, as of a card that has none, is of the usual priority.
        probatio.Optional(CONF_CHARGING_PRIORITY, default=0): probatio.All(
            selector.NumberSelector(
                selector.NumberSelectorConfig(
                    min=-9, max=9, step=1, mode=selector.NumberSelectorMode.BOX
                )
            ),
            probatio.Coerce(int),
        )
    }
)


def card_schema(chargers: dict[str, str]) -> probatio.Schema:
    """Return the form of a card, given the names of chargers by identity."""
    return probatio.Schema(
        {
            probatio.Required(CONF_NAME): _TEXT,
            probatio.Required(CONF_TOKEN): _TEXT,
            probatio.Required(
                CONF_TYPE, default=_DEFAULT_TYPE
            ): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=list(_TYPES),
                    translation_key="id_token_type",
                    mode=selector.SelectSelectorMode.DROPDOWN,
                )
            ),
            probatio.Optional(CONF_OWNER): _TEXT,
            probatio.Optional(CONF_VALID_UNTIL): selector.DateTimeSelector(),
            probatio.Required(CONF_BLOCKED, default=False): selector.BooleanSelector(),
            probatio.Optional(CONF_GROUP): _TEXT,
            probatio.Optional(CONF_CHARGERS): selector.SelectSelector(
                selector.SelectSelectorConfig(
                    options=[
                        selector.SelectOptionDict(value=identity, label=name)
                        for identity, name in chargers.items()
                    ],
                    multiple=True,
                )
            ),
            probatio.Optional(CONF_RARELY_USED): section(
                _RARELY_USED, {"collapsed": True}
            ),
        }
    )


class CardFlow(ConfigSubentryFlow):
    """List a card, or change what holds for one."""

    def __init__(self) -> None:
        """Begin without a card."""
        self._waiting: asyncio.Task[Held | None] | None = None
        self._held: Held | None = None

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how to add the card."""
        return self.async_show_menu(step_id="user", menu_options=["hold", "type_in"])

    # --- holding it to a charger --------------------------------------------------------

    async def async_step_hold(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Wait for somebody to hold a card to any charger."""
        entry: OcppConfigEntry = self._get_entry()
        if self._waiting is None:
            if entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_running")
            self._waiting = self.hass.async_create_background_task(
                entry.runtime_data.cards.async_next(_PATIENCE), "wait for a card"
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="hold",
                progress_action="hold",
                progress_task=self._waiting,
            )
        self._held = self._waiting.result()
        self._waiting = None
        return self.async_show_progress_done(
            next_step_id="held" if self._held is not None else "nobody"
        )

    async def async_step_nobody(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that nobody held a card to a charger, and ask what now."""
        return self.async_show_menu(step_id="nobody", menu_options=["hold", "type_in"])

    async def async_step_held(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for all else about the card that was held to a charger."""
        assert self._held is not None  # noqa: S101 - the step before saw to it
        if user_input is None and (known := self._card(self._held.token)):
            return self.async_abort(
                reason="already_configured",
                description_placeholders={"name": known.title},
            )
        chargers = self._chargers()
        return await self._async_add(
            "held",
            user_input,
            {CONF_TOKEN: self._held.token, **_type_of(self._held)},
            {
                "charger": chargers.get(self._held.charger, self._held.charger),
                "card": masked(self._held.token),
            },
        )

    # --- typing it ----------------------------------------------------------------------

    async def async_step_type_in(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for everything about the card."""
        return await self._async_add("type_in", user_input, {}, {})

    async def _async_add(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        suggested: dict[str, Any],
        words: dict[str, str],
    ) -> SubentryFlowResult:
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._errors(user_input)
            if not errors:
                return self.async_create_entry(
                    title=user_input[CONF_NAME],
                    data=_data(user_input),
                    unique_id=token_key(user_input[CONF_TOKEN]),
                )
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                card_schema(self._chargers()), user_input or suggested
            ),
            errors=errors,
            description_placeholders=words,
        )

    # --- changing it --------------------------------------------------------------------

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what to change."""
        card = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._errors(user_input, card)
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(),
                    card,
                    unique_id=token_key(user_input[CONF_TOKEN]),
                    title=user_input[CONF_NAME],
                    data=_data(user_input),
                )
        chargers = self._chargers()
        for identity in card.data.get(CONF_CHARGERS, ()):
            # One that is gone stays chosen: without any, the card was good for all.
            chargers.setdefault(identity, identity)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                card_schema(chargers), user_input or _form(card)
            ),
            errors=errors,
        )

    # --- what there is ------------------------------------------------------------------

    def _chargers(self) -> dict[str, str]:
        """Return the names of the chargers by identity."""
        return {
            str(charger.unique_id): charger.title
            for charger in self._get_entry().get_subentries_of_type(SUBENTRY_CHARGER)
        }

    def _card(self, token: str) -> ConfigSubentry | None:
        """Return the card with a number; letter case and blanks around do not matter."""
        for card in self._get_entry().get_subentries_of_type(SUBENTRY_ID_TOKEN):
            if token_key(card.data[CONF_TOKEN]) == token_key(token):
                return card
        return None

    def _errors(
        self, chosen: dict[str, Any], card: ConfigSubentry | None = None
    ) -> dict[str, str]:
        """Return what can't be kept, as errors of the form."""
        errors: dict[str, str] = {}
        token = chosen[CONF_TOKEN].strip()
        # No database can hold a NUL.
        if not 0 < len(token) <= _LONGEST_TOKEN or "\0" in token:
            errors[CONF_TOKEN] = "invalid_token"
        elif self._card(token) not in (None, card):
            errors[CONF_TOKEN] = "card_known"
        if not chosen[CONF_NAME].strip():
            errors[CONF_NAME] = "name_missing"
        if len(chosen.get(CONF_GROUP, "")) > _LONGEST_GROUP:
            errors[CONF_GROUP] = "group_too_long"
        return errors


def _type_of(held: Held) -> dict[str, str]:
    """Return what kind of card was held to a charger, where that said so."""
    kind = held.type.casefold()
    return {CONF_TYPE: kind} if kind in _TYPES else {}


def _data(chosen: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a filled form."""
    data = {
        key: value
        for key, value in chosen.items()
        if key not in (CONF_NAME, CONF_RARELY_USED)
    }
    data |= {key: it for key, it in chosen.get(CONF_RARELY_USED, {}).items() if it}
    data[CONF_TOKEN] = data[CONF_TOKEN].strip()
    data[CONF_TYPE] = _TYPES[data[CONF_TYPE]]
    if until := data.get(CONF_VALID_UNTIL):
        moment = dt_util.parse_datetime(until, raise_on_error=True)
        data[CONF_VALID_UNTIL] = dt_util.as_utc(moment).isoformat()
    return data


def _form(card: ConfigSubentry) -> dict[str, Any]:
    """Return the form as it was filled for a card."""
    shown = {**card.data, CONF_NAME: card.title}
    priority = shown.pop(CONF_CHARGING_PRIORITY, 0)
    shown[CONF_RARELY_USED] = {CONF_CHARGING_PRIORITY: priority}
    shown[CONF_TYPE] = shown.get(CONF_TYPE, _DEFAULT_TYPE).casefold()
    if (until := shown.get(CONF_VALID_UNTIL)) and (
        moment := dt_util.parse_datetime(until)
    ):
        shown[CONF_VALID_UNTIL] = dt_util.as_local(moment).strftime(_MOMENT)
    return shown
