"""Flow: a charger that is added by hand, or whose settings change."""

from typing import Any
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector
import probatio

from .addresses import async_own_address
from .compatibility import (
    SCHEMA as COMPATIBILITY_SCHEMA,
    InvalidCompatibility,
    overrides,
    shown,
)
from .const import (
    CONF_COMPATIBILITY,
    CONF_FIRMWARE_URL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_MAXIMUM_CURRENT,
    CONF_MAY_DISCHARGE,
    CONF_PASSWORD,
    CONF_PHASES,
    CONF_REGISTRATION,
    CONF_SECURITY_PROFILE,
    CONF_TLS_PORT,
    DOMAIN,
    SUBENTRY_CHARGER,
)
from .csms import chargers
from .csms.admission import identity_of
from .csms.chargers import Compatibility
from .csms.model import StationInfo, StationSettings
from .hub import OcppConfigEntry
from .password_flow import CHOICE, KEEP, PasswordSteps
from .security_profile_flow import SecurityProfileSteps
from .settings import new_charger

_DEFAULTS = StationSettings()
# The first security profile that needs encryption.
_ENCRYPTED = 2

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
        probatio.Required(
            CONF_SECURITY_PROFILE, default=str(_DEFAULTS.security_profile)
        ): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=["0", "1", "2", "3"], translation_key="security_profile"
            )
        ),
        **CHOICE,
        probatio.Required(
            CONF_MAY_DISCHARGE, default=False
        ): selector.BooleanSelector(),
        probatio.Optional(CONF_ID_TOKEN): probatio.All(
            selector.TextSelector(), probatio.Length(max=20)
        ),
        probatio.Optional(CONF_FIRMWARE_URL): selector.TextSelector(
            selector.TextSelectorConfig(type=selector.TextSelectorType.URL)
        ),
        probatio.Optional(CONF_COMPATIBILITY): section(
            COMPATIBILITY_SCHEMA, {"collapsed": True}
        ),
    }
)


class ChargerFlow(PasswordSteps, SecurityProfileSteps):
    """Add a charger by hand, or change what was decided about one."""

    # How the model was treated when the form was shown: what somebody then left as it was
    # is no wish, whatever the charger says of itself meanwhile.
    _model: Compatibility | None = None
    # Whether somebody was asked what is to be done.
    _asked = False

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
            elif has_charger(self.hass, identity):
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
        if user_input is None and not self._asked and self._can_move():
            return await self.async_step_menu()
        subentry = self._get_reconfigure_subentry()
        identity = subentry.data[CONF_IDENTITY]
        if self._model is None:
            self._model = self._treated_as(identity)
        errors: dict[str, str] = {}
        if user_input is not None:
            choice = user_input.get(CONF_PASSWORD, KEEP)
            try:
                changed = _changed(identity, user_input, self._model)
            except InvalidCompatibility as error:
                errors["base"] = error.reason
            else:
                if not _is_address(user_input.get(CONF_FIRMWARE_URL)):
                    errors[CONF_FIRMWARE_URL] = "invalid_url"
                elif not self._can_be_had(user_input.get(CONF_SECURITY_PROFILE, "0")):
                    errors[CONF_SECURITY_PROFILE] = "not_encrypted"
                else:
                    return await self.async_finish(
                        changed.title, dict(changed.data), choice
                    )
        present = user_input or {**subentry.data, CONF_NAME: subentry.title}
        # What is chosen from is text.
        present[CONF_PHASES] = str(present.get(CONF_PHASES, _DEFAULTS.phases))
        present[CONF_SECURITY_PROFILE] = str(present.get(CONF_SECURITY_PROFILE, 0))
        if user_input is None:
            present[CONF_COMPATIBILITY] = shown(self._model) | dict(
                subentry.data.get(CONF_COMPATIBILITY, {})
            )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_CHARGER_SCHEMA, present
            ),
            errors=errors,
            description_placeholders={"identity": identity},
        )

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Go on to the settings, where that was chosen from the menu."""
        self._asked = True
        return await self.async_step_reconfigure()

    def _can_be_had(self, profile: str) -> bool:
        """Return whether a charger could connect as well secured as that."""
        return int(profile) < _ENCRYPTED or bool(
            self._get_entry().options.get(CONF_TLS_PORT)
        )

    def _treated_as(self, identity: str) -> Compatibility:
        """Return how the model of a charger is treated, as far as it is known."""
        entry: OcppConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return Compatibility()
        charger = entry.runtime_data.chargers.get(identity)
        info = charger.station.provisioning.info if charger is not None else None
        return chargers.known(info or StationInfo())


def _changed(
    identity: str, chosen: dict[str, Any], model: Compatibility
) -> ConfigSubentry:
    """Return a charger as somebody wants it; raises `InvalidCompatibility`."""
    data = {
        key: value
        for key, value in chosen.items()
        if key not in (CONF_COMPATIBILITY, CONF_PASSWORD)
    }
    maximum = chosen.get(CONF_MAXIMUM_CURRENT, _DEFAULTS.maximum_current)
    if wishes := overrides(chosen.get(CONF_COMPATIBILITY, {}), model, maximum):
        data[CONF_COMPATIBILITY] = wishes
    return new_charger(identity, data)


def _is_address(url: str | None) -> bool:
    """Return whether a file can be fetched there, by whatever protocol; none is fine."""
    if not url:
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.scheme and parts.hostname and parts.path.strip("/"))


def has_charger(hass: HomeAssistant, identity: str) -> bool:
    """Return whether any central system has the charger. Letter case does not matter."""
    return any(
        subentry.data[CONF_IDENTITY].casefold() == identity.casefold()
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER)
    )
