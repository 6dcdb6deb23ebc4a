"""A: HTTP Basic authentication, and another password for it."""

from base64 import b64encode

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.passwords import hash_of
from tests.conftest import ConnectTwo, charger_subentry
from tests.simulator_v2 import Station

from .conversation import Payload, act, requests

PASSWORD, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger that has to show a password."""
    return [charger_subentry(password_hash=hash_of(PASSWORD.encode()))]


async def refused(connect_two: ConnectTwo, **options: object) -> None:
    """Have a station turned away before it has a WebSocket."""
    with pytest.raises(InvalidStatus) as turned_away:
        await connect_two(**options)
    assert turned_away.value.response.status_code == 401


@pytest.fixture
async def two(garage: HubCharger, connect_two: ConnectTwo) -> Station:
    """Return a station that connected with its password."""
    two = await connect_two(password=PASSWORD)
    await two.power_up()
    return two


@pytest.mark.proves("TC_A_01_CSMS", ocpp="2.0.1")
async def test_a_station_with_the_right_password_is_accepted(
    garage: HubCharger, connect_two: ConnectTwo
) -> None:
    two = await connect_two(password=PASSWORD)
    assert (await two.boot())["status"] == "Accepted"
    assert garage.station.connected


@pytest.mark.proves("TC_A_02_CSMS", ocpp="2.0.1")
async def test_a_station_that_calls_itself_otherwise_is_not(
    garage: HubCharger, connect_two: ConnectTwo
) -> None:
    shown = b64encode(f"CP2:{PASSWORD}".encode()).decode()
    await refused(connect_two, headers={"Authorization": f"Basic {shown}"})
    assert not garage.station.connected


@pytest.mark.proves("TC_A_03_CSMS", ocpp="2.0.1")
async def test_a_station_with_a_wrong_password_is_not(
    garage: HubCharger, connect_two: ConnectTwo
) -> None:
    await refused(connect_two, password=OTHER)
    await refused(connect_two)
    assert not garage.station.connected


def sent(two: Station) -> Payload:
    """Return what the station was told last to set."""
    item: Payload = requests(two, "SetVariables")[-1]["setVariableData"][0]
    return item


@pytest.mark.proves("TC_A_09_CSMS", ocpp="2.0.1")
@pytest.mark.proves("A01", ocpp="2.0.1")
async def test_people_give_a_station_another_password(
    hass: HomeAssistant, garage: HubCharger, two: Station, connect_two: ConnectTwo
) -> None:
    """It connects with that from then on, and can't with the old one any more."""
    answer = await act(hass, garage, "update_password", password=OTHER)
    assert answer == {"status": "Accepted", "password": OTHER}
    assert sent(two) == {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "attributeValue": OTHER,
    }
    await two.disconnect()
    await refused(connect_two, password=PASSWORD)
    again = await connect_two(password=OTHER)
    assert (await again.boot())["status"] == "Accepted"


@pytest.mark.proves("TC_A_10_CSMS", ocpp="2.0.1")
@pytest.mark.proves("A01", ocpp="2.0.1")
async def test_a_station_that_does_not_want_it_keeps_its_password(
    hass: HomeAssistant, garage: HubCharger, two: Station, connect_two: ConnectTwo
) -> None:
    two.answers["SetVariables"] = {
        "setVariableResult": [
            {
                "attributeStatus": "Rejected",
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
            }
        ]
    }
    with pytest.raises(HomeAssistantError):
        await act(hass, garage, "update_password", password=OTHER)
    assert sent(two)["attributeValue"] == OTHER
    await two.disconnect()
    await refused(connect_two, password=OTHER)
    again = await connect_two(password=PASSWORD)
    assert (await again.boot())["status"] == "Accepted"
