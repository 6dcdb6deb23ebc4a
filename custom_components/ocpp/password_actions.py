"""Action: give a charger another password."""

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
import probatio

from .const import CONF_PASSWORD, DOMAIN
from .csms.blocks.passwords import InvalidPassword
from .exceptions import translated_errors
from .target import TARGET, chosen

UPDATE_PASSWORD = probatio.Schema(
    TARGET | {probatio.Optional(CONF_PASSWORD): cv.string}
)


@callback
def async_setup_password_actions(hass: HomeAssistant) -> None:
    """Register the action."""
    async_register_admin_service(
        hass,
        DOMAIN,
        "update_password",
        _update_password,
        UPDATE_PASSWORD,
        SupportsResponse.OPTIONAL,
    )


async def _update_password(call: ServiceCall) -> ServiceResponse:
    """Give a charger a password, and return it: nobody can look it up later."""
    charger, _ = chosen(call)
    station = charger.station
    try:
        with translated_errors(charger.name):
            # The version of one that is away is not known.
            station.link()
            new = await station.passwords.update(call.data.get(CONF_PASSWORD))
    except InvalidPassword as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="invalid_password",
            translation_placeholders={
                "charger": charger.name,
                "shortest": str(error.shortest),
                "longest": str(error.longest),
            },
        ) from error
    finally:
        station.flush()
    return {"status": new.status, "password": new.password}
