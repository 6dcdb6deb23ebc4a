"""Who may charge."""

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import RegistrationStatus, StationSettings
from tests.simulator import CallError, Charger


async def test_any_card(station: ChargingStation, charger: Charger) -> None:
    """Every card may charge at a station of ours."""
    assert await charger.authorize("CARD1") == "Accepted"
    assert station.authorization.authorize("").accepted


async def test_station_that_is_not_ours(
    station: ChargingStation, charger: Charger
) -> None:
    """It is not told whether a card is good, and no card is."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    with pytest.raises(CallError) as error:
        await charger.authorize("CARD1")
    assert error.value.code == "SecurityError"
    assert station.authorization.authorize("CARD1").status == "Invalid"
