"""The commands of OCPP 2.1 as actions: on a bare socket, and with a whole station."""

from collections.abc import AsyncIterator
import json
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.util.yaml import parse_yaml
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.commands import COMMANDS
from custom_components.ocpp.csms.reports import LATER
from custom_components.ocpp.csms.versions import V21, V201
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.schema import fault

from .conftest import ConnectTwo, eventually, prepared
from .test_command_actions import act
from .test_command_actions_v2 import (
    ACCEPTED,
    CASES as CASES_201,
    SESSION,
    Station,
    bare_socket,
)

CALL, ANSWER = 2, 3
SWAPPED = {"idToken": "CARD1", "type": "a kind of their own"}
TARIFF = {
    "tariffId": "T1",
    "currency": "EUR",
    "energy": {
        "prices": [
            {"priceKwh": 0.25, "conditions": {"startTimeOfDay": "22:00"}},
            {"priceKwh": 0.35},
        ],
        "taxRates": [{"type": "VAT", "tax": 19}],
    },
    "fixedFee": {"prices": [{"priceFixed": 1}]},
}
CURVE = {
    "priority": 0,
    "yUnit": "PctMaxVar",
    "curveData": [{"x": 92, "y": 44.5}, {"x": 108, "y": -44.5}],
    "reactivePowerParams": {"vRef": 100, "autonomousVRefEnable": False},
    "voltageParams": {"hv10MinMeanValue": 253, "powerDuringCessation": "Reactive"},
}
POWER_FACTOR = {"priority": 0, "displacement": 0.95, "excitation": True}
LIMITS = {
    "limit": 16,
    "limit_L2": 10.5,
    "limit_L3": 6,
    "dischargeLimit": -16,
    "dischargeLimit_L2": -10,
    "setpoint_L3": -6,
    "setpointReactive": 2,
    "setpointReactive_L2": 1,
}
# With all that has names which are hard to spell.
PROFILE = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Dynamic",
    "dynUpdateInterval": 60,
    "maxOfflineDuration": 600,
    "invalidAfterOfflineDuration": True,
    "chargingSchedule": [
        {
            "id": 1,
            "chargingRateUnit": "A",
            "limitAtSoC": {"soc": 80, "limit": 6},
            "chargingSchedulePeriod": [
                {
                    "startPeriod": 0,
                    "operationMode": "ExternalSetpoint",
                    "v2xBaseline": 0,
                    "v2xFreqWattCurve": [
                        {"frequency": 49.8, "power": -3000},
                        {"frequency": 50.2, "power": 3000},
                    ],
                    **LIMITS,
                }
            ],
            "absolutePriceSchedule": {
                "timeAnchor": "2026-10-20T00:00:00Z",
                "priceScheduleID": 1,
                "currency": "EUR",
                "language": "en",
                "priceAlgorithm": "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
                "priceRuleStacks": [
                    {
                        "duration": 60,
                        "priceRule": [
                            {
                                "energyFee": {"exponent": -2, "value": 35},
                                "powerRangeStart": {"exponent": 0, "value": 0},
                            }
                        ],
                    }
                ],
                "taxRules": [
                    {
                        "taxRuleID": 1,
                        "appliesToEnergyFee": True,
                        "appliesToParkingFee": False,
                        "appliesToOverstayFee": False,
                        "appliesToMinimumMaximumCost": False,
                        "taxRate": {"exponent": 0, "value": 19},
                    }
                ],
            },
        }
    ],
}
NOON = "2026-10-20T12:00:00.000Z"
# As CASES of 2.0.1: what is given, what the charger is sent, what it answers.
NEW: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "adjust_periodic_event_stream": (
        {"id": "3", "params": {"interval": 60}},
        {"id": 3, "params": {"interval": 60}},
        ACCEPTED,
    ),
    "afrr_signal": (
        {"timestamp": "2026-10-20T14:00:00+02:00", "signal": -5.0},
        {"timestamp": NOON, "signal": -5},
        ACCEPTED,
    ),
    "change_transaction_tariff": (
        {"tariff": TARIFF, "transaction_id": SESSION},
        {"tariff": TARIFF, "transactionId": SESSION},
        ACCEPTED,
    ),
    "clear_der_control": (
        {"is_default": "off", "control_type": "hv_mom_cess", "control_id": "c-1"},
        {"isDefault": False, "controlType": "HVMomCess", "controlId": "c-1"},
        {"status": "NotFound"},
    ),
    "clear_tariffs": (
        {"tariff_ids": "T1", "evse_id": 1},
        {"tariffIds": ["T1"], "evseId": 1},
        {
            "clearTariffsResult": [
                {"tariffId": "T1", "status": "Accepted"},
                {"status": "NoTariff"},
            ]
        },
    ),
    "get_der_control": (
        {"is_default": True, "control_type": "FixedPFAbsorb", "request_id": 5},
        {"isDefault": True, "controlType": "FixedPFAbsorb", "requestId": 5},
        {"status": "NotFound"},
    ),
    "get_periodic_event_stream": (
        {},
        {},
        {
            "constantStreamData": [
                {"id": 3, "params": {"values": 10}, "variableMonitoringId": 7}
            ]
        },
    ),
    # The charger has one connector.
    "get_tariffs": (
        {},
        {"evseId": 1},
        {
            "status": "Accepted",
            "tariffAssignments": [{"tariffId": "T1", "tariffKind": "DefaultTariff"}],
        },
    ),
    "notify_allowed_energy_transfer": (
        {
            "transaction_id": SESSION,
            "allowed_energy_transfer": ["ac_three_phase", "AC_BPT_DER", "dc"],
        },
        {
            "transactionId": SESSION,
            "allowedEnergyTransfer": ["AC_three_phase", "AC_BPT_DER", "DC"],
        },
        ACCEPTED,
    ),
    "notify_web_payment_started": (
        {"timeout": 120, "evse_id": 1},
        {"timeout": 120, "evseId": 1},
        {},
    ),
    "request_battery_swap": (
        {"id_token": SWAPPED, "request_id": 6},
        {"idToken": SWAPPED, "requestId": 6},
        ACCEPTED,
    ),
    "set_default_tariff": (
        {"tariff": TARIFF},
        {"evseId": 1, "tariff": TARIFF},
        ACCEPTED,
    ),
    "set_der_control": (
        {
            "is_default": True,
            "control_id": "c-2",
            "control_type": "fixed_pf_absorb",
            "fixed_pf_absorb": POWER_FACTOR,
        },
        {
            "isDefault": True,
            "controlId": "c-2",
            "controlType": "FixedPFAbsorb",
            "fixedPFAbsorb": POWER_FACTOR,
        },
        {"status": "Accepted", "supersededIds": ["c-1"]},
    ),
    "update_dynamic_schedule": (
        {"charging_profile_id": 1, "schedule_update": LIMITS},
        {"chargingProfileId": 1, "scheduleUpdate": LIMITS},
        ACCEPTED,
    ),
    "use_priority_charging": (
        {"transaction_id": SESSION, "activate": True},
        {"transactionId": SESSION, "activate": True},
        ACCEPTED,
    ),
}
# What 2.1 has more of in the commands there were.
CHANGED = {
    "certificate_signed": (
        {"certificate_chain": "PEM", "request_id": 4}
        | {"certificate_type": "v2g20_certificate"},
        {"certificateChain": "PEM", "requestId": 4}
        | {"certificateType": "V2G20Certificate"},
        ACCEPTED,
    ),
    "get_installed_certificate_ids": (
        {"certificate_type": ["oem_root_certificate", "CSMSRootCertificate"]},
        {"certificateType": ["OEMRootCertificate", "CSMSRootCertificate"]},
        {"status": "NotFound"},
    ),
    "request_start_transaction": (
        {"id_token": SWAPPED, "remote_start_id": 8, "charging_profile": PROFILE},
        {"idToken": SWAPPED, "remoteStartId": 8, "chargingProfile": PROFILE},
        ACCEPTED,
    ),
    "reset": (
        {"type": "immediate_and_resume"},
        {"type": "ImmediateAndResume"},
        {"status": "Scheduled"},
    ),
    "set_charging_profile": (
        {"charging_profile": PROFILE | {"transactionId": SESSION}},
        {"evseId": 1, "chargingProfile": PROFILE | {"transactionId": SESSION}},
        ACCEPTED,
    ),
    "trigger_message": (
        {"requested_message": "custom_trigger", "custom_trigger": "Statistics"},
        {"requestedMessage": "CustomTrigger", "customTrigger": "Statistics"},
        ACCEPTED,
    ),
}
# Each kind of grid support has a field of its own.
SUPPORT = [
    ("fixed_pf_inject", "FixedPFInject", "fixed_pf_inject", "fixedPFInject",
     POWER_FACTOR),
    ("volt_var", "VoltVar", "curve", "curve", CURVE),
    ("limit_max_discharge", "LimitMaxDischarge", "limit_max_discharge",
     "limitMaxDischarge", {"priority": 1, "pctMaxDischargePower": 60}),
    ("freq_droop", "FreqDroop", "freq_droop", "freqDroop",
     {"priority": 0, "overFreq": 50.2, "underFreq": 49.8, "overDroop": 0.05,
      "underDroop": 0.05, "responseTime": 2}),
]  # fmt: skip
CASES = [
    *((name, *case) for name, case in CASES_201.items()),
    *((name, *case) for name, case in NEW.items()),
    *((name, *case) for name, case in CHANGED.items()),
    *(
        (
            "set_der_control",
            {"is_default": True, "control_id": slug, "control_type": slug}
            | {field: values},
            {"isDefault": True, "controlId": slug, "controlType": word} | {key: values},
            ACCEPTED,
        )
        for slug, word, field, key, values in SUPPORT
    ),
]
NOTHING = ("EmptyResultSet", "NoProfiles", "NotFound", "Unknown")


