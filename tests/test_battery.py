"""What people see of a station of 2.1 whose batteries are swapped."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conformance.v16.conftest import card
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands.battery import battery, swap, swap_variables

from .conftest import ConnectTwo, charger_subentry

EVENT = "event.garage_battery_swap"
CHARGE = "sensor.garage_battery_state_of_charge"
HEALTH = "sensor.garage_battery_health"
ANNA, LOST = "04A1B2C3D4", "04FFFFFFFF"
OLD, FULL = battery(1, "B-OLD", 12, 91), battery(1, "B-FULL", 80, 97)


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Have a charger, and cards that may and may not charge."""
    return [
        charger_subentry(),
        card(ANNA, "Anna"),
        card(LOST, "Lost", blocked=True),
    ]


@pytest.fixture
async def two(hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo) -> Two:
    """Return a swap station with one slot that is known."""
    two = await connect_two(
        version="ocpp2.1", evses=1, connectors=1, variables=swap_variables()
    )
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    return two


async def settled(hass: HomeAssistant, two: Two) -> None:
    """Wait until everything that the station sent is shown."""
    await two.settle()
    await hass.async_block_till_done()


async def request(hass: HomeAssistant, garage: HubCharger, token: str) -> Any:
    """Ask for a swap as a person does."""
    return await hass.services.async_call(
        "ocpp",
        "request_battery_swap",
        {
            "device_id": garage.device_id,
            "id_token": {"idToken": token, "type": "ISO14443"},
        },
        blocking=True,
        return_response=True,
    )


def shown(hass: HomeAssistant, entity_id: str) -> Any:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


async def test_a_swap(hass: HomeAssistant, garage: HubCharger, two: Two) -> None:
    """What was put in and what was taken out is told together, with the card's name."""
    assert shown(hass, EVENT).state == "unknown"
    assert hass.states.get(CHARGE) is None
    two.state.batteries[1] = FULL
    number = (await request(hass, garage, ANNA))["requestId"]
    await swap(two, "BatteryOut", number, FULL, token=ANNA)
    await settled(hass, two)
    assert shown(hass, EVENT).attributes["event_type"] == "battery_out"
    assert shown(hass, CHARGE).state == "unknown"
    await swap(two, "BatteryIn", number, OLD, token=ANNA)
    await settled(hass, two)
    told = shown(hass, EVENT).attributes
    assert told["event_type"] == "battery_in"
    assert (told["swap"], told["card"]) == (number, "Anna")
    assert (told["accepted"], told["requested"]) == (True, True)
    assert told["put_in"] == told["batteries"]
    assert told["put_in"] == [
        {
            "evse": 1,
            "serial_number": "B-OLD",
            "state_of_charge": 12,
            "health": 91,
        }
    ]
    assert [one["serial_number"] for one in told["taken_out"]] == ["B-FULL"]
    assert shown(hass, CHARGE).state == "12"
    assert shown(hass, CHARGE).attributes["serial_number"] == "B-OLD"
    assert shown(hass, HEALTH).state == "91"


async def test_a_battery_is_charged_in_its_slot(hass: HomeAssistant, two: Two) -> None:
    """What is shown follows the meter of the slot."""
    await swap(two, "BatteryIn", 1, OLD, token=ANNA)
    sample = {"value": 55, "measurand": "SoC"}
    value = {"timestamp": two.timestamp(), "sampledValue": [sample]}
    await two.call("MeterValues", {"evseId": 1, "meterValue": [value]})
    await settled(hass, two)
    assert float(shown(hass, CHARGE).state) == 55


async def test_numbers_of_cards_are_not_shown(hass: HomeAssistant, two: Two) -> None:
    """Of a card that nobody knows there are its last characters."""
    await swap(two, "BatteryIn", 1, OLD, token="04DEADBEEF")
    await settled(hass, two)
    told = shown(hass, EVENT).attributes
    assert (told["card"], told["accepted"]) == ("…BEEF", False)
    # Tags are there to know cards by.
    others = [it for it in hass.states.async_all() if it.domain != "tag"]
    for token in (ANNA, "04DEADBEEF"):
        assert not any(token in str(state) for state in others)


@pytest.mark.proves("S02.FR.03", ocpp="2.1")
async def test_a_card_that_may_not_charge_swaps_nothing(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """People are told why; the station is not asked."""
    two.state.batteries[1] = FULL
    with pytest.raises(ServiceValidationError) as error:
        await request(hass, garage, LOST)
    assert error.value.translation_key == "card_not_accepted"
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["status"] == "Blocked"
    assert LOST not in str(error.value.translation_placeholders)
    assert not any(frame[2:3] == ["RequestBatterySwap"] for frame in two.received)


async def test_a_station_without_a_full_battery(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """It refuses (S02.FR.04)."""
    with pytest.raises(HomeAssistantError) as error:
        await request(hass, garage, ANNA)
    assert error.value.translation_key == "command_rejected"


async def test_a_charger_of_cars_has_none_of_it(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    two = await connect_two(version="ocpp2.1")
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    assert er.async_get(hass).async_get(EVENT) is None
