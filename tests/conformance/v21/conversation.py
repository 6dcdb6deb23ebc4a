"""What the conversations with stations of 2.1 have in common."""

from typing import Any

from homeassistant.core import HomeAssistant

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conformance.v201.conversation import settled
from tests.conftest import ConnectTwo
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station


async def known_station(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo, **options: Any
) -> Station:
    """Return a station of 2.1 that has connected, and that is known."""
    station = await connect_two(version="ocpp2.1", **options)
    assert station.subprotocol == "ocpp2.1"
    await station.power_up()
    await prepared(garage.station)
    await settled(hass, station)
    return station
