"""The messages of 2.0.1 as 2.1 has them: with what is new in them, and answered validly."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conformance.v201.conversation import (
    ANNA,
    ENERGY,
    SECOND_STATUS,
    STATUS,
    STOP_REASON,
    Transaction,
    act,
    answers,
    moment,
    register,
    sessions,
    settled,
    shown,
    token,
)
from tests.simulator_v2 import Station

type Payload = dict[str, Any]

HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "0a" * 32,
    "issuerKeyHash": "0b" * 32,
    "serialNumber": "7",
}
# Longer than the 512 characters that 2.0.1 allows.
INFO = {"reasonCode": "InternalError", "additionalInfo": "The disk is full. " * 50}
NOWHERE = "http://127.0.0.1:9/"
NOW = "2026-07-01T12:00:00Z"
PERIOD = {"startPeriod": 0, "limit": 16, "numberPhases": 3}
SCHEDULE = {
    "id": 1,
    "chargingRateUnit": "A",
    "startSchedule": NOW,
    "duration": 3600,
    "chargingSchedulePeriod": [PERIOD],
}
SETPOINT = {
    "startPeriod": 0,
    "setpoint": -4000,
    "operationMode": "CentralSetpoint",
}
PROFILE = {
    "id": 700,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Dynamic",
    "dynUpdateInterval": 60,
    "dynUpdateTime": NOW,
    "maxOfflineDuration": 600,
    "invalidAfterOfflineDuration": True,
    "chargingSchedule": [
        {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [SETPOINT]}
    ],
}
NEEDS = {
    "requestedEnergyTransfer": "AC_three_phase",
    "availableEnergyTransfer": ["AC_three_phase", "AC_BPT"],
    "acChargingParameters": {
        "energyAmount": 20000,
        "evMinCurrent": 6,
        "evMaxCurrent": 16,
        "evMaxVoltage": 400,
    },
}
EVENT = {
    "eventId": 1,
    "timestamp": NOW,
    "trigger": "Delta",
    "actualValue": "Occupied",
    "eventNotificationType": "HardWiredNotification",
    "component": {"name": "Connector", "evse": {"id": 2, "connectorId": 2}},
    "variable": {"name": "AvailabilityState"},
    "severity": 5,
}
MONITOR = {
    "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
    "variable": {"name": "Problem"},
    "variableMonitoring": [
        {
            "id": 1,
            "transaction": False,
            "value": 1,
            "type": "TargetDelta",
            "severity": 5,
            "eventNotificationType": "CustomMonitor",
        }
    ],
}


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        pytest.param(
            "ClearedChargingLimit",
            {"chargingLimitSource": "GridOperator", "evseId": 1},
            {},
            marks=pytest.mark.proves("ClearedChargingLimit", ocpp="2.1"),
        ),
        pytest.param(
            "FirmwareStatusNotification",
            {"status": "DownloadFailed", "requestId": 1, "statusInfo": INFO},
            {},
            marks=pytest.mark.proves("FirmwareStatusNotification", ocpp="2.1"),
        ),
        pytest.param(
            "Get15118EVCertificate",
            {
                "iso15118SchemaVersion": "urn:iso:std:iso:15118:-20:CommonMessages",
                "action": "Install",
                "exiRequest": "RVhJ" * 2000,
                "maximumContractCertificateChains": 3,
                "prioritizedEMAIDs": ["DE-8AA-000000001"],
            },
            {"status": "Failed", "exiResponse": ""},
            marks=pytest.mark.proves("Get15118EVCertificate", ocpp="2.1"),
        ),
        pytest.param(
            "GetCertificateStatus",
            {"ocspRequestData": {**HASH, "responderURL": NOWHERE}},
            {"status": "Failed"},
            marks=pytest.mark.proves("GetCertificateStatus", ocpp="2.1"),
        ),
        pytest.param(
            "LogStatusNotification",
            {"status": "UploadFailure", "requestId": 1, "statusInfo": INFO},
            {},
            marks=pytest.mark.proves("LogStatusNotification", ocpp="2.1"),
        ),
        pytest.param(
            "NotifyChargingLimit",
            {
                "evseId": 1,
                "chargingLimit": {
                    "chargingLimitSource": "GridOperator",
                    "isGridCritical": True,
                    "isLocalGeneration": False,
                },
                "chargingSchedule": [SCHEDULE],
            },
            {},
            marks=pytest.mark.proves("NotifyChargingLimit", ocpp="2.1"),
        ),
        pytest.param(
            "NotifyCustomerInformation",
            {"requestId": 1, "seqNo": 0, "generatedAt": NOW, "data": "Anna"},
            {},
            marks=pytest.mark.proves("NotifyCustomerInformation", ocpp="2.1"),
        ),
        pytest.param(
            "NotifyDisplayMessages",
            {
                "requestId": 1,
                "messageInfo": [
                    {
                        "id": 1,
                        "priority": "NormalCycle",
                        "message": {
                            "format": "QRCODE",
                            "content": "https://192.0.2.20/",
                        },
                        "messageExtra": [
                            {"format": "UTF8", "language": "de", "content": "Hallo"}
                        ],
                    }
                ],
            },
            {},
            marks=pytest.mark.proves("NotifyDisplayMessages", ocpp="2.1"),
        ),
        pytest.param(
            "NotifyMonitoringReport",
            {"requestId": 1, "seqNo": 0, "generatedAt": NOW, "monitor": [MONITOR]},
            {},
            marks=pytest.mark.proves("NotifyMonitoringReport", ocpp="2.1"),
        ),
        pytest.param(
            "NotifyReport",
            {
                "requestId": 1,
                "seqNo": 0,
                "generatedAt": NOW,
                "reportData": [
                    {
                        "component": {"name": "TxCtrlr"},
                        "variable": {"name": "SupportedLimits"},
                        "variableAttribute": [{"value": "maxEnergy,maxTime" * 100}],
                        "variableCharacteristics": {
                            "dataType": "MemberList",
                            "supportsMonitoring": False,
                        },
                    }
                ],
            },
            {},
            marks=pytest.mark.proves("NotifyReport", ocpp="2.1"),
        ),
        pytest.param(
            "PublishFirmwareStatusNotification",
            {"status": "PublishFailed", "requestId": 1, "statusInfo": INFO},
            {},
            marks=pytest.mark.proves("PublishFirmwareStatusNotification", ocpp="2.1"),
        ),
        pytest.param(
            "ReportChargingProfiles",
            {
                "requestId": 1,
                "evseId": 1,
                "chargingLimitSource": "HEMS",
                "chargingProfile": [PROFILE],
            },
            {},
            marks=pytest.mark.proves("ReportChargingProfiles", ocpp="2.1"),
        ),
        pytest.param(
            "ReservationStatusUpdate",
            {"reservationId": 1, "reservationUpdateStatus": "NoTransaction"},
            {},
            marks=pytest.mark.proves("ReservationStatusUpdate", ocpp="2.1"),
        ),
        pytest.param(
            "SecurityEventNotification",
            {"type": "MaintenanceLoginAccepted", "timestamp": NOW, "techInfo": "ssh"},
            {},
            marks=pytest.mark.proves("SecurityEventNotification", ocpp="2.1"),
        ),
        pytest.param(
            "SignCertificate",
            {
                "csr": "no request",
                "certificateType": "V2G20Certificate",
                "hashRootCertificate": HASH,
                "requestId": 7,
            },
            {"status": "Rejected"},
            marks=pytest.mark.proves("SignCertificate", ocpp="2.1"),
        ),
        pytest.param(
            "ClosePeriodicEventStream",
            {"id": 3},
            {},
            marks=pytest.mark.proves("ClosePeriodicEventStream", ocpp="2.1"),
        ),
        pytest.param(
            "NotifyPriorityCharging",
            {"transactionId": "T1", "activated": True},
            {},
            marks=pytest.mark.proves("NotifyPriorityCharging", ocpp="2.1"),
        ),
        pytest.param(
            "NotifySettlement",
            {
                "pspRef": "P1",
                "status": "Settled",
                "settlementAmount": 12.5,
                "settlementTime": NOW,
                "receiptId": "R1",
                "receiptUrl": "https://192.0.2.20/R1",
                "vatCompany": {
                    "name": "Example",
                    "address1": "1 Main Street",
                    "city": "Anytown",
                    "country": "Germany",
                },
                "vatNumber": "DE123456789",
            },
            {},
            marks=pytest.mark.proves("NotifySettlement", ocpp="2.1"),
        ),
        pytest.param(
            "PullDynamicScheduleUpdate",
            {"chargingProfileId": 700},
            {"status": "Rejected"},
            marks=pytest.mark.proves("PullDynamicScheduleUpdate", ocpp="2.1"),
        ),
        pytest.param(
            "VatNumberValidation",
            {"vatNumber": "DE123456789", "evseId": 2},
            {"vatNumber": "DE123456789", "evseId": 2, "status": "Rejected"},
            marks=pytest.mark.proves("VatNumberValidation", ocpp="2.1"),
        ),
    ],
)
async def test_a_message_of_a_station_is_answered(
    hass: HomeAssistant,
    station: Station,
    action: str,
    payload: Payload,
    answer: Payload,
) -> None:
    got = await station.call(action, payload)
    assert {key: got.get(key) for key in answer} == answer
    if not answer:
        assert got == {}
    # The station held it against its schema; the connection goes on.
    await settled(hass, station)
    assert (await station.heartbeat())["currentTime"]
    assert not [frame for frame in station.sent + station.received if frame[0] == 4]


@pytest.mark.proves("GetCertificateChainStatus", ocpp="2.1")
async def test_every_certificate_of_a_chain_is_answered(
    hass: HomeAssistant, station: Station
) -> None:
    others = HASH | {"serialNumber": "8"}
    # Nobody is there to ask.
    asked = [
        {"certificateHashData": certificate, "source": source, "urls": [NOWHERE]}
        for certificate, source in ((HASH, "OCSP"), (others, "CRL"))
    ]
    answer = await station.call(
        "GetCertificateChainStatus", {"certificateStatusRequests": asked}
    )
    told = answer["certificateStatus"]
    assert [it["certificateHashData"] for it in told] == [HASH, others]
    assert [it["source"] for it in told] == ["OCSP", "CRL"]
    assert [it["status"] for it in told] == ["Failed", "Failed"]
    await settled(hass, station)


@pytest.mark.proves("DataTransfer", ocpp="2.1")
async def test_what_a_vendor_adds_goes_both_ways(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    data = {"snake_case": [1, {"camelCase": "ä"}]}
    answer = await station.data_transfer("com.example", "hello", data)
    assert answer["status"] == "UnknownVendorId"
    fields = {"vendor_id": "Simulator", "message_id": "Echo", "data": data}
    answer = await act(hass, garage, "data_transfer", **fields)
    assert answer == {"status": "Accepted", "data": data}
    await settled(hass, station)


@pytest.mark.proves("BootNotification", ocpp="2.1")
@pytest.mark.proves("Heartbeat", ocpp="2.1")
async def test_a_station_that_starts_is_told_the_time(station: Station) -> None:
    (boot,) = answers(station, "BootNotification")
    assert boot["status"] == "Accepted"
    before = moment()
    assert before[:16] <= (await station.heartbeat())["currentTime"] <= moment(1)


@pytest.mark.proves("StatusNotification", ocpp="2.1")
@pytest.mark.proves("NotifyEvent", ocpp="2.1")
async def test_connectors_are_shown_by_either_message(
    hass: HomeAssistant, station: Station
) -> None:
    assert shown(hass, STATUS) == "available"
    assert shown(hass, SECOND_STATUS) == "available"
    await station.status(1, 1, "Occupied")
    event = EVENT | {"timestamp": moment()}
    await station.call(
        "NotifyEvent", {"generatedAt": moment(), "seqNo": 0, "eventData": [event]}
    )
    await settled(hass, station)
    assert shown(hass, STATUS) != "available"
    assert shown(hass, SECOND_STATUS) != "available"


@pytest.mark.proves("MeterValues", ocpp="2.1")
async def test_meters_of_2_1_are_shown(hass: HomeAssistant, station: Station) -> None:
    value = register(4200, "Sample.Clock", moment())
    # Neither the key nor the method need to be told in 2.1, and what is signed is long.
    value["sampledValue"][0]["signedMeterValue"] = {
        "signedMeterData": "T0NNRg==" * 1000,
        "encodingMethod": "OCMF",
    }
    value["sampledValue"].append({"value": 12, "measurand": "Display.PresentSOC"})
    assert await station.call("MeterValues", {"evseId": 1, "meterValue": [value]}) == {}
    await settled(hass, station)
    assert float(shown(hass, "sensor.garage_energy")) == pytest.approx(4.2)


@pytest.mark.proves("Authorize", ocpp="2.1")
async def test_cards_of_any_type_and_length_are_judged(
    hass: HomeAssistant, station: Station
) -> None:
    info = await station.authorize(ANNA)
    assert info["status"] == "Accepted"
    # 2.1 has no fixed list of types, and identifiers of up to 255 characters.
    for number, kind in (("x" * 255, "DirectPayment"), ("VW-1", "SomethingNew")):
        answer = await station.call("Authorize", {"idToken": token(number, kind)})
        assert answer["idTokenInfo"]["status"] != "Accepted"
    await settled(hass, station)


@pytest.mark.proves("TransactionEvent", ocpp="2.1")
async def test_a_session_of_2_1_is_kept(hass: HomeAssistant, station: Station) -> None:
    car = Transaction(station)
    await car.charges()
    limit = {"maxEnergy": 10000, "maxTime": 7200}
    await car.tell(
        "Updated",
        "LimitSet",
        transactionInfo={
            "operationMode": "ChargingOnly",
            "tariffId": "night",
            "transactionLimit": limit,
        },
        preconditioningStatus="Ready",
        evseSleep=False,
        meterValue=[register(3000, "Sample.Periodic", moment())],
    )
    await settled(hass, station)
    assert float(shown(hass, ENERGY)) == pytest.approx(2)
    price = {"exclTax": 2.1, "inclTax": 2.5}
    await car.tell(
        "Ended",
        "AbnormalCondition",
        state="Idle",
        reason="ReqEnergyTransferRejected",
        meterValue=[register(5000, "Transaction.End", moment())],
        costDetails={
            "totalCost": {
                "currency": "EUR",
                "typeOfCost": "NormalCost",
                "energy": price,
                "total": price,
            },
            "totalUsage": {"energy": 4, "chargingTime": 1800, "idleTime": 0},
            "chargingPeriods": [{"startPeriod": NOW, "tariffId": "night"}],
        },
    )
    await settled(hass, station)
    (session,) = await sessions(hass)
    assert session["energy"] == pytest.approx(4)
    assert shown(hass, STOP_REASON) == "energy_transfer_rejected"


@pytest.mark.proves("NotifyEVChargingNeeds", ocpp="2.1")
@pytest.mark.proves("NotifyEVChargingSchedule", ocpp="2.1")
async def test_a_vehicle_negotiates(hass: HomeAssistant, station: Station) -> None:
    car = Transaction(station)
    await car.charges()
    needs = {"evseId": 1, "timestamp": moment(), "chargingNeeds": NEEDS}
    answer = await station.call("NotifyEVChargingNeeds", needs)
    assert answer["status"] in ("Accepted", "Processing", "Rejected")
    answer = await station.call(
        "NotifyEVChargingSchedule",
        {
            "evseId": 1,
            "timeBase": moment(),
            "chargingSchedule": SCHEDULE,
            "selectedChargingScheduleId": 1,
            "powerToleranceAcceptance": True,
        },
    )
    assert answer == {"status": "Accepted"}
    await settled(hass, station)
