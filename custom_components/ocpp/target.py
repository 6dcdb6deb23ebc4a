"""Which charger, and which of its EVSEs, an action is for."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .const import DOMAIN
from .hub import Charger

TARGET = {probatio.Required(ATTR_DEVICE_ID): cv.string}


def chosen(call: ServiceCall) -> tuple[Charger, int]:
    """Return the charger and EVSE whose device was chosen.

    EVSE 0 is the device of the charger itself. Raises `ServiceValidationError` for a device
    that is no charger.
    """
    device, entry = async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    target: tuple[Charger, int] | None = entry.runtime_data.charger_of_device(device)
    if target is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_a_charger"
        )
    return target
