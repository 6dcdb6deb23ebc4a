"""How far a firmware update is."""

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from tests.simulator import Charger


@pytest.mark.parametrize(
    "action", ["FirmwareStatusNotification", "SignedFirmwareStatusNotification"]
)
async def test_status(station: ChargingStation, charger: Charger, action: str) -> None:
    """It is kept, whether or not an update was asked for."""
    assert station.firmware.status is None
    assert await charger.call(action, {"status": "Installing"}) == {}
    assert station.firmware.status == "Installing"
    await charger.call(action, {}, validate=False)
    assert station.firmware.status is None
