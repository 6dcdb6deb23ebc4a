"""Prove what people see of values that a charger of 2.1 tells all the time."""

import asyncio
from typing import Any

from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks.metering import MEASURANDS
from custom_components.ocpp.measurands import DESCRIPTIONS
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands.streams import notify_stream

from .conftest import ConnectTwo, eventually
from .test_two import settled, state

EXPORT = "Energy.Active.Export.Register"
CHARGER = {"charger": "CP1"}


@pytest.fixture
async def latest(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> Two:
    """Return a station of 2.1 with one EVSE that is known."""
    two = await connect_two(version="ocpp2.1", evses=1)
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    return two


def wish(**more: Any) -> dict[str, Any]:
    """Return the wish to be told the power every second."""
    return {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "type": "Periodic",
        "value": 1,
        "severity": 8,
        **more,
    }


async def tell(two: Two, measurand: str, value: float, unit: str = "") -> None:
    """Let the meter read something."""
    sample: dict[str, Any] = {"value": value, "measurand": measurand}
    if unit:
        sample["unitOfMeasure"] = {"unit": unit}
    await two.meter_values(1, [sample])


async def act(hass: HomeAssistant, name: str, **fields: Any) -> Any:
    """Carry out an action for the charger."""
    device = hass.states.get("sensor.garage_status")
    assert device is not None
    entry = er.async_get(hass).async_get("sensor.garage_status")
    assert entry is not None
    return await hass.services.async_call(
        "ocpp",
        name,
        {"device_id": entry.device_id, **fields},
        blocking=True,
        return_response=True,
    )


async def test_the_power_is_shown_every_second(
    hass: HomeAssistant, latest: Two
) -> None:
    """As people asked for with an action; each message writes one state."""
    answer = await act(
        hass,
        "set_variable_monitoring",
        set_monitoring_data=[wish(periodicEventStream={"interval": 1})],
    )
    assert answer["setMonitoringResult"][0]["status"] == "Accepted"
    await settled(hass, latest)
    (stream,) = latest.state.streams.values()
    written: list[Event[EventStateChangedData]] = async_capture_events(
        hass, "state_changed"
    )
    values = [(number / 10, str(1000 + number)) for number in range(10)]
    await notify_stream(latest, stream.id, values)
    await eventually(hass, lambda: state(hass, "sensor.garage_power") == "1009.0")
    shown = [it.data["entity_id"] for it in written]
    assert shown.count("sensor.garage_power") == 1
    assert not [it for it in shown if it.startswith("event.")]


async def test_a_stream_that_would_never_send_is_refused_in_words(
    hass: HomeAssistant, latest: Two
) -> None:
    """Nothing is sent."""
    with pytest.raises(ServiceValidationError) as refused:
        await act(
            hass,
            "set_variable_monitoring",
            set_monitoring_data=[wish(periodicEventStream={})],
        )
    assert refused.value.translation_key == "invalid_request"
    placeholders = refused.value.translation_placeholders
    assert placeholders is not None
    assert "periodicEventStream" in placeholders["reason"]
    assert latest.state.monitors == {}


async def test_an_event_has_what_its_monitor_says(
    hass: HomeAssistant, latest: Two
) -> None:
    """Severity and kind, as an event of its own would have."""
    variable = latest.variables["EVSE[1].AvailabilityState"]
    await act(
        hass,
        "set_variable_monitoring",
        set_monitoring_data=[
            {
                "component": variable.component_type(),
                "variable": {"name": "AvailabilityState"},
                "type": "Delta",
                "value": 1,
                "severity": 3,
                "periodicEventStream": {"values": 1},
            }
        ],
    )
    await settled(hass, latest)
    (stream,) = latest.state.streams.values()
    await notify_stream(latest, stream.id, [(0, "Available")])
    event = "event.garage_monitoring_event"
    await eventually(hass, lambda: state(hass, event) != "unknown")
    found = hass.states.get(event)
    assert found is not None
    shown = found.attributes
    assert (shown["event_type"], shown["severity"]) == ("periodic", 3)
    assert (shown["origin"], shown["value"]) == ("CustomMonitor", "Available")


async def test_what_is_given_back_has_sensors_that_the_energy_panel_takes(
    hass: HomeAssistant, latest: Two
) -> None:
    """They are there from when the charger first measures it."""
    await latest.plug_in(1)
    assert await latest.present_card(1)
    await settled(hass, latest)
    for name in ("energy_export", "power_export", "session_energy_export"):
        assert state(hass, f"sensor.garage_{name}") == "absent"
    for exported in (7000, 7400):
        await tell(latest, EXPORT, exported, "Wh")
    await tell(latest, "Power.Active.Export", 3.6, "kW")
    await settled(hass, latest)
    assert state(hass, "sensor.garage_power_export") == "3600.0"
    found = hass.states.get("sensor.garage_energy_export")
    assert found is not None
    assert found.state == "7.4"
    assert found.attributes["state_class"] == "total_increasing"
    assert found.attributes[ATTR_DEVICE_CLASS] == "energy"
    assert found.attributes[ATTR_UNIT_OF_MEASUREMENT] == "kWh"
    assert state(hass, "sensor.garage_session_energy_export") == "0.4"
    await latest.unplug(1)
    await settled(hass, latest)
    last = hass.states.get("sensor.garage_last_session")
    assert last is not None
    assert last.attributes["energy_export"] == 0.4
    sessions = await hass.services.async_call(
        "ocpp", "get_sessions", {}, blocking=True, return_response=True
    )
    assert sessions is not None
    (session,) = sessions["sessions"]  # type: ignore[misc]
    assert session["energy_export"] == 0.4  # type: ignore[call-overload, index]


def test_every_measurand_of_21_is_shown() -> None:
    """But for the net and apparent energies, which nobody has asked for."""
    flags = {"Display.ChargingComplete", "Display.InletHot"}
    missing = {it for it in MEASURANDS if it not in DESCRIPTIONS} - flags
    assert {it.split(".")[0] for it in missing} <= {"Energy"}
    assert all("Net" in it or "Apparent" in it for it in missing)


async def test_what_a_car_says_of_itself_shows_up(
    hass: HomeAssistant, latest: Two, entity_registry: er.EntityRegistry
) -> None:
    """What few people want is there, but disabled."""
    for measurand, value in (
        ("Display.PresentSOC", 61),
        ("Display.RemainingTimeToTargetSOC", 1800),
        ("Display.TargetSOC", 80),
        ("Display.BatteryEnergyCapacity", 77_000),
        ("Display.ChargingComplete", 0),
        ("Display.InletHot", 1),
        ("Power.Active.Setpoint", -4000),
        ("EnergyRequest.Maximum.V2X", -1200),
        ("Energy.Active.Import.LocalGeneration.Register", 900),
    ):
        await tell(latest, measurand, value)
    # What nobody knows yet harms nobody; the simulated station would not send it.
    await latest.call(
        "MeterValues",
        {
            "evseId": 1,
            "meterValue": [
                {
                    "timestamp": latest.timestamp(),
                    "sampledValue": [{"value": 1, "measurand": "Display.Mood"}],
                }
            ],
        },
        validate=False,
    )
    await settled(hass, latest)
    assert state(hass, "sensor.garage_ev_displayed_soc") == "61.0"
    assert state(hass, "sensor.garage_time_to_target_soc") == "1800.0"
    assert state(hass, "binary_sensor.garage_ev_charging_complete") == "off"
    for entity_id in (
        "sensor.garage_ev_target_soc",
        "sensor.garage_ev_battery_capacity",
        "sensor.garage_power_setpoint",
        "sensor.garage_energy_to_maximum_soc_for_discharging",
        "sensor.garage_energy_from_local_generation",
        "binary_sensor.garage_ev_inlet_too_hot",
    ):
        entry = entity_registry.async_get(entity_id)
        assert entry is not None, entity_id
        assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_why_something_failed_is_shown(
    hass: HomeAssistant, garage: HubCharger, latest: Two
) -> None:
    """In the word that the charger gives for it."""
    why = {"reasonCode": "OutOfStorage", "additionalInfo": "disk is full"}
    await latest.call(
        "FirmwareStatusNotification",
        {"status": "DownloadFailed", "requestId": 7, "statusInfo": why},
    )
    await latest.call(
        "LogStatusNotification",
        {"status": "UploadFailure", "requestId": 8, "statusInfo": why},
    )
    await latest.call(
        "PublishFirmwareStatusNotification",
        {"status": "PublishFailed", "requestId": 9, "statusInfo": why},
    )
    await settled(hass, latest)
    shown = {
        "update.garage_firmware": "reason",
        "sensor.garage_log_upload": "reason",
        "sensor.garage_published_firmware": "reason",
    }
    for entity_id, attribute in shown.items():
        found = hass.states.get(entity_id)
        assert found is not None, entity_id
        assert found.attributes[attribute] == "OutOfStorage"
    # What goes on has no reason any more; a long one is cut.
    await latest.call("LogStatusNotification", {"status": "Uploading", "requestId": 8})
    await latest.call(
        "FirmwareStatusNotification",
        {
            "status": "InstallationFailed",
            "requestId": 7,
            "statusInfo": {"reasonCode": "x" * 90},
        },
        validate=False,
    )
    await settled(hass, latest)
    found = hass.states.get("sensor.garage_log_upload")
    assert found is not None
    assert found.attributes["reason"] is None
    found = hass.states.get("update.garage_firmware")
    assert found is not None
    assert found.attributes["reason"] == "x" * 20


async def test_the_log_of_the_data_collector_is_uploaded(
    hass: HomeAssistant, latest: Two
) -> None:
    """A kind of log that is new in 2.1."""
    async with asyncio.timeout(5):
        await act(
            hass,
            "get_log",
            log_type="data_collector_log",
            log={"remoteLocation": "https://127.0.0.1/upload"},
        )
    await settled(hass, latest)
    (asked,) = [it[3] for it in latest.received if it[2:3] == ["GetLog"]]
    assert asked["logType"] == "DataCollectorLog"
    assert state(hass, "sensor.garage_log_upload") == "uploaded"


async def test_the_severity_of_an_event_is_its_own(
    hass: HomeAssistant, latest: Two
) -> None:
    """2.1 tells it with each event, also where no monitor is known."""
    await latest.notify_event(
        {"name": "Fan", "evse": {"id": 1}},
        {"name": "Problem"},
        "true",
        trigger="Alerting",
        severity=2,
        variableMonitoringId=55,
    )
    await settled(hass, latest)
    found = hass.states.get("event.garage_monitoring_event")
    assert found is not None
    assert found.attributes["severity"] == 2
    assert found.attributes["monitor"] == 55
