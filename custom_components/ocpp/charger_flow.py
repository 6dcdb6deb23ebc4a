"""Flow: a charger that is added by hand, or whose settings change."""

from typing import Any
from urllib.parse import quote, urlsplit

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_PORT
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
    CONF_ALLOW_PLAIN,
    CONF_COMPATIBILITY,
    CONF_FIRMWARE_URL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_MAXIMUM_CURRENT,
    CONF_MAY_DISCHARGE,
    CONF_PASSWORD,
    CONF_PASSWORD_HASH,
    CONF_PHASES,
    CONF_REGISTRATION,
    CONF_RENEW_EXPIRED,
    CONF_SECURITY_PROFILE,
    CONF_TLS_PORT,
)
from .csms import chargers
from .csms.admission import identity_of
from .csms.chargers import Compatibility
from .csms.model import StationInfo, StationSettings
from .hub import OcppConfigEntry
from .newcomers import has_charger
from .password_flow import CHOICE, FIRST_CHOICE, KEEP, REMOVE, PasswordSteps
from .security_profile_flow import SecurityProfileSteps
from .settings import new_charger

_DEFAULTS = StationSettings()
# The security profile that is nothing but a password, and the first that needs encryption.
_PASSWORD, _ENCRYPTED = 1, 2

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
_PROTECTION: dict[probatio.Marker, Any] = {
    probatio.Required(
        CONF_SECURITY_PROFILE, default=str(_DEFAULTS.security_profile)
    ): selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=["0", "1", "2", "3"], translation_key="security_profile"
        )
    )
}
ADOPT_SCHEMA = probatio.Schema(_CHARGER_FIELDS)
CHARGER_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_IDENTITY): selector.TextSelector(),
        **_CHARGER_FIELDS,
        **FIRST_CHOICE,
        **_PROTECTION,
    }
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
        **_PROTECTION,
        probatio.Required(
            CONF_RENEW_EXPIRED, default=_DEFAULTS.renew_expired
        ): selector.BooleanSelector(),
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
        errors: dict[str, str] = {}
        if user_input is not None:
            identity = user_input[CONF_IDENTITY]
            errors = self._wrong_of_new(identity, user_input)
            if not errors and has_charger(self.hass, identity):
                return self.async_abort(reason="already_configured")
            if not errors:
                return await self._add(identity, user_input)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(CHARGER_SCHEMA, user_input),
            errors=errors,
            description_placeholders={"url": await self._own_url(0)},
        )

    def _wrong_of_new(self, identity: str, chosen: dict[str, Any]) -> dict[str, str]:
        """Return what can't be as somebody wants a new charger, by the field."""
        errors: dict[str, str] = {}
        if "/" in identity or identity_of(f"/{identity}") != identity:
            errors[CONF_IDENTITY] = "invalid_identity"
        has_password = chosen[CONF_PASSWORD] != REMOVE
        return errors | self._wrong_of_protection(chosen, has_password=has_password)

    async def _add(self, identity: str, chosen: dict[str, Any]) -> SubentryFlowResult:
        """Add a charger, once its password is settled."""
        data = {**chosen}
        choice, profile = data.pop(CONF_PASSWORD), int(data[CONF_SECURITY_PROFILE])
        if choice != REMOVE:
            # What a password is called there.
            profile = max(profile, _PASSWORD)
            data[CONF_SECURITY_PROFILE] = str(profile)
        charger = new_charger(identity, data)
        url = f"{await self._own_url(profile)}{quote(identity, safe='')}"
        return await self.async_finish(
            charger.title, dict(charger.data), choice, url=url
        )

    def _wrong_of_changed(self, chosen: dict[str, Any]) -> dict[str, str]:
        """Return what can't be as somebody wants a charger changed, by the field."""
        errors: dict[str, str] = {}
        if not _is_address(chosen.get(CONF_FIRMWARE_URL)):
            errors[CONF_FIRMWARE_URL] = "invalid_url"
        choice = chosen.get(CONF_PASSWORD, KEEP)
        has_password = choice != REMOVE
        if choice == KEEP:
            before = self._get_reconfigure_subentry().data
            has_password = bool(before.get(CONF_PASSWORD_HASH))
        return errors | self._wrong_of_protection(chosen, has_password=has_password)

    def _wrong_of_protection(
        self, chosen: dict[str, Any], *, has_password: bool
    ) -> dict[str, str]:
        """Return what would not protect a charger as somebody wants it, by the field.

        Encryption alone is what its name says; "password" without one is nothing.
        """
        profile = chosen.get(CONF_SECURITY_PROFILE, "0")
        errors: dict[str, str] = {}
        if not self._can_be_had(profile):
            errors[CONF_SECURITY_PROFILE] = "not_encrypted"
        if int(profile) == _PASSWORD and not has_password:
            errors[CONF_PASSWORD] = "password_missing"
        return errors

    async def _own_url(self, profile: int) -> str:
        """Return where a charger connects to that has to be secured as well as that."""
        entry = self._get_entry()
        scheme, port = "ws", entry.data[CONF_PORT]
        if profile >= _ENCRYPTED or not entry.options.get(CONF_ALLOW_PLAIN, True):
            encrypted = entry.options.get(CONF_TLS_PORT)
            scheme, port = ("wss", encrypted) if encrypted else (scheme, port)
        return f"{scheme}://{await async_own_address(self.hass)}:{int(port)}/"

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
                errors = self._wrong_of_changed(user_input)
                if not errors:
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
