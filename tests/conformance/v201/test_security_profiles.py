"""A05: moving up to another security profile."""

from homeassistant.core import HomeAssistant
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.hub import OcppHub
from tests.conformance.moving import loopback, move, options
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station
from tests.simulator_v2.secure import SecureStation

__all__ = ["loopback", "options"]


@pytest.mark.proves("A05", ocpp="2.0.1")
@pytest.mark.proves("TC_A_19_CSMS", ocpp="2.0.1")
async def test_a_station_moves_up_and_may_not_come_as_before(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger
) -> None:
    """From open connections to a password, to encryption, to a certificate."""
    plain = f"ws://127.0.0.1:{hub.central.port}"
    async with SecureStation(plain, "CP1") as two:
        await two.power_up()
        await prepared(garage.station)
        for profile in (1, 2, 3):
            assert (await move(hass, garage, profile))["status"] == "done"
            assert two.trust.profile == profile
            # The connections of before are gone (A05.FR.06).
            used = two.variables["OCPPCommCtrlr.NetworkConfigurationPriority"].value
            assert used == ("2" if profile != 2 else "1")
            assert garage.station.settings.security_profile == profile
            await two.disconnect()
            with pytest.raises(InvalidStatus):
                await Station(plain, "CP1").connect()
            await two.connect()
            assert (await two.boot())["status"] == "Accepted"
            await two.settle()
        assert two.violations == []
