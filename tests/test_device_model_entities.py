"""Variables of OCPP 2.x as entities, and what their alerts tell."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.settings import evse_identifier
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station as Two, Variable

from .conftest import Connect, ConnectTwo, ready

HEARTBEAT = "number.garage_ocppcommctrlr_heartbeatinterval"
SIGNIFICANCE = "number.garage_smartchargingctrlr_limitchangesignificance"
RETENTION = "CP1-2-alert-connectorplugretentionlock[2,1]/problem"


@pytest.fixture
def everything() -> Iterator[None]:
    """Enable what people have to enable."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield


def found(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that is there."""
    state = hass.states.get(entity_id)
    assert state is not None, [
        it for it in hass.states.async_entity_ids() if it[:6] == entity_id[:6]
    ]
    return state


def named(hass: HomeAssistant, domain: str, unique_id: str) -> State | None:
    """Return the state of an entity by its unique id, if it is there."""
    entity_id = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique_id)
    return hass.states.get(entity_id) if entity_id is not None else None


async def choose(hass: HomeAssistant, action: str, entity_id: str, **data: Any) -> None:
    """Do with an entity what a person does."""
    await hass.services.async_call(
        *action.split("."), {"entity_id": entity_id} | data, blocking=True
    )


async def arrive(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo, *more: Variable
) -> Two:
    """Have a station come that has some more variables."""
    two = await connect_two()
    for variable in more:
        two.variables[variable.key] = variable
    await two.power_up()
    await prepared(garage.station)
    await two.settle()
    await hass.async_block_till_done()
    return two


async def test_variables_are_there_for_who_enables_them(
    hass: HomeAssistant, two: Two, entity_registry: er.EntityRegistry
) -> None:
    """Of the controllers all that can be set; none of them is shown unasked."""
    entries = {
        it.entity_id: it
        for it in entity_registry.entities.values()
        if "-variable-" in it.unique_id
    }
    assert HEARTBEAT in entries
    assert all(
        it.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        for it in entries.values()
    )
    settable = [
        variable
        for variable in two.variables.values()
        if variable.mutability == "ReadWrite"
    ]
    named = [
        it
        for it in entries.values()
        if it.domain in ("number", "select", "switch", "text")
    ]
    # One names cards.
    assert len(named) == len(settable) - 1
    assert not any("masterpassgroupid" in it for it in entries)


@pytest.mark.usefixtures("everything")
async def test_b05_a_number(hass: HomeAssistant, two: Two) -> None:
    """Within its limits, in its unit, and refused as the station refuses it."""
    shown = found(hass, HEARTBEAT)
    assert shown.state == "300"
    assert shown.attributes["min"] == 1
    assert shown.attributes["unit_of_measurement"] == "s"
    assert shown.attributes["reboot_required"] is False
    await choose(hass, "number.set_value", HEARTBEAT, value=600)
    assert two.variables["OCPPCommCtrlr.HeartbeatInterval"].value == "600"
    assert found(hass, HEARTBEAT).state == "600"
    two.answers["SetVariables"] = lambda payload: {
        "setVariableResult": [
            {
                "component": it["component"],
                "variable": it["variable"],
                "attributeStatus": "Rejected",
            }
            for it in payload["setVariableData"]
        ]
    }
    with pytest.raises(HomeAssistantError) as refused:
        await choose(hass, "number.set_value", HEARTBEAT, value=700)
    assert refused.value.translation_key == "command_rejected"
    assert found(hass, HEARTBEAT).state == "600"


@pytest.mark.usefixtures("everything")
async def test_a_fraction(hass: HomeAssistant, two: Two) -> None:
    """Is written as short as it is."""
    assert found(hass, SIGNIFICANCE).attributes["max"] == 100
    await choose(hass, "number.set_value", SIGNIFICANCE, value=2.5)
    key = "SmartChargingCtrlr.LimitChangeSignificance"
    assert two.variables[key].value == "2.5"
    await choose(hass, "number.set_value", SIGNIFICANCE, value=3)
    assert two.variables[key].value == "3"
    assert found(hass, SIGNIFICANCE).state == "3"


@pytest.mark.usefixtures("everything")
async def test_a_switch(hass: HomeAssistant, two: Two) -> None:
    """For what is true or false."""
    entity_id = "switch.garage_authctrlr_localpreauthorize"
    variable = two.variables["AuthCtrlr.LocalPreAuthorize"]
    assert found(hass, entity_id).state == "off"
    await choose(hass, "switch.turn_on", entity_id)
    assert (variable.value, found(hass, entity_id).state) == ("true", "on")
    await choose(hass, "switch.turn_off", entity_id)
    assert (variable.value, found(hass, entity_id).state) == ("false", "off")


@pytest.mark.usefixtures("everything")
async def test_one_of_some_words(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    """As the station spells them; a word that is none of them is unknown."""
    mode = Variable(
        component="CustomizationCtrlr",
        name="Light",
        value="bright",
        values=("Off", "Dim", "Bright"),
        data_type="OptionList",
        mutability="ReadWrite",
    )
    two = await arrive(hass, garage, connect_two, mode)
    entity_id = "select.garage_customizationctrlr_light"
    shown = found(hass, entity_id)
    assert (shown.state, shown.attributes["options"]) == (
        "Bright",
        ["Off", "Dim", "Bright"],
    )
    await choose(hass, "select.select_option", entity_id, option="Dim")
    assert two.variables[mode.key].value == "Dim"
    assert found(hass, entity_id).state == "Dim"
    mode.value = "Blinking"
    await garage.station.device_model.read("CustomizationCtrlr", "Light")
    garage.station.flush()
    await hass.async_block_till_done()
    assert found(hass, entity_id).state == "unknown"


@pytest.mark.usefixtures("everything")
async def test_a_text(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    """Also for lists; what is longer than a state may be is not shown."""
    two = await arrive(hass, garage, connect_two)
    entity_id = "text.garage_tariffcostctrlr_currency"
    shown = found(hass, entity_id)
    assert (shown.state, shown.attributes["max"]) == ("EUR", 3)
    await choose(hass, "text.set_value", entity_id, value="CHF")
    assert two.variables["TariffCostCtrlr.Currency"].value == "CHF"
    assert found(hass, entity_id).state == "CHF"
    two.variables["TariffCostCtrlr.Currency"].value = "EURO"
    await garage.station.device_model.read("TariffCostCtrlr", "Currency")
    garage.station.flush()
    await hass.async_block_till_done()
    assert found(hass, entity_id).state == "unknown"
    note = "text.garage_tariffcostctrlr_tarifffallbackmessage"
    two.variables["TariffCostCtrlr.TariffFallbackMessage"].value = "x" * 256
    await garage.station.device_model.read("TariffCostCtrlr", "TariffFallbackMessage")
    garage.station.flush()
    await hass.async_block_till_done()
    assert found(hass, note).state == "unknown"


@pytest.mark.usefixtures("everything")
async def test_what_only_holds_after_a_restart_says_so(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """Until the charger booted."""
    entity_id = "text.garage_ocppcommctrlr_networkconfigurationpriority"
    await choose(hass, "text.set_value", entity_id, value="2")
    assert found(hass, entity_id).attributes["reboot_required"] is True
    await two.reset()
    await prepared(garage.station)
    await hass.async_block_till_done()
    assert found(hass, entity_id).attributes["reboot_required"] is False
    assert found(hass, entity_id).state == "2"


@pytest.mark.usefixtures("everything")
async def test_what_nobody_can_set_is_shown(
    hass: HomeAssistant, two: Two, device_registry: dr.DeviceRegistry
) -> None:
    """What is of an EVSE on its device."""
    shown = named(hass, "sensor", "CP1-2-variable-evse[2]/power")
    assert shown is not None
    assert (shown.state, shown.attributes["unit_of_measurement"]) == ("0", "W")
    entry = er.async_get(hass).async_get(shown.entity_id)
    assert entry is not None and entry.device_id is not None
    device = device_registry.async_get(entry.device_id)
    assert (
        device is not None and (DOMAIN, evse_identifier("CP1", 2)) in device.identifiers
    )
    assert found(hass, "sensor.garage_smartchargingctrlr_rateunit").state == "A,W"
    assert named(hass, "sensor", "CP1-1-variable-connector[1,2]/connectortype")
    phases = "binary_sensor.garage_smartchargingctrlr_acphaseswitchingsupported"
    assert found(hass, phases).state == "off"


@pytest.mark.usefixtures("everything")
async def test_what_makes_no_sense_is_unknown(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    """Rather than a fault."""
    odd = [
        Variable(
            component="CustomizationCtrlr",
            name=f"Odd{kind}",
            value="?",
            data_type=kind,
            mutability="ReadWrite",
        )
        for kind in ("integer", "boolean")
    ]
    await arrive(hass, garage, connect_two, *odd)
    assert found(hass, "number.garage_customizationctrlr_oddinteger").state == "unknown"
    assert found(hass, "switch.garage_customizationctrlr_oddboolean").state == "unknown"


async def test_g05_a_lock_that_fails_is_a_problem(
    hass: HomeAssistant, two: Two, device_registry: dr.DeviceRegistry
) -> None:
    """Shown to everybody, from the first alert on."""
    assert named(hass, "binary_sensor", RETENTION) is None
    place = (
        {
            "name": "ConnectorPlugRetentionLock",
            "evse": {"id": 2, "connectorId": 1},
        },
        {"name": "Problem"},
    )
    await two.notify_event(*place, "true", trigger="Alerting", techInfo="jammed")
    await hass.async_block_till_done()
    shown = named(hass, "binary_sensor", RETENTION)
    assert shown is not None and shown.name.endswith(
        "ConnectorPlugRetentionLock Problem 1"
    )
    assert (shown.state, shown.attributes["device_class"]) == ("on", "problem")
    assert shown.attributes["tech_info"] == "jammed"
    await two.notify_event(*place, "false", trigger="Alerting", cleared=True)
    await hass.async_block_till_done()
    shown = named(hass, "binary_sensor", RETENTION)
    assert shown is not None and shown.state == "off"


async def test_n07_n08_events_are_told(hass: HomeAssistant, two: Two) -> None:
    """With all that the station says, for automations to run on."""
    entity_id = "event.garage_monitoring_event"
    assert found(hass, entity_id).state == "unknown"
    place = ({"name": "EVSE", "evse": {"id": 1}}, {"name": "Power"})
    await two.notify_event(
        *place,
        "9000",
        trigger="Alerting",
        cause=7,
        variableMonitoringId=3,
        techCode="E1",
    )
    await hass.async_block_till_done()
    told = found(hass, entity_id).attributes
    assert told["event_type"] == "alert"
    assert (told["component"], told["variable"], told["evse"], told["connector"]) == (
        *("EVSE", "Power", 1, None),
    )
    assert (told["value"], told["cause"], told["monitor"], told["tech_code"]) == (
        *("9000", 7, 3, "E1"),
    )
    for trigger, kind, more in (
        ("Alerting", "alert_cleared", {"cleared": True}),
        ("Delta", "delta", {}),
        ("Periodic", "periodic", {}),
    ):
        await two.notify_event(*place, "8000", trigger=trigger, **more)
        await hass.async_block_till_done()
        assert found(hass, entity_id).attributes["event_type"] == kind


async def test_chargers_of_16_have_none_of_it(
    hass: HomeAssistant, connect: Connect, entity_registry: er.EntityRegistry
) -> None:
    """They have keys."""
    charger = await connect()
    await charger.power_up()
    await ready(hass, charger)
    assert hass.states.get("event.garage_monitoring_event") is None
    assert not any(
        "-variable-" in it.unique_id for it in entity_registry.entities.values()
    )


@pytest.mark.usefixtures("everything")
async def test_variables_are_there_after_home_assistant_restarted(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    """Also as long as the charger is away."""
    await two.notify_event(
        {"name": "Fan"}, {"name": "Problem"}, "true", trigger="Alerting"
    )
    await two.disconnect()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    for entity_id in (HEARTBEAT, "binary_sensor.garage_fan_problem"):
        assert found(hass, entity_id).state == "unavailable"


async def test_diagnostics_hold_the_device_model_without_secrets(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Two,
    hass_client: ClientSessionGenerator,
) -> None:
    """What a charger tells of passwords and cards is nobody's business."""
    items = [
        {
            "component": {"name": component},
            "variable": {"name": name},
            "variableAttribute": [{"value": "TOPSECRET"}],
        }
        for component, name in (
            ("SecurityCtrlr", "BasicAuthPassword"),
            ("NetworkConfiguration", "ApnPassword"),
            ("TokenReader", "Token"),
            ("AuthCtrlr", "MasterPassGroupId"),
        )
    ]
    await two.call(
        "NotifyReport",
        {
            "requestId": 1,
            "seqNo": 0,
            "generatedAt": two.timestamp(),
            "reportData": items,
        },
    )
    await two.notify_event(
        {"name": "Fan"}, {"name": "Problem"}, "true", trigger="Alerting"
    )
    await two.notify_event({"name": "TokenReader"}, {"name": "Token"}, "TOPSECRET")
    await hass.async_block_till_done()
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    charger = told["chargers"][0]
    assert charger["device_model"]["SmartChargingCtrlr/RateUnit"] == {"Actual": "A,W"}
    assert charger["problems"][0]["place"] == "Fan/Problem"
    assert "TOPSECRET" not in str(told)
    for shown in hass.states.async_all():
        assert "TOPSECRET" not in str(shown.as_dict())
