"""Security: moving up to another profile."""

from homeassistant.core import HomeAssistant
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.hub import OcppHub
from tests.conformance.moving import loopback, move, options
from tests.csms.conftest import prepared
from tests.simulator import Charger
from tests.simulator.secure import SecureCharger

__all__ = ["loopback", "options"]


@pytest.mark.proves("TC_083_CSMS")
async def test_a_charger_moves_up_and_may_not_come_as_before(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger
) -> None:
    """From open connections to a password, to encryption, to a certificate."""
    plain = f"ws://127.0.0.1:{hub.central.port}"
    secure = f"wss://127.0.0.1:{hub.central.tls_port}"
    async with SecureCharger(plain, "CP1", secure_url=secure) as charger:
        await charger.power_up()
        await prepared(garage.station)
        for profile in (1, 2, 3):
            assert (await move(hass, garage, profile))["status"] == "done"
            assert charger.trust.profile == profile
            assert garage.station.settings.security_profile == profile
            await charger.disconnect()
            with pytest.raises(InvalidStatus):
                await Charger(plain, "CP1").connect()
            await charger.connect()
            assert (await charger.boot())["status"] == "Accepted"
            await charger.settle()
        assert charger.violations == []