@pytest.fixture
async def station(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger
) -> AsyncIterator[Station]:
    """Return the charger people have, which speaks OCPP 2.1."""
    async with bare_socket(hass, hub, garage, "ocpp2.1") as station:
        yield station


def test_all_55_commands_are_tried() -> None:
    of_21 = {name for name, command in COMMANDS.items() if V21 in command.fields}
    assert {name for name, *_ in CASES} == of_21
    assert len(of_21) == 55
    assert set(NEW) == {name for name in of_21 if V201 not in COMMANDS[name].fields}


@pytest.mark.proves("AFRRSignal", ocpp="2.1")
@pytest.mark.proves("AdjustPeriodicEventStream", ocpp="2.1")
@pytest.mark.proves("CancelReservation", ocpp="2.1")
@pytest.mark.proves("CertificateSigned", ocpp="2.1")
@pytest.mark.proves("ChangeAvailability", ocpp="2.1")
@pytest.mark.proves("ChangeTransactionTariff", ocpp="2.1")
@pytest.mark.proves("ClearCache", ocpp="2.1")
@pytest.mark.proves("ClearChargingProfile", ocpp="2.1")
@pytest.mark.proves("ClearDERControl", ocpp="2.1")
@pytest.mark.proves("ClearDisplayMessage", ocpp="2.1")
@pytest.mark.proves("ClearTariffs", ocpp="2.1")
@pytest.mark.proves("ClearVariableMonitoring", ocpp="2.1")
@pytest.mark.proves("CostUpdated", ocpp="2.1")
@pytest.mark.proves("CustomerInformation", ocpp="2.1")
@pytest.mark.proves("DeleteCertificate", ocpp="2.1")
@pytest.mark.proves("GetBaseReport", ocpp="2.1")
@pytest.mark.proves("GetChargingProfiles", ocpp="2.1")
@pytest.mark.proves("GetCompositeSchedule", ocpp="2.1")
@pytest.mark.proves("GetDERControl", ocpp="2.1")
@pytest.mark.proves("GetDisplayMessages", ocpp="2.1")
@pytest.mark.proves("GetInstalledCertificateIds", ocpp="2.1")
@pytest.mark.proves("GetLocalListVersion", ocpp="2.1")
@pytest.mark.proves("GetLog", ocpp="2.1")
@pytest.mark.proves("GetMonitoringReport", ocpp="2.1")
@pytest.mark.proves("GetPeriodicEventStream", ocpp="2.1")
@pytest.mark.proves("GetReport", ocpp="2.1")
@pytest.mark.proves("GetTariffs", ocpp="2.1")
@pytest.mark.proves("GetTransactionStatus", ocpp="2.1")
@pytest.mark.proves("GetVariables", ocpp="2.1")
@pytest.mark.proves("InstallCertificate", ocpp="2.1")
@pytest.mark.proves("NotifyAllowedEnergyTransfer", ocpp="2.1")
@pytest.mark.proves("NotifyWebPaymentStarted", ocpp="2.1")
@pytest.mark.proves("PublishFirmware", ocpp="2.1")
@pytest.mark.proves("RequestBatterySwap", ocpp="2.1")
@pytest.mark.proves("RequestStartTransaction", ocpp="2.1")
@pytest.mark.proves("RequestStopTransaction", ocpp="2.1")
@pytest.mark.proves("ReserveNow", ocpp="2.1")
@pytest.mark.proves("Reset", ocpp="2.1")
@pytest.mark.proves("SendLocalList", ocpp="2.1")
@pytest.mark.proves("SetChargingProfile", ocpp="2.1")
@pytest.mark.proves("SetDERControl", ocpp="2.1")
@pytest.mark.proves("SetDefaultTariff", ocpp="2.1")
@pytest.mark.proves("SetDisplayMessage", ocpp="2.1")
@pytest.mark.proves("SetMonitoringBase", ocpp="2.1")
@pytest.mark.proves("SetMonitoringLevel", ocpp="2.1")
@pytest.mark.proves("SetNetworkProfile", ocpp="2.1")
@pytest.mark.proves("SetVariableMonitoring", ocpp="2.1")
@pytest.mark.proves("SetVariables", ocpp="2.1")
@pytest.mark.proves("TriggerMessage", ocpp="2.1")
@pytest.mark.proves("UnlockConnector", ocpp="2.1")
@pytest.mark.proves("UnpublishFirmware", ocpp="2.1")
@pytest.mark.proves("UpdateDynamicSchedule", ocpp="2.1")
@pytest.mark.proves("UpdateFirmware", ocpp="2.1")
@pytest.mark.proves("UsePriorityCharging", ocpp="2.1")
@pytest.mark.proves("DataTransfer", ocpp="2.1")
@pytest.mark.parametrize(
    ("name", "given", "request_", "answer"),
    [
        pytest.param(*case, id=f"{case[0]}-{place}" if place >= 55 else case[0])
        for place, case in enumerate(CASES)
    ],
)
async def test_a_command_is_sent_as_given_and_answered_in_full(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    name: str,
    given: dict[str, Any],
    request_: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    """Neither names nor contents of what is nested are touched."""
    action = COMMANDS[name].action
    station.answers[action] = answer
    assert fault("2.1", ANSWER, action, answer) is None
    response = await act(hass, name, garage.device_id, **given)
    sent = station.requests(action)[-1]
    # Whole numbers stay whole, and text stays text.
    assert json.dumps(sent, sort_keys=True) == json.dumps(request_, sort_keys=True)
    assert fault("2.1", CALL, action, sent) is None
    if answer.get("status") in NOTHING and (later := LATER.get(action)):
        # There is nothing to wait for.
        answer = answer | {later.field: [], "complete": True}
    if name == "get_log":
        # Nothing was heard of the upload.
        answer = answer | {"upload": None}
    assert response == answer


# These leave the simulated station in another state than the next one needs it in.
LAST = ("reset", "update_firmware")


async def test_a_whole_station_of_21_takes_what_it_is_sent(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    """It checks each request against the schemas, and says no where it has reason to."""
    two = await connect_two(version="ocpp2.1", evses=1, connectors=1)
    await two.power_up()
    await prepared(garage.station)
    assert garage.station.version is V21
    # Nothing is uploaded, so nothing has to be waited for.
    two.answers["GetLog"] = {"status": "Rejected"}
    accepted, refused = set(), {}
    for name, given, _, answer in sorted(CASES, key=lambda case: case[0] in LAST):
        action = COMMANDS[name].action
        if action not in two._handlers:
            two.answers[action] = answer
        before = len(two.received)
        try:
            await act(hass, name, garage.device_id, **given)
            accepted.add(name)
        except HomeAssistantError as error:
            refused[name] = error.translation_key
        calls = [one[2] for one in two.received[before:] if one[0] == CALL]
        assert action in calls, name
        await two.settle()
    assert two.violations == []
    assert len(accepted | set(refused)) == 55
    assert len(accepted) >= 25, refused
    # Whatever was refused, the station refused itself, and in words that fit.
    assert not set(refused.values()) & {
        "command_failed",
        "command_timed_out",
        "invalid_request",
        "not_in_version",
        "station_offline",
        "unknown_error",
    }, refused


async def test_commands_of_21_are_told_to_be_no_commands_of_201(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    heard = len(two.received)
    for name, (given, _, _) in NEW.items():
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, name, garage.device_id, **given)
        assert error.value.translation_key == "not_in_version"
        assert error.value.translation_placeholders == {
            "charger": "Garage",
            "command": COMMANDS[name].action,
            "version": "2.0.1",
        }
    assert len(two.received) == heard


async def test_nor_of_16(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "get_periodic_event_stream", garage.device_id)
    assert error.value.translation_key == "not_in_version"
    assert error.value.translation_placeholders["version"] == "1.6"


@pytest.mark.parametrize(
    ("name", "given", "lacking"),
    [
        ("trigger_message", CHANGED["trigger_message"][0], "custom_trigger"),
        ("certificate_signed", CHANGED["certificate_signed"][0], "request_id"),
        ("reset", {"type": "immediate_and_resume"}, "type"),
        ("set_charging_profile", {"charging_profile": PROFILE}, ""),
    ],
)
async def test_what_only_21_has_is_not_sent_to_a_station_of_201(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Two,
    name: str,
    given: dict[str, Any],
    lacking: str,
) -> None:
    """Fields, words, and what is nested."""
    heard = len(two.received)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, name, garage.device_id, **given)
    assert error.value.translation_key == "invalid_request"
    assert lacking in error.value.translation_placeholders["reason"]
    assert len(two.received) == heard


async def test_commands_of_16_are_told_to_be_no_commands_of_21(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "get_configuration", garage.device_id)
    assert error.value.translation_key == "not_in_version"
    assert error.value.translation_placeholders["version"] == "2.1"


@pytest.mark.parametrize(
    ("name", "status", "key"),
    [
        ("set_default_tariff", "DuplicateTariffId", "command_rejected"),
        ("change_transaction_tariff", "TxNotFound", "command_rejected"),
        ("set_der_control", "NotFound", "command_rejected"),
        # It has the command, but not this kind of control.
        ("set_der_control", "NotSupported", "command_rejected"),
        ("get_tariffs", "Rejected", "command_rejected"),
    ],
)
async def test_what_is_no_success_is_an_error_that_says_why(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    name: str,
    status: str,
    key: str,
) -> None:
    action = COMMANDS[name].action
    station.answers[action] = {"status": status}
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, name, garage.device_id, **NEW[name][0])
    assert error.value.translation_key == key
    assert error.value.translation_placeholders == {
        "charger": "Garage",
        "command": action,
        "status": status,
    }


