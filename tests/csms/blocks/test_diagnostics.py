"""How far an upload of logs is."""

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from tests.simulator import Charger


@pytest.mark.parametrize(
    "action", ["DiagnosticsStatusNotification", "LogStatusNotification"]
)
async def test_status(station: ChargingStation, charger: Charger, action: str) -> None:
    """It is kept, whether or not a log was asked for."""
    assert station.diagnostics.status is None
    assert await charger.call(action, {"status": "Uploading"}) == {}
    assert station.diagnostics.status == "Uploading"
    await charger.call(action, {}, validate=False)
    assert station.diagnostics.status is None
