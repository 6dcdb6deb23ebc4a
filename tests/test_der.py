"""What people see of a charger of 2.1 that feeds into the grid, and what it demands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.model import Part, Topic
from tests.csms.conftest import prepared, until
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands.der import der_variables, grid_alarm, start_stop

from .conftest import ConnectTwo

CONTROLS = "sensor.garage_active_grid_controls"
ALARM = "binary_sensor.garage_grid_alarm"
EVENT = "event.garage_grid_alarm"
CURVE = {
    "priority": 1,
    "yUnit": "PctMaxW",
    "curveData": [{"x": 100, "y": 100}, {"x": 110, "y": 0}],
}
DROOP = {
    "priority": 1,
    "overFreq": 50.2,
    "underFreq": 49.8,
    "overDroop": 0.05,
    "underDroop": 0.05,
    "responseTime": 5,
}


@pytest.fixture
async def two(hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo) -> Two:
    """Return a station of 2.1 that can be controlled, and is known."""
    two = await connect_two(version="ocpp2.1", variables=der_variables())
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    return two


async def settled(hass: HomeAssistant, two: Two) -> None:
    """Wait until everything that the station sent is shown."""
    await two.settle()
    await hass.async_block_till_done()


async def act(
    hass: HomeAssistant, garage: HubCharger, action: str, **fields: Any
) -> Any:
    """Have a command sent as a person does."""
    response = await hass.services.async_call(
        "ocpp",
        action,
        {"device_id": garage.device_id, **fields},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()
    return response


def shown(hass: HomeAssistant, entity_id: str) -> Any:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


async def test_controls_are_shown_as_the_charger_takes_them(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """Those in force are counted, and the others listed with what they wait for."""
    assert shown(hass, CONTROLS).state == "0"
    curve = {"control_type": "volt_watt", "curve": CURVE}
    await act(
        hass, garage, "set_der_control", control_id="usual", is_default=True, **curve
    )
    start = datetime.now(UTC) + timedelta(hours=1)
    later = CURVE | {"startTime": start.isoformat(), "duration": 600}
    await act(
        hass,
        garage,
        "set_der_control",
        control_id="later",
        control_type="volt_watt",
        is_default=False,
        curve=later,
    )
    assert shown(hass, CONTROLS).state == "1"
    assert shown(hass, CONTROLS).attributes["controls"] == [
        {
            "id": "usual",
            "control": "volt_watt",
            "state": "active",
            "default": True,
            "priority": 1,
            "start": None,
            "end": None,
        },
        {
            "id": "later",
            "control": "volt_watt",
            "state": "scheduled",
            "default": False,
            "priority": 1,
            "start": start.isoformat(),
            "end": (start + timedelta(seconds=600)).isoformat(),
        },
    ]
    await start_stop(two, "later")
    await settled(hass, two)
    listed = shown(hass, CONTROLS).attributes["controls"]
    assert [(one["id"], one["state"]) for one in listed] == [
        ("later", "active"),
        ("usual", "standby"),
    ]
    await start_stop(two, "later", started=False)
    await act(hass, garage, "clear_der_control", is_default=True)
    assert shown(hass, CONTROLS).state == "0"


@pytest.mark.proves("GetDERControl", ocpp="2.1")
async def test_the_answer_about_controls_is_one(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """Whatever the number of messages that it comes in."""
    for number in ("one", "two", "three"):
        two.state.controls[number] = {
            "controlType": "VoltVar",
            "isDefault": True,
            "isSuperseded": number != "one",
            "curve": CURVE,
        }
    two.state.controls["four"] = {
        "controlType": "FreqDroop",
        "isDefault": True,
        "isSuperseded": False,
        "freqDroop": DROOP,
    }
    response = await act(hass, garage, "get_der_control", request_id=5)
    assert (response["status"], response["complete"]) == ("Accepted", True)
    assert [one["id"] for one in response["curve"]] == ["one", "two", "three"]
    assert response["freqDroop"] == [
        {"id": "four", "freqDroop": DROOP, "isDefault": True, "isSuperseded": False}
    ]
    assert "enterService" not in response
    assert shown(hass, CONTROLS).state == "2"
    # And where there is nothing to tell, nothing is waited for.
    response = await act(
        hass, garage, "get_der_control", request_id=6, control_id="none"
    )
    assert response["status"] == "NotFound"
    assert response["complete"] is True


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        (
            {"control_type": "volt_var", "is_default": True, "freq_droop": DROOP},
            "control_other_field",
        ),
        (
            {
                "control_type": "volt_var",
                "is_default": True,
                "curve": CURVE | {"duration": 5},
            },
            "control_default_with_time",
        ),
        (
            {
                "control_type": "gradients",
                "is_default": False,
                "gradient": {"priority": 1, "gradient": 1, "softGradient": 1},
            },
            "control_always_default",
        ),
    ],
)
async def test_what_may_not_be_sent_is_explained(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Two,
    fields: dict[str, Any],
    key: str,
) -> None:
    """Nothing is sent (R04.FR.12, FR.14, FR.16)."""
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, garage, "set_der_control", control_id="one", **fields)
    assert error.value.translation_key == key
    assert not any(frame[2:3] == ["SetDERControl"] for frame in two.received)


async def test_an_id_of_another_control_is_explained(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    wanted = {"control_id": "one", "is_default": True, "curve": CURVE}
    await act(hass, garage, "set_der_control", control_type="volt_var", **wanted)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, garage, "set_der_control", control_type="volt_watt", **wanted)
    assert error.value.translation_key == "control_same_id"


async def test_a_control_that_the_charger_does_not_have(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """People are told the charger's word, and nothing is shown (R04.FR.01)."""
    with pytest.raises(HomeAssistantError) as error:
        await act(
            hass,
            garage,
            "set_der_control",
            control_id="one",
            control_type="watt_var",
            is_default=True,
            curve=CURVE,
        )
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["status"] == "NotSupported"
    assert shown(hass, CONTROLS).attributes["controls"] == []


