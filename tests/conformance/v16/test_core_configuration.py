"""Core: the configuration of a charger, and what its vendor sends."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger, ConfigKey

from .conversation import act, failure, found, requests, settled, shown, use

INTERVAL = "number.garage_meter_readings_while_charging_every"
TIME_OUT = "number.garage_time_to_plug_in"

pytestmark = pytest.mark.usefixtures("everything")


@pytest.mark.proves("TC_019_1_CSMS")
async def test_all_keys_are_read(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    assert shown(hass, TIME_OUT) == "60"
    charger.configuration["ConnectionTimeOut"] = ConfigKey("90")
    answer = await act(hass, garage, "get_configuration")
    assert requests(charger, "GetConfiguration")[-1] == {}
    assert {one["key"]: one["readonly"] for one in answer["configurationKey"]} == {
        name: key.readonly for name, key in charger.configuration.items()
    }
    await settled(hass, charger)
    # What was changed at the charger is shown.
    assert shown(hass, TIME_OUT) == "90"


@pytest.mark.proves("TC_019_2_CSMS")
async def test_a_single_key_is_read(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    asked = {"key": ["SupportedFeatureProfiles"]}
    answer = await act(hass, garage, "get_configuration", **asked)
    assert requests(charger, "GetConfiguration")[-1] == asked
    (key,) = answer["configurationKey"]
    assert key == {
        "key": "SupportedFeatureProfiles",
        "readonly": True,
        "value": charger.configuration["SupportedFeatureProfiles"].value,
    }
    assert not answer.get("unknownKey")


@pytest.mark.proves("TC_021_CSMS")
async def test_a_key_is_changed(hass: HomeAssistant, charger: Charger) -> None:
    await use(hass, INTERVAL, "set_value", value=45)
    await use(hass, INTERVAL, "set_value", value=60)
    changes = requests(charger, "ChangeConfiguration")
    assert changes[-1] == {"key": "MeterValueSampleInterval", "value": "60"}
    await settled(hass, charger)
    assert charger.configuration["MeterValueSampleInterval"].value == "60"
    assert shown(hass, INTERVAL) == "60"


@pytest.mark.proves("TC_040_1_CSMS")
async def test_a_key_that_is_not_there_is_an_error(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    with failure(
        "command_rejected", command="ChangeConfiguration", status="NotSupported"
    ):
        await act(hass, garage, "change_configuration", key="Testing", value="true")
    assert "Testing" not in charger.configuration
    assert requests(charger, "ChangeConfiguration")[-1]["key"] == "Testing"


@pytest.mark.proves("TC_040_2_CSMS")
async def test_a_value_that_a_key_can_not_have_is_an_error(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    before = shown(hass, INTERVAL)
    key = "MeterValueSampleInterval"
    with failure("command_rejected", command="ChangeConfiguration", status="Rejected"):
        await act(hass, garage, "change_configuration", key=key, value="-1")
    await settled(hass, charger)
    assert requests(charger, "ChangeConfiguration")[-1] == {"key": key, "value": "-1"}
    assert shown(hass, INTERVAL) == before


@pytest.mark.proves("TC_064_CSMS")
async def test_data_of_a_vendor_that_nobody_waits_for_is_not_accepted(
    hass: HomeAssistant, charger: Charger
) -> None:
    answer = await charger.call(
        "DataTransfer", {"vendorId": "com.vendor", "messageId": "State", "data": "1"}
    )
    assert answer == {"status": "UnknownVendorId"}
    await settled(hass, charger)
    event = found(hass, "event.garage_vendor_message")
    assert event.attributes["event_type"] == "refused"
    assert event.attributes["vendor_id"] == "com.vendor"
