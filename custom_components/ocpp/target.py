"""Which charger, and which of its EVSEs, an action is for."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .charger import Charger
from .const import DOMAIN
from .hub import OcppHub

TARGET = {probatio.Required(ATTR_DEVICE_ID): cv.string}


def chosen(call: ServiceCall) -> tuple[Charger, int]:
    """Return the charger and EVSE whose device was chosen.

    EVSE 0 is the device of the charger itself. Raises `ServiceValidationError` for a device
    that is no charger.
    """
    _, charger, evse = charger_of(call.hass, call.data[ATTR_DEVICE_ID])
    return charger, evse


def charger_of(hass: HomeAssistant, device_id: str) -> tuple[OcppHub, Charger, int]:
    """Return the charger and EVSE of a device, and where they are, as `chosen` does."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    hub: OcppHub = entry.runtime_data
    if (target := hub.charger_of_device(device)) is None:
        raise not_a_charger()
    return hub, *target


def not_a_charger() -> ServiceValidationError:
    """Return what to tell people who chose a device that is no charger."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="not_a_charger"
    )