async def test_an_alarm_of_the_grid(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """It is on until the charger says that it is over; another one takes its place (R05)."""
    assert shown(hass, ALARM).state == "off"
    await grid_alarm(two, "HVMustTrip", "OverVoltage", extraInfo="Inverter 2")
    await settled(hass, two)
    alarm = shown(hass, ALARM)
    assert alarm.state == "on"
    assert (alarm.attributes["fault"], alarm.attributes["control"]) == (
        "over_voltage",
        "hv_must_trip",
    )
    assert alarm.attributes["extra_info"] == "Inverter 2"
    event = shown(hass, EVENT).attributes
    assert (event["event_type"], event["control"]) == ("over_voltage", "hv_must_trip")
    await grid_alarm(two, "LimitMaxDischarge", None)
    await settled(hass, two)
    assert shown(hass, ALARM).attributes["control"] == "limit_max_discharge"
    assert shown(hass, EVENT).attributes["event_type"] == "other"
    await grid_alarm(two, "LimitMaxDischarge", "OverFrequency", ended=True)
    await settled(hass, two)
    assert shown(hass, ALARM).state == "off"
    event = shown(hass, EVENT).attributes
    assert (event["event_type"], event["fault"]) == ("ended", "over_frequency")


async def test_an_alarm_lasts_over_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    """Of Home Assistant; with the controls."""
    two.state.controls["one"] = {
        "controlType": "VoltVar",
        "isDefault": True,
        "isSuperseded": False,
        "curve": CURVE,
    }
    await start_stop(two, "one")
    await two.wait_for_call("GetDERControl")
    await grid_alarm(two)
    await settled(hass, two)
    two.reboots = False
    await two.disconnect()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    station = entry.runtime_data.chargers["CP1"].station
    assert station.der_control.alarm is not None
    again = Two(
        f"ws://127.0.0.1:{entry.runtime_data.central.port}/", "CP1", version="ocpp2.1"
    )
    async with again:
        await until(station, Part(Topic.CONNECTION), lambda: station.connected)
        await hass.async_block_till_done()
        assert shown(hass, ALARM).state == "on"


async def test_a_charger_that_does_not_feed_in_has_none_of_it(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    """Until it tells of an alarm all the same."""
    two = await connect_two(version="ocpp2.1")
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    registry = er.async_get(hass)
    for entity_id in (CONTROLS, ALARM, EVENT):
        assert registry.async_get(entity_id) is None
    await grid_alarm(two)
    await settled(hass, two)
    assert shown(hass, ALARM).state == "on"
    assert shown(hass, CONTROLS).state == "0"
