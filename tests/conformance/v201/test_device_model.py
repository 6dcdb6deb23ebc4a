"""B: what a station is made of and how it is set, read and written by people."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from tests.simulator_v2 import Station, Variable

from .conversation import act, failure, requests, settled

OFFLINE = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "OfflineThreshold"},
}
REMOTE = {
    "component": {"name": "AuthCtrlr"},
    "variable": {"name": "AuthorizeRemoteStart"},
}


def limit(name: str, instance: str) -> dict[str, Any]:
    """Return one of the station's limits to what a message may hold."""
    return {
        "component": {"name": "DeviceDataCtrlr"},
        "variable": {"name": name, "instance": instance},
    }


@pytest.mark.parametrize(
    ("wanted", "values"),
    [
        pytest.param(
            [OFFLINE], ["60"], marks=pytest.mark.proves("TC_B_06_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            [OFFLINE, REMOTE],
            ["60", "false"],
            marks=pytest.mark.proves("TC_B_07_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_variables_are_read(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    wanted: list[dict[str, Any]],
    values: list[str],
) -> None:
    answer = await act(hass, garage, "get_variables", get_variable_data=wanted)
    assert requests(two, "GetVariables")[-1] == {"getVariableData": wanted}
    results = answer["getVariableResult"]
    assert [it["attributeValue"] for it in results] == values
    assert {it["attributeStatus"] for it in results} == {"Accepted"}


@pytest.mark.proves("B06", ocpp="2.0.1")
async def test_what_a_station_does_not_tell_is_part_of_the_answer(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    nothing = {**OFFLINE, "variable": {"name": "Nothing"}}
    secret = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
    }
    answer = await act(
        hass, garage, "get_variables", get_variable_data=[OFFLINE, nothing, secret]
    )
    assert [it["attributeStatus"] for it in answer["getVariableResult"]] == [
        "Accepted",
        "UnknownVariable",
        "Rejected",
    ]
    assert answer["getVariableResult"][0]["attributeValue"] == "60"


@pytest.mark.proves("TC_B_08_CSMS", ocpp="2.0.1")
async def test_no_more_variables_are_read_at_once_than_the_station_takes(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    key = "DeviceDataCtrlr.ItemsPerMessage.GetVariables"
    two.variables[key].value = "4"
    most = limit("ItemsPerMessage", "GetVariables")
    await act(hass, garage, "get_variables", get_variable_data=[most])
    before = len(requests(two, "GetVariables"))
    wanted = [
        limit("ItemsPerMessage", "GetReport"),
        most,
        limit("BytesPerMessage", "GetReport"),
        limit("BytesPerMessage", "GetVariables"),
        REMOTE,
    ]
    answer = await act(hass, garage, "get_variables", get_variable_data=wanted)
    sent = [it["getVariableData"] for it in requests(two, "GetVariables")[before:]]
    assert sent == [wanted[:4], wanted[4:]]
    assert [it["attributeValue"] for it in answer["getVariableResult"]] == [
        "10",
        "4",
        "20000",
        "20000",
        "false",
    ]


@pytest.mark.parametrize(
    ("wanted", "values"),
    [
        pytest.param(
            [OFFLINE], ["123"], marks=pytest.mark.proves("TC_B_09_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            [OFFLINE, REMOTE],
            ["123", "true"],
            marks=pytest.mark.proves("TC_B_10_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_variables_are_written(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    wanted: list[dict[str, Any]],
    values: list[str],
) -> None:
    data = [
        {**it, "attributeValue": value}
        for it, value in zip(wanted, values, strict=True)
    ]
    answer = await act(hass, garage, "set_variables", set_variable_data=data)
    assert {it["attributeStatus"] for it in answer["setVariableResult"]} == {"Accepted"}
    assert requests(two, "SetVariables")[-1] == {"setVariableData": data}
    again = await act(hass, garage, "get_variables", get_variable_data=wanted)
    assert [it["attributeValue"] for it in again["getVariableResult"]] == values


@pytest.mark.proves("B05", ocpp="2.0.1")
async def test_what_a_station_does_not_take_is_part_of_the_answer(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    refused = {**OFFLINE, "attributeValue": "never"}
    later = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
        "attributeValue": "1,2",
    }
    answer = await act(
        hass, garage, "set_variables", set_variable_data=[refused, later]
    )
    assert [it["attributeStatus"] for it in answer["setVariableResult"]] == [
        "Rejected",
        "RebootRequired",
    ]
    assert two.variables.text("OCPPCommCtrlr.OfflineThreshold") == "60"
    with failure("command_rejected", status="Rejected"):
        await act(hass, garage, "set_variables", set_variable_data=[refused])


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(
            "configuration_inventory",
            "ConfigurationInventory",
            marks=pytest.mark.proves("TC_B_12_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "full_inventory",
            "FullInventory",
            marks=pytest.mark.proves("TC_B_13_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "summary_inventory",
            "SummaryInventory",
            marks=pytest.mark.proves("TC_B_14_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("B07", ocpp="2.0.1")
async def test_a_report_is_read_whole(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Station,
    base: str,
    expected: str,
) -> None:
    two.variables["EVSE[2].Colour"] = Variable(
        component="EVSE",
        evse=2,
        name="Colour" if expected != "SummaryInventory" else "Problem",
        value="green" if expected != "SummaryInventory" else "false",
        mutability="ReadWrite",
    )
    before = len(two.sent_calls("NotifyReport"))
    answer = await act(hass, garage, "get_base_report", report_base=base)
    sent = requests(two, "GetBaseReport")[-1]
    assert sent["reportBase"] == expected
    assert sent["requestId"] >= 0
    assert answer["status"] == "Accepted"
    parts = two.sent_calls("NotifyReport")[before:]
    told = [item for part in parts for item in part["reportData"]]
    assert answer["reportData"] == told
    assert any(it["component"].get("evse") == {"id": 2} for it in told)
    await settled(hass, two)
    if expected != "SummaryInventory":
        shown = await async_get_config_entry_diagnostics(hass, entry)
        assert "green" in str(shown["chargers"][0]["device_model"])


@pytest.mark.proves("TC_B_18_CSMS", ocpp="2.0.1")
async def test_a_report_of_chosen_things_is_read(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    state = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    for criterion, status in (("problem", "EmptyResultSet"), ("available", "Accepted")):
        answer = await act(
            hass,
            garage,
            "get_report",
            component_criteria=[criterion],
            component_variable=[state],
        )
        sent = requests(two, "GetReport")[-1]
        assert sent["componentCriteria"] == [criterion.capitalize()]
        assert sent["componentVariable"] == [state]
        assert answer["status"] == status
        if status == "Accepted":
            (item,) = answer["reportData"]
            assert item["variableAttribute"][0]["value"] == "Available"
        else:
            # Nothing to tell is no failure.
            assert answer.get("reportData", []) == []


PROFILE = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://127.0.0.1:9999/",
    "messageTimeout": 30,
    "securityProfile": 1,
    "ocppInterface": "Wired0",
}


@pytest.mark.proves("TC_B_42_CSMS", ocpp="2.0.1")
async def test_a_way_to_connect_is_told_and_known(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, two: Station
) -> None:
    answer = await act(
        hass,
        garage,
        "set_network_profile",
        configuration_slot=2,
        connection_data=PROFILE,
    )
    assert answer == {"status": "Accepted"}
    assert requests(two, "SetNetworkProfile") == [
        {"configurationSlot": 2, "connectionData": PROFILE}
    ]
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown["chargers"][0]["network_profiles"][2]["ocppInterface"] == "Wired0"


@pytest.mark.parametrize(
    "status",
    [
        "Rejected",
        pytest.param("Failed", marks=pytest.mark.proves("TC_B_44_CSMS", ocpp="2.0.1")),
    ],
)
@pytest.mark.proves("B09", ocpp="2.0.1")
async def test_a_way_to_connect_that_is_refused_is_an_error(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Station,
    status: str,
) -> None:
    two.answers["SetNetworkProfile"] = {"status": status}
    with failure("command_rejected", command="SetNetworkProfile", status=status):
        await act(
            hass,
            garage,
            "set_network_profile",
            configuration_slot=2,
            connection_data=PROFILE,
        )
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown["chargers"][0]["network_profiles"] == {}
