"""Action: move a charger to another security profile."""

from typing import Any

from homeassistant.const import CONF_URL
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers.service import async_register_admin_service
import probatio

from .const import DOMAIN
from .exceptions import translated_errors
from .security_profile import async_entrance
from .target import TARGET, charger_of

ATTR_INTERFACE = "interface"
ATTR_PROFILE = "profile"
ATTR_TIMEOUT = "timeout"

INTERFACES = (
    *(f"Wired{number}" for number in range(4)),
    *(f"Wireless{number}" for number in range(4)),
    "Any",
)


def address(value: Any) -> str:
    """Return an address that a charger can connect to; raises `Invalid`."""
    text = str(value).strip()
    if not text.startswith(("ws://", "wss://")) or len(text) > 512:
        raise probatio.Invalid("expected an address that begins with ws:// or wss://")
    return text


SET_SECURITY_PROFILE = probatio.Schema(
    TARGET
    | {
        probatio.Required(ATTR_PROFILE): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=3)
        ),
        probatio.Optional(CONF_URL): address,
        probatio.Optional(ATTR_INTERFACE): probatio.In(INTERFACES),
        # In minutes.
        probatio.Optional(ATTR_TIMEOUT, default=15): probatio.All(
            probatio.Coerce(float), probatio.Range(min=1, max=120)
        ),
    }
)


@callback
def async_setup_security_profile_actions(hass: HomeAssistant) -> None:
    """Register the action."""
    async_register_admin_service(
        hass,
        DOMAIN,
        "set_security_profile",
        _set_security_profile,
        SET_SECURITY_PROFILE,
        SupportsResponse.OPTIONAL,
    )


async def _set_security_profile(call: ServiceCall) -> ServiceResponse:
    """Move a charger, and return once it is back which steps that took."""
    hub, charger, _ = charger_of(call.hass, call.data["device_id"])
    profile: int = call.data[ATTR_PROFILE]
    entrance = await async_entrance(
        call.hass,
        hub.central,
        profile,
        url=call.data.get(CONF_URL, ""),
        interface=call.data.get(ATTR_INTERFACE, ""),
    )
    with translated_errors(charger.name):
        moved = await charger.station.security_profile.change(
            profile, entrance, patience=call.data[ATTR_TIMEOUT] * 60
        )
    return {
        "status": "waiting" if moved.waits else "done",
        "profile": profile,
        "steps": [step.value for step in moved.steps],
    }