async def test_tariffs_that_all_stay_are_an_error(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    refused = [{"tariffId": one, "status": "Rejected"} for one in ("T1", "T2")]
    station.answers["ClearTariffs"] = {"clearTariffsResult": refused}
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "clear_tariffs", garage.device_id)
    assert error.value.translation_key == "command_rejected"
    # With one connector there is nothing to choose, and all of its tariffs are meant.
    assert station.requests("ClearTariffs") == [{}]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("afrr_signal", {"timestamp": NOON, "signal": 1.5}),
        ("set_der_control", NEW["set_der_control"][0] | {"control_type": "volts"}),
        ("set_der_control", NEW["set_der_control"][0] | {"control_id": "x" * 37}),
        ("notify_allowed_energy_transfer",
         {"transaction_id": SESSION, "allowed_energy_transfer": ["ac", "dc"]}),
        ("clear_tariffs", {"tariff_ids": ["x" * 61]}),
        ("use_priority_charging", {"transaction_id": SESSION}),
    ],
)  # fmt: skip
async def test_nonsense_is_not_sent(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    name: str,
    given: dict[str, Any],
) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, name, garage.device_id, **given)
    assert not station.requests(COMMANDS[name].action)


async def test_nested_data_that_is_not_valid_is_not_sent(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    """Names are taken as the specification writes them, in no other spelling."""
    for name, given in (
        ("update_dynamic_schedule", {"schedule_update": {"limit_l2": 6}}),
        ("update_dynamic_schedule", {"schedule_update": {"limitL2": 6}}),
        ("set_default_tariff", {"tariff": {"tariff_id": "T1", "currency": "EUR"}}),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, name, garage.device_id, **NEW[name][0] | given)
        assert error.value.translation_key == "invalid_request"
        assert not station.requests(COMMANDS[name].action)


async def test_names_that_are_hard_to_spell_survive_both_ways(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    """Also where nobody knows what they mean."""
    data = {
        "evSupportedDERControl": ["FixedPFAbsorb"],
        "limit_L2": 1,
        "limitAtSoC": {"soc": 80},
        "evMaximumLevel1DCInjection": 2.5,
        "soC": 3,
        "prioritizedEMAIDs": {"eMAID": ["x"]},
    }
    answer = {"status": "Accepted", "data": data}
    station.answers["DataTransfer"] = answer
    response = await act(
        hass, "data_transfer", garage.device_id, vendor_id="V", data=data
    )
    assert response == answer
    assert station.requests("DataTransfer") == [{"vendorId": "V", "data": data}]
    station.answers["UpdateDynamicSchedule"] = ACCEPTED
    payload = {
        **NEW["update_dynamic_schedule"][1],
        "customData": {"vendorId": "V", "evSupportedDERControl": 1, "soC": 3},
    }
    given = {"action": "UpdateDynamicSchedule", "payload": payload}
    assert await act(hass, "call", garage.device_id, **given) == {"result": ACCEPTED}
    assert station.requests("UpdateDynamicSchedule") == [payload]


async def test_an_automation_in_yaml_is_understood(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    """The letters of axes are names, and times are text."""
    fields = parse_yaml(
        """
        is_default: false
        control_id: evening
        control_type: VoltVar
        curve:
          priority: 0
          yUnit: PctMaxVar
          startTime: 2026-10-20T18:00:00Z
          duration: 3600
          curveData:
            - {x: 92, y: 44}
            - {x: 108, y: -44}
        """
    )
    station.answers["SetDERControl"] = ACCEPTED
    await act(hass, "set_der_control", garage.device_id, **fields)
    (sent,) = station.requests("SetDERControl")
    assert sent["curve"] == {
        "priority": 0,
        "yUnit": "PctMaxVar",
        "startTime": "2026-10-20T18:00:00Z",
        "duration": 3600,
        "curveData": [{"x": 92, "y": 44}, {"x": 108, "y": -44}],
    }


@pytest.mark.parametrize(
    ("said", "sent"),
    [("c_ccs2", "cCCS2"), ("cCCS2", "cCCS2"), ("cMCS", "cMCS")],
)
async def test_a_plug_is_spelled_as_before_or_left_as_it_is(
    hass: HomeAssistant, garage: HubCharger, station: Station, said: str, sent: str
) -> None:
    station.answers["ReserveNow"] = ACCEPTED
    given = CASES_201["reserve_now"][0] | {"connector_type": said}
    await act(hass, "reserve_now", garage.device_id, **given)
    assert station.requests("ReserveNow")[-1]["connectorType"] == sent


async def test_numbers_that_are_needed_are_made_up_and_returned(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    given = {"get_der_control": {}, "request_battery_swap": {"id_token": SWAPPED}}
    station.answers["GetDERControl"] = {"status": "NotFound"}
    station.answers["RequestBatterySwap"] = ACCEPTED
    numbers = set()
    for name, fields in given.items():
        response = await act(hass, name, garage.device_id, **fields)
        sent = station.requests(COMMANDS[name].action)[-1]
        assert response["requestId"] == sent["requestId"] > 0
        numbers.add(sent["requestId"])
    assert len(numbers) == len(given)


async def test_only_administrators_may_do_damage(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    hass_read_only_user: MockUser,
) -> None:
    """Or change what people pay, or see the numbers of their cards."""
    someone = Context(user_id=hass_read_only_user.id)
    refused = set()
    for name, (given, _, _) in NEW.items():
        station.answers[COMMANDS[name].action] = "InternalError"
        with pytest.raises(HomeAssistantError) as error:
            await hass.services.async_call(
                DOMAIN,
                name,
                {"device_id": garage.device_id, **given},
                blocking=True,
                context=someone,
            )
        if isinstance(error.value, Unauthorized):
            refused.add(name)
        else:
            assert error.value.translation_key == "command_failed", name
    assert refused == {
        "adjust_periodic_event_stream",
        "change_transaction_tariff",
        "clear_der_control",
        "clear_tariffs",
        "get_tariffs",
        "set_default_tariff",
        "set_der_control",
    }


async def test_any_message_can_be_sent_that_nobody_answers(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    stream = {"id": 1, "pending": 0, "basetime": "2026-11-21T12:00:00Z"}
    message = stream | {"data": [{"t": 0, "v": "1"}]}
    fields = {"action": "NotifyPeriodicEventStream", "unanswered": True}
    response = await act(hass, "call", garage.device_id, payload=message, **fields)
    assert response == {"result": None}
    await eventually(hass, lambda: bool(station.unanswered))
    assert station.unanswered == [("NotifyPeriodicEventStream", message)]
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "call", garage.device_id, payload=stream, **fields)
    assert error.value.translation_key == "invalid_request"
    assert len(station.unanswered) == 1
