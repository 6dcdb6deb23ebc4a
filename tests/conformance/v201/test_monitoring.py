"""N: what stations watch for people, and tell them of."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from tests.simulator_v2 import Station
from tests.simulator_v2.state import Monitor

from .conversation import act, failure, found, requests, settled

EVENT = "event.garage_monitoring_event"
STATE = {"name": "AvailabilityState"}
OF_EVSE = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": STATE}
OF_STATION = {"component": {"name": "ChargingStation"}, "variable": STATE}
POWER = {
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "Power"},
}
NOWHERE = {
    "component": {"name": "ChargingStation"},
    "variable": {"name": "Power"},
}


def watch(two: Station, number: int, place: dict[str, Any], kind: str) -> None:
    """Have the station watch something of its own."""
    two.state.monitors[number] = Monitor(
        id=number,
        component=place["component"],
        variable=place["variable"],
        type=kind,
        value=1,
        severity=4,
    )


@pytest.fixture
def watched(two: Station) -> Station:
    """Return the station, which watches a state and a power."""
    for place in (OF_EVSE, OF_STATION):
        found = two.variables.find(place["component"], place["variable"])
        assert not isinstance(found, str)
        found.monitored = True
    watch(two, 1, OF_EVSE, "Delta")
    watch(two, 2, POWER, "UpperThreshold")
    return two


@pytest.mark.parametrize(
    ("criteria", "places", "numbers"),
    [
        pytest.param(
            "threshold_monitoring",
            None,
            [2],
            marks=pytest.mark.proves("TC_N_01_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            None,
            [OF_EVSE],
            [1],
            marks=pytest.mark.proves("TC_N_02_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "threshold_monitoring",
            [POWER],
            [2],
            marks=pytest.mark.proves("TC_N_03_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "delta_monitoring",
            [OF_STATION, OF_EVSE],
            [1],
            marks=pytest.mark.proves("TC_N_60_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            None,
            None,
            [1, 2],
            marks=pytest.mark.proves("TC_N_47_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("N02", ocpp="2.0.1")
async def test_monitors_are_listed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    watched: Station,
    criteria: str | None,
    places: list[dict[str, Any]] | None,
    numbers: list[int],
) -> None:
    fields: dict[str, Any] = {}
    if criteria is not None:
        fields["monitoring_criteria"] = [criteria]
    if places is not None:
        fields["component_variable"] = places
    # Nothing to tell is no failure.
    kept, watched.state.monitors = watched.state.monitors, {}
    answer = await act(hass, garage, "get_monitoring_report", **fields)
    assert answer["status"] == "EmptyResultSet"
    watched.state.monitors = kept
    answer = await act(hass, garage, "get_monitoring_report", **fields)
    sent = requests(watched, "GetMonitoringReport")[-1]
    assert sent.get("componentVariable") == places
    assert ("monitoringCriteria" in sent) is (criteria is not None)
    told = [it["variableMonitoring"][0]["id"] for it in answer["monitor"]]
    assert told == numbers
    await settled(hass, watched)
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert len(diagnostics["chargers"][0]["monitors"]) == len(numbers)


@pytest.mark.proves("TC_N_05_CSMS", ocpp="2.0.1")
@pytest.mark.proves("N03", ocpp="2.0.1")
async def test_the_base_of_monitors_is_set(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    for said, sent in (
        ("all", "All"),
        ("factory_default", "FactoryDefault"),
        ("hard_wired_only", "HardWiredOnly"),
    ):
        answer = await act(hass, garage, "set_monitoring_base", monitoring_base=said)
        assert answer == {"status": "Accepted"}
        assert requests(two, "SetMonitoringBase")[-1] == {"monitoringBase": sent}
        assert garage.station.monitoring.base == sent
    two.answers["SetMonitoringBase"] = {"status": "NotSupported"}
    with failure("not_supported", command="SetMonitoringBase"):
        await act(hass, garage, "set_monitoring_base", monitoring_base="all")


@pytest.mark.parametrize(
    "places",
    [
        pytest.param([OF_EVSE], marks=pytest.mark.proves("TC_N_08_CSMS", ocpp="2.0.1")),
        pytest.param(
            [OF_EVSE, OF_STATION],
            marks=pytest.mark.proves("TC_N_09_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("N04", ocpp="2.0.1")
async def test_monitors_are_set(
    hass: HomeAssistant,
    garage: HubCharger,
    watched: Station,
    places: list[dict[str, Any]],
) -> None:
    watched.state.monitors.clear()
    data = [place | {"type": "Delta", "value": 1, "severity": 8} for place in places]
    answer = await act(
        hass, garage, "set_variable_monitoring", set_monitoring_data=data
    )
    assert requests(watched, "SetVariableMonitoring") == [{"setMonitoringData": data}]
    results = answer["setMonitoringResult"]
    assert {it["status"] for it in results} == {"Accepted"}
    numbers = [it["id"] for it in results]
    known = garage.station.monitoring.monitors
    assert list(known) == numbers
    assert {it.severity for it in known.values()} == {8}


@pytest.mark.proves("TC_N_16_CSMS", ocpp="2.0.1")
async def test_the_level_of_monitoring_is_set(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    answer = await act(hass, garage, "set_monitoring_level", severity=4)
    assert answer == {"status": "Accepted"}
    assert requests(two, "SetMonitoringLevel") == [{"severity": 4}]
    assert garage.station.monitoring.level == 4


@pytest.mark.proves("TC_N_17_CSMS", ocpp="2.0.1")
async def test_a_level_that_is_not_taken_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    two.answers["SetMonitoringLevel"] = {"status": "Rejected"}
    with failure("command_rejected", command="SetMonitoringLevel", status="Rejected"):
        await act(hass, garage, "set_monitoring_level", severity=4)
    assert garage.station.monitoring.level != 4


@pytest.mark.proves("TC_N_18_CSMS", ocpp="2.0.1")
async def test_monitors_are_cleared_in_as_many_messages_as_it_takes(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    key = "MonitoringCtrlr.ItemsPerMessage.ClearVariableMonitoring"
    two.variables[key].value = "2"
    most = {
        "component": {"name": "MonitoringCtrlr"},
        "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
    }
    await act(hass, garage, "get_variables", get_variable_data=[most])
    watch(two, 1, OF_EVSE, "Delta")
    answer = await act(hass, garage, "clear_variable_monitoring", id=[1, 2, 3])
    assert requests(two, "ClearVariableMonitoring") == [{"id": [1, 2]}, {"id": [3]}]
    assert answer == {
        "clearMonitoringResult": [
            {"id": 1, "status": "Accepted"},
            {"id": 2, "status": "NotFound"},
            {"id": 3, "status": "NotFound"},
        ]
    }


@pytest.mark.proves("TC_N_44_CSMS", ocpp="2.0.1")
@pytest.mark.proves("N06", ocpp="2.0.1")
async def test_a_monitor_that_stays_is_an_error(
    hass: HomeAssistant, garage: HubCharger, watched: Station
) -> None:
    watched.state.monitors[1].custom = False
    await act(hass, garage, "get_monitoring_report")
    with failure("command_rejected", status="Rejected"):
        await act(hass, garage, "clear_variable_monitoring", id=[1])
    assert requests(watched, "ClearVariableMonitoring") == [{"id": [1]}]
    assert 1 in garage.station.monitoring.monitors


@pytest.mark.parametrize(
    ("trigger", "value", "cleared", "kind"),
    [
        pytest.param(
            "Alerting",
            "",
            False,
            "alert",
            marks=pytest.mark.proves("TC_N_48_CSMS", ocpp="2.0.1"),
            id="write only",
        ),
        pytest.param(
            "Alerting",
            "10",
            True,
            "alert_cleared",
            marks=pytest.mark.proves("TC_N_49_CSMS", ocpp="2.0.1"),
            id="cleared",
        ),
        pytest.param(
            "Periodic",
            "10",
            False,
            "periodic",
            marks=[
                pytest.mark.proves("TC_N_24_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_N_50_CSMS", ocpp="2.0.1"),
            ],
            id="periodic",
        ),
    ],
)
@pytest.mark.proves("N07", ocpp="2.0.1")
@pytest.mark.proves("N08", ocpp="2.0.1")
async def test_what_was_watched_is_told(
    hass: HomeAssistant,
    everything: None,
    two: Station,
    trigger: str,
    value: str,
    cleared: bool,
    kind: str,
) -> None:
    extra = {"cleared": True} if cleared else {}
    for number in (1, 2):
        await two.notify_event(
            POWER["component"],
            POWER["variable"],
            value,
            trigger=trigger,
            kind="CustomMonitor",
            variableMonitoringId=7,
            techInfo=f"time {number}",
            **extra,
        )
        await settled(hass, two)
        event = found(hass, EVENT).attributes
        assert (event["event_type"], event["variable"]) == (kind, "Power")
        assert (event["monitor"], event["tech_info"]) == (7, f"time {number}")
        assert (event["value"] or "") == value
