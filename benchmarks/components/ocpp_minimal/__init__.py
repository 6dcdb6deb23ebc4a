"""What an OCPP central system in Home Assistant costs at least. Not a product.

The same entities over one of two central systems: bare frames, or the `ocpp` package's
own ChargePoint. Both answer first and then write what changed.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from . import bare, package
from .charger import Charger

_PLATFORMS = [Platform.NUMBER, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Add the entities, then listen."""
    chargers = {identity: Charger(identity) for identity in entry.data["identities"]}
    entry.runtime_data = chargers
    await hass.config_entries.async_forward_entry_setups(entry, _PLATFORMS)
    port = entry.data["port"]
    # The process ends with the server; there is no unloading.
    match entry.data["kind"]:
        case "bare":
            await bare.listen(chargers, port)
        case "checked":
            await bare.listen(chargers, port, checked=True)
        case "package":
            await package.listen(chargers, port)
    return True
