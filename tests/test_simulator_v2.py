"""Prove the simulated OCPP 2.x station against a small CSMS."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from ocpp.messages import MessageType
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .simulator_v2 import CallError, Silence, Station, Variable
from .simulator_v2.schema import ACTIONS, VERSIONS, fault

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCEPTED = {"status": "Accepted"}
ENERGY = "Energy.Active.Import.Register"


class Csms:
    """A small CSMS."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.boots: list[tuple[str, int]] = []
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.version = "2.0.1"
        self.server: Server | None = None
        self.socket: ServerConnection | None = None
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._count = 0

    @property
    def url(self) -> str:
        """Return where it listens."""
        assert self.server is not None
        port = next(iter(self.server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}/"

    async def serve(self, socket: ServerConnection) -> None:
        """Live through a connection."""
        self.socket = socket
        self.version = VERSIONS[str(socket.subprotocol)]
        with suppress(ConnectionClosed):
            async for text in socket:
                await self._take(json.loads(text))

    async def _take(self, frame: list[Any]) -> None:
        kind, number = frame[:2]
        if kind != 2:
            self._pending.pop(number).set_result(frame)
            return
        action, payload = frame[2:]
        assert fault(self.version, MessageType.Call, action, payload) is None
        self.heard.append((action, payload))
        answer = self._answer(action, payload)
        if isinstance(answer, dict):
            bad = fault(self.version, MessageType.CallResult, action, answer)
            assert bad is None, bad
            await self._send([3, number, answer])
        elif answer is not None:
            await self._send([4, number, answer, "", {}])

    async def _send(self, frame: list[Any]) -> None:
        assert self.socket is not None
        with suppress(ConnectionClosed):
            await self.socket.send(json.dumps(frame))

    def _answer(self, action: str, payload: dict[str, Any]) -> Any:
        if action in self.answers:
            return self.answers[action](payload)
        match action:
            case "BootNotification":
                status, interval = (
                    self.boots.pop(0) if self.boots else ("Accepted", 300)
                )
                return {
                    "currentTime": NOW.isoformat(),
                    "interval": interval,
                    "status": status,
                }
            case "Heartbeat":
                return {"currentTime": NOW.isoformat()}
            case "Authorize":
                return {"idTokenInfo": verdict(payload)}
            case "TransactionEvent" if "idToken" in payload:
                return {"idTokenInfo": verdict(payload)}
            case (
                "SignCertificate" | "NotifyEVChargingNeeds" | "NotifyEVChargingSchedule"
            ):
                return ACCEPTED
            case "DataTransfer":
                return {"status": "UnknownVendorId"}
        return {}

    async def call(self, action: str, **payload: Any) -> Any:
        """Send a command and return the answer; a CALLERROR is returned as its code."""
        bad = fault(self.version, MessageType.Call, action, payload)
        assert bad is None, bad
        self._count += 1
        number = str(self._count)
        self._pending[number] = asyncio.get_running_loop().create_future()
        await self._send([2, number, action, payload])
        frame = await asyncio.wait_for(self._pending[number], 5)
        return frame[2]

    def calls(self, action: str) -> list[dict[str, Any]]:
        """Return the payloads heard with an action."""
        return [payload for name, payload in self.heard if name == action]


def verdict(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what is thought of a card."""
    card = payload["idToken"]["idToken"]
    if card.startswith("FAMILY"):
        return {
            "status": "Accepted",
            "groupIdToken": {"idToken": "family", "type": "Central"},
        }
    return {"status": "Blocked" if card == "BAD" else "Accepted"}


@pytest.fixture
async def csms(socket_enabled: None) -> AsyncGenerator[Csms]:
    """Run a CSMS."""
    csms = Csms()
    async with serve(
        csms.serve,
        "127.0.0.1",
        0,
        subprotocols=list(VERSIONS),  # type: ignore[arg-type]
        ping_interval=None,
    ) as csms.server:
        yield csms


@asynccontextmanager
async def booted(csms: Csms, **options: Any) -> AsyncGenerator[Station]:
    """Run a station that is up, and check that it heard no nonsense."""
    async with Station(csms.url, "CP 1", **{"connectors": 1} | options) as station:
        await station.power_up()
        csms.heard.clear()
        yield station
        await station.settle()
    assert station.violations == []


def profile(amps: float, **fields: Any) -> dict[str, Any]:
    """Return a charging profile."""
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
            }
        ],
        **fields,
    }


def told(csms: Csms) -> list[tuple[str, str, int]]:
    """Return what was told of transactions: type, trigger and sequence number."""
    return [
        (event["eventType"], event["triggerReason"], event["seqNo"])
        for event in csms.calls("TransactionEvent")
    ]


def variable(component: str, name: str, **more: Any) -> dict[str, Any]:
    """Return how to name a variable."""
    return {"component": {"name": component}, "variable": {"name": name}} | more


async def test_it_boots_and_tells_its_connectors(csms: Csms) -> None:
    async with booted(csms, connectors=2, evses=2) as station:
        assert station.subprotocol == "ocpp2.0.1"
        first, *rest = station.sent
        assert first[2:] == [
            "BootNotification",
            {
                "reason": "PowerUp",
                "chargingStation": {
                    "vendorName": "Simulator",
                    "model": "Wallbox 2",
                    "serialNumber": "SIM0002",
                    "firmwareVersion": "2.0.0",
                },
            },
        ]
        assert [
            (frame[3]["evseId"], frame[3]["connectorId"], frame[3]["connectorStatus"])
            for frame in rest
        ] == [(e, c, "Available") for e in (1, 2) for c in (1, 2)]
        assert station.variables.text("OCPPCommCtrlr.HeartbeatInterval") == "300"
        await station.heartbeat()


async def test_it_tells_connectors_by_events(csms: Csms) -> None:
    async with booted(csms, availability_events=True) as station:
        await station.plug_in(2)
        (event,) = csms.calls("NotifyEvent")
        assert event["eventData"][0]["actualValue"] == "Occupied"
        assert event["eventData"][0]["component"]["evse"] == {"id": 2, "connectorId": 1}


async def test_it_waits_until_it_is_accepted(csms: Csms) -> None:
    csms.boots = [("Pending", 60), ("Rejected", 1)]
    async with Station(csms.url, "CP 1", connectors=1) as station:
        station.spawn(station.power_up())
        await station.until(lambda: station.boot_status == "Pending")
        start = {"idToken": {"idToken": "A", "type": "Central"}, "remoteStartId": 1}
        answer = await csms.call("RequestStartTransaction", **start)
        assert answer["status"] == "Rejected"
        asked = [variable("OCPPCommCtrlr", "HeartbeatInterval")]
        answer = await csms.call("GetVariables", getVariableData=asked)
        assert answer["getVariableResult"][0]["attributeStatus"] == "Accepted"
        await station.plug_in()
        answer = await csms.call("TriggerMessage", requestedMessage="BootNotification")
        assert answer == ACCEPTED
        await station.until(lambda: station.boot_status == "Rejected")
        assert await csms.call("ClearCache") == "SecurityError"
        assert {action for action, _ in csms.heard} == {"BootNotification"}
        await station.until(lambda: station.boot_status == "Accepted")
        await station.settle()
        # What happened meanwhile is told now.
        assert told(csms) == [("Started", "CablePluggedIn", 0)]


async def test_a_card_charges_the_car_that_is_plugged_in(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in(soc=40)
        assert await station.present_card(1, "CARD1")
        await station.tick(60)
        assert await station.present_card(1, "card1")
        await station.unplug()
        assert told(csms) == [
            ("Started", "CablePluggedIn", 0),
            ("Updated", "Authorized", 1),
            ("Updated", "ChargingStateChanged", 2),
            ("Updated", "MeterValuePeriodic", 3),
            ("Ended", "StopAuthorized", 4),
        ]
        started, authorized, charging, metered, ended = csms.calls("TransactionEvent")
        number = started["transactionInfo"]["transactionId"]
        assert started["evse"] == {"id": 1, "connectorId": 1}
        assert started["transactionInfo"]["chargingState"] == "EVConnected"
        assert "idToken" not in started
        assert authorized["idToken"] == {"idToken": "CARD1", "type": "ISO14443"}
        assert charging["transactionInfo"] == {
            "transactionId": number,
            "chargingState": "Charging",
        }
        assert "evse" not in metered and "idToken" not in metered
        samples = metered["meterValue"][0]["sampledValue"]
        power = 3 * 16 * 230
        assert {
            s["measurand"]: (s["value"], s["unitOfMeasure"]["unit"]) for s in samples
        } == {
            ENERGY: (1000 + power / 60, "Wh"),
            "Power.Active.Import": (power, "W"),
            "Current.Import": (16, "A"),
            "Voltage": (230, "V"),
            "SoC": (pytest.approx(40.3, abs=0.1), "Percent"),
        }
        assert ended["transactionInfo"] == {
            "transactionId": number,
            "chargingState": "EVConnected",
            "stoppedReason": "Local",
            "timeSpentCharging": 60,
        }
        contexts = [v["sampledValue"][0]["context"] for v in ended["meterValue"]]
        assert contexts == ["Transaction.Begin", "Transaction.End"]
        statuses = [s["connectorStatus"] for s in csms.calls("StatusNotification")]
        assert statuses == ["Occupied", "Available"]


async def test_a_card_waits_for_a_car(csms: Csms) -> None:
    async with booted(csms, evse_at_once=False) as station:
        await station.present_card(2, "CARD1")
        await station.plug_in(2)
        await station.unplug(2)
        assert told(csms) == [
            ("Started", "Authorized", 0),
            ("Updated", "CablePluggedIn", 1),
            ("Updated", "ChargingStateChanged", 2),
            ("Ended", "EVCommunicationLost", 3),
        ]
        started, plugged, _, ended = csms.calls("TransactionEvent")
        assert "evse" not in started and started["idToken"]["idToken"] == "CARD1"
        assert plugged["evse"] == {"id": 2, "connectorId": 1}
        assert ended["transactionInfo"]["stoppedReason"] == "EVDisconnected"


async def test_readings_may_be_scaled_and_signed(csms: Csms) -> None:
    async with booted(csms, energy_multiplier=3) as station:
        station.variables["SampledDataCtrlr.SignReadings"].value = "true"
        await station.plug_in()
        (started,) = csms.calls("TransactionEvent")
        (reading,) = started["meterValue"][0]["sampledValue"]
        assert reading["value"] == 1
        assert reading["unitOfMeasure"] == {"unit": "Wh", "multiplier": 3}
        assert reading["signedMeterValue"]["encodingMethod"] == "OCMF"


async def test_clock_aligned_readings(csms: Csms) -> None:
    async with booted(csms, evses=1) as station:
        station.variables["AlignedDataCtrlr.Enabled"].value = "true"
        await station.tick(900)
        (message,) = csms.calls("MeterValues")
        assert message["evseId"] == 1
        await station.plug_in()
        await station.tick(900)
        assert told(csms)[1][:2] == ("Updated", "MeterValueClock")
        assert len(csms.calls("MeterValues")) == 1


async def test_an_evse_is_named_again_with_its_connector(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.present_card(1, "CARD1")
        await station.plug_in(1)
        started, plugged, charging = csms.calls("TransactionEvent")
        assert started["evse"] == {"id": 1}
        assert plugged["evse"] == {"id": 1, "connectorId": 1}
        assert "evse" not in charging
        assert charging["numberOfPhasesUsed"] == 3


async def test_a_card_does_not_wait_for_ever(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.present_card(1, "CARD1")
        await station.tick(60)
        ended = csms.calls("TransactionEvent")[-1]
        assert ended["triggerReason"] == "EVConnectTimeout"
        assert ended["transactionInfo"]["stoppedReason"] == "Timeout"


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (
            "PowerPathClosed",
            "PowerPathClosed",
            [("Started", "Authorized"), ("Updated", "ChargingStateChanged")],
        ),
        ("EnergyTransfer", "EnergyTransfer", [("Started", "ChargingStateChanged")]),
        (
            "Authorized",
            "EVConnected",
            [("Started", "Authorized"), ("Updated", "ChargingStateChanged")],
        ),
    ],
)
async def test_a_transaction_starts_at_its_point(
    csms: Csms, start: str, stop: str, expected: list[tuple[str, str]]
) -> None:
    async with booted(csms) as station:
        station.variables["TxCtrlr.TxStartPoint"].value = start
        station.variables["TxCtrlr.TxStopPoint"].value = stop
        await station.plug_in()
        await station.present_card()
        assert [event[:2] for event in told(csms)] == expected
        await station.present_card()
        last = csms.calls("TransactionEvent")[-1]
        if stop == "EVConnected":
            assert last["eventType"] == "Updated"
            await station.unplug()
            last = csms.calls("TransactionEvent")[-1]
        assert last["eventType"] == "Ended"
        assert last["transactionInfo"]["stoppedReason"] == "Local"


async def test_a_refused_card_ends_its_transaction(csms: Csms) -> None:
    async with booted(csms) as station:
        assert not await station.present_card(1, "BAD")
        station.state.local_list["bad"] = ACCEPTED
        station.variables["AuthCtrlr.LocalPreAuthorize"].value = "true"
        await station.plug_in()
        assert await station.present_card(1, "BAD")
        ended = csms.calls("TransactionEvent")[-1]
        assert ended["triggerReason"] == "Deauthorized"
        assert ended["transactionInfo"]["stoppedReason"] == "DeAuthorized"


async def test_a_refused_card_may_get_some_energy(csms: Csms) -> None:
    async with booted(csms) as station:
        station.state.local_list["bad"] = ACCEPTED
        station.variables["AuthCtrlr.LocalPreAuthorize"].value = "true"
        station.variables["TxCtrlr.StopTxOnInvalidId"].value = "false"
        station.variables["TxCtrlr.MaxEnergyOnInvalidId"].value = "100"
        await station.plug_in()
        await station.present_card(1, "BAD")
        assert station.flow().current == 16
        await station.tick(60)
        info = csms.calls("TransactionEvent")[-1]["transactionInfo"]
        assert info["chargingState"] == "SuspendedEVSE"


async def test_a_card_of_the_group_stops(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card(1, "FAMILY1")
        assert not await station.present_card(1, "CARD1")
        assert await station.present_card(1, "FAMILY2")
        ended = csms.calls("TransactionEvent")[-1]
        assert ended["eventType"] == "Ended"
        assert ended["idToken"]["idToken"] == "FAMILY2"


async def test_what_happens_offline_is_told_later(csms: Csms) -> None:
    times = iter(NOW + timedelta(seconds=n) for n in range(1000))
    async with booted(csms, clock=lambda: next(times)) as station:
        await station.plug_in()
        await station.present_card()
        station.go_offline()
        await station.tick(60)
        await station.tick(60)
        await station.unplug()
        csms.heard.clear()
        await station.come_back()
        assert told(csms) == [
            ("Updated", "MeterValuePeriodic", 3),
            ("Updated", "MeterValuePeriodic", 4),
            ("Ended", "EVCommunicationLost", 5),
        ]
        events = csms.calls("TransactionEvent")
        assert all(event["offline"] for event in events)
        stamps = [event["timestamp"] for event in events]
        assert stamps == sorted(set(stamps))
        assert csms.heard[0][1]["connectorStatus"] == "Available"
        assert not station.queue


async def test_what_happens_offline_may_get_lost(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        station.go_offline()
        for _ in range(3):
            await station.tick(60)
        await station.unplug()
        csms.heard.clear()
        await station.come_back(lose=[4, "Ended"], repeat=True)
        assert [event[2] for event in told(csms)] == [3, 3, 5, 5]


async def test_an_event_is_sent_again_until_it_is_answered(csms: Csms) -> None:
    refusals = ["InternalError"]
    csms.answers["TransactionEvent"] = lambda _: refusals.pop() if refusals else {}
    async with booted(csms) as station:
        await station.plug_in()
        assert [event[2] for event in told(csms)] == [0, 0]


async def test_a_remote_start_and_stop(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in(2)
        token = {"idToken": "HA", "type": "Central"}
        own = profile(10, chargingProfilePurpose="TxProfile")
        answer = await csms.call(
            "RequestStartTransaction",
            idToken=token,
            remoteStartId=7,
            chargingProfile=own,
        )
        await station.settle()
        running = station.evses[2].transaction
        assert running is not None
        assert answer == {"status": "Accepted", "transactionId": running.id}
        event = csms.calls("TransactionEvent")[1]
        assert event["triggerReason"] == "RemoteStart"
        assert event["transactionInfo"]["remoteStartId"] == 7
        assert event["idToken"] == token
        assert station.flow(2).current == 10
        answer = await csms.call(
            "RequestStartTransaction", idToken=token, remoteStartId=8, evseId=2
        )
        assert answer["status"] == "Rejected"
        assert await csms.call("RequestStopTransaction", transactionId=running.id) == (
            ACCEPTED
        )
        await station.settle()
        assert told(csms)[-1][:2] == ("Ended", "RemoteStop")
        assert station.profiles.installed == []
        answer = await csms.call("RequestStopTransaction", transactionId=running.id)
        assert answer["status"] == "Rejected"


async def test_a_limit_is_obeyed_and_reported(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        running = station.evses[1].transaction
        assert running is not None
        wanted = profile(
            8, chargingProfilePurpose="TxProfile", transactionId=running.id
        )
        answer = await csms.call("SetChargingProfile", evseId=1, chargingProfile=wanted)
        assert answer == ACCEPTED
        assert station.flow().current == 8
        whole = profile(
            0,
            id=2,
            chargingProfilePurpose="ChargingStationMaxProfile",
            chargingProfileKind="Absolute",
        )
        whole["chargingSchedule"][0]["startSchedule"] = NOW.isoformat()
        await csms.call("SetChargingProfile", evseId=0, chargingProfile=whole)
        await station.settle()
        info = csms.calls("TransactionEvent")[-1]["transactionInfo"]
        assert info["chargingState"] == "SuspendedEVSE"
        answer = await csms.call("GetCompositeSchedule", evseId=1, duration=600)
        assert answer["schedule"]["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "limit": 0, "numberPhases": 3}
        ]
        answer = await csms.call("GetChargingProfiles", requestId=3, chargingProfile={})
        assert answer == ACCEPTED
        await station.settle()
        reports = csms.calls("ReportChargingProfiles")
        assert [(r["evseId"], r["tbc"]) for r in reports] == [(1, True), (0, False)]
        assert [r["chargingProfile"] for r in reports] == [[wanted], [whole]]
        assert await csms.call("ClearChargingProfile", chargingProfileId=2) == ACCEPTED
        assert station.flow().current == 8
        criteria = {"chargingProfilePurpose": "TxDefaultProfile"}
        answer = await csms.call(
            "ClearChargingProfile", chargingProfileCriteria=criteria
        )
        assert answer["status"] == "Unknown"


@pytest.mark.parametrize(
    ("evse", "fields", "reason"),
    [
        (1, {"chargingProfilePurpose": "ChargingStationMaxProfile"}, "InvalidProfile"),
        (1, {"chargingProfilePurpose": "TxProfile"}, "MissingParam"),
        (
            1,
            {"chargingProfilePurpose": "TxProfile", "transactionId": "1"},
            "TxNotFound",
        ),
        (1, {"stackLevel": 99}, "InvalidStackLevel"),
        (1, {"chargingProfileKind": "Absolute"}, "InvalidSchedule"),
        (9, {}, "UnknownEvse"),
        (0, {"id": 5}, "DuplicateProfile"),
        (
            0,
            {"chargingProfilePurpose": "ChargingStationExternalConstraints"},
            "InvalidProfile",
        ),
    ],
)
async def test_a_wrong_profile_is_refused(
    csms: Csms, evse: int, fields: dict[str, Any], reason: str
) -> None:
    async with booted(csms) as station:
        station.profiles.install(0, profile(10), NOW)
        answer = await csms.call(
            "SetChargingProfile", evseId=evse, chargingProfile=profile(6, **fields)
        )
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == reason


async def test_a_limit_from_elsewhere_is_told(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        await station.notify_charging_limit(7)
        assert station.flow().current == 7
        assert told(csms)[-1][1] == "ChargingRateChanged"
        await station.clear_charging_limit()
        assert station.flow().current == 16
        assert await station.notify_charging_needs() == "Accepted"
        assert await station.notify_charging_schedule() == "Accepted"


async def test_variables_are_read_and_written(csms: Csms) -> None:
    own = Variable(component="Fan", name="Speed", value="1", others={"MaxSet": "9"})
    options = {"without": ["ClockCtrlr.TimeOffset"], "variables": [own]}
    async with booted(csms, **options) as station:
        wanted = [
            variable("ocppcommctrlr", "heartbeatinterval"),
            variable("OCPPCommCtrlr", "HeartbeatInterval", attributeType="Target"),
            variable("SecurityCtrlr", "BasicAuthPassword"),
            variable("ClockCtrlr", "TimeOffset"),
            variable("Nope", "Nope"),
            variable("Fan", "Speed", attributeType="MaxSet"),
        ]
        answer = await csms.call("GetVariables", getVariableData=wanted)
        assert [
            (r["attributeStatus"], r.get("attributeValue"))
            for r in answer["getVariableResult"]
        ] == [
            ("Accepted", "300"),
            ("NotSupportedAttributeType", None),
            ("Rejected", None),
            ("UnknownVariable", None),
            ("UnknownComponent", None),
            ("Accepted", "9"),
        ]
        values = [
            variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="60"),
            variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="often"),
            variable("TxCtrlr", "TxStartPoint", attributeValue="Sunrise"),
            variable("ChargingStation", "Model", attributeValue="X"),
            variable(
                "OCPPCommCtrlr", "NetworkConfigurationPriority", attributeValue="2"
            ),
        ]
        answer = await csms.call("SetVariables", setVariableData=values)
        assert [r["attributeStatus"] for r in answer["setVariableResult"]] == [
            "Accepted",
            "Rejected",
            "Rejected",
            "Rejected",
            "RebootRequired",
        ]
        assert station.variables.number("OCPPCommCtrlr.HeartbeatInterval") == 60
        answer = await csms.call("GetVariables", getVariableData=wanted[:1] * 21)
        assert answer == "OccurrenceConstraintViolation"


async def test_reports_come_in_parts(csms: Csms) -> None:
    own = Variable(component="Heater", name="Temperature", value="21", monitored=True)
    async with booted(csms, variables=[own]) as station:
        answer = await csms.call(
            "GetBaseReport", requestId=1, reportBase="FullInventory"
        )
        assert answer == ACCEPTED
        await station.settle()
        parts = csms.calls("NotifyReport")
        assert [part["seqNo"] for part in parts] == [*range(len(parts))]
        assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
        assert sum(len(part["reportData"]) for part in parts) == len(station.variables)
        csms.heard.clear()
        await csms.call(
            "GetReport",
            requestId=2,
            componentVariable=[{"component": {"name": "heater"}}],
        )
        await station.settle()
        (part,) = csms.calls("NotifyReport")
        assert part["reportData"] == [own.report()]
        answer = await csms.call(
            "GetReport", requestId=3, componentCriteria=["Problem"]
        )
        assert answer["status"] == "EmptyResultSet"


async def test_monitors_tell_of_changes(csms: Csms) -> None:
    own = Variable(
        component="Heater",
        name="Temperature",
        value="21",
        data_type="decimal",
        monitored=True,
    )
    async with booted(csms, variables=[own]) as station:
        heater = variable("Heater", "Temperature", severity=4, value=30)
        wanted = [
            heater | {"type": "UpperThreshold"},
            heater | {"type": "UpperThreshold"},
            heater | {"type": "Delta", "value": 5},
            variable("Nope", "Nope", severity=4, value=1, type="Delta"),
            variable(
                "OCPPCommCtrlr", "OfflineThreshold", severity=4, value=1, type="Delta"
            ),
        ]
        answer = await csms.call("SetVariableMonitoring", setMonitoringData=wanted)
        assert [(r["status"], r.get("id")) for r in answer["setMonitoringResult"]] == [
            ("Accepted", 1),
            ("Duplicate", None),
            ("Accepted", 2),
            ("UnknownComponent", None),
            ("UnsupportedMonitorType", None),
        ]
        await station.set_value("Heater.Temperature", "31")
        await station.set_value("Heater.Temperature", "29")
        events = [event["eventData"][0] for event in csms.calls("NotifyEvent")]
        assert [
            (
                e["variableMonitoringId"],
                e["trigger"],
                e["actualValue"],
                e.get("cleared"),
            )
            for e in events
        ] == [
            (1, "Alerting", "31", None),
            (2, "Delta", "31", None),
            (1, "Alerting", "29", True),
        ]
        answer = await csms.call(
            "GetMonitoringReport", requestId=1, monitoringCriteria=["DeltaMonitoring"]
        )
        assert answer == ACCEPTED
        await station.settle()
        (report,) = csms.calls("NotifyMonitoringReport")
        assert report["monitor"][0]["variableMonitoring"][0]["id"] == 2
        answer = await csms.call("ClearVariableMonitoring", id=[1, 9])
        statuses = [r["status"] for r in answer["clearMonitoringResult"]]
        assert statuses == ["Accepted", "NotFound"]
        assert await csms.call("SetMonitoringLevel", severity=3) == ACCEPTED
        csms.heard.clear()
        await station.set_value("Heater.Temperature", "99")
        assert csms.heard == []
        await csms.call("SetMonitoringLevel", severity=9)
        await csms.call("SetMonitoringBase", monitoringBase="FactoryDefault")
        answer = await csms.call("GetMonitoringReport", requestId=2)
        assert answer["status"] == "EmptyResultSet"
        await station.raise_event("Heater.Temperature", techInfo="too hot")
        assert csms.calls("NotifyEvent")[0]["eventData"][0]["techInfo"] == "too hot"


async def test_monitors_tell_of_power_and_time(csms: Csms) -> None:
    async with booted(csms) as station:
        power = {
            "component": {"name": "EVSE", "evse": {"id": 1}},
            "variable": {"name": "Power"},
            "severity": 8,
        }
        wanted = [
            power | {"type": "Delta", "value": 100},
            power | {"type": "Periodic", "value": 60},
        ]
        await csms.call("SetVariableMonitoring", setMonitoringData=wanted)
        await station.tick(30)
        assert csms.calls("NotifyEvent") == []
        await station.plug_in()
        await station.present_card()
        await station.tick(30)
        await station.tick(30)
        assert [
            (e["eventData"][0]["trigger"], e["eventData"][0]["actualValue"])
            for e in csms.calls("NotifyEvent")
        ] == [("Delta", "11040"), ("Periodic", "11040")]


async def test_an_evse_goes_out_of_service_after_its_transaction(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        out = {"operationalStatus": "Inoperative"}
        answer = await csms.call("ChangeAvailability", **out, evse={"id": 1})
        assert answer["status"] == "Scheduled"
        csms.heard.clear()
        await station.present_card()
        await station.unplug()
        states = [s["connectorStatus"] for s in csms.calls("StatusNotification")]
        assert states == ["Unavailable"]
        assert await csms.call("ChangeAvailability", **out) == ACCEPTED
        await station.settle()
        assert station.variables.text("EVSE[2].AvailabilityState") == "Unavailable"
        await csms.call("ChangeAvailability", operationalStatus="Operative")
        place = {"id": 1, "connectorId": 9}
        answer = await csms.call("ChangeAvailability", **out, evse=place)
        assert answer["status"] == "Rejected"


async def test_a_reset_ends_what_runs(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        assert (await csms.call("Reset", type="OnIdle"))["status"] == "Scheduled"
        assert (await csms.call("Reset", type="OnIdle", evseId=2)) == ACCEPTED
        await station.settle()
        assert await csms.call("Reset", type="Immediate") == ACCEPTED
        await station.until(lambda: len(csms.calls("BootNotification")) == 1)
        await station.settle()
        ended = csms.calls("TransactionEvent")[-1]
        assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
        assert csms.calls("BootNotification")[0]["reason"] == "RemoteReset"


async def test_a_reset_waits_for_a_transaction(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        await csms.call("Reset", type="OnIdle")
        await station.present_card()
        await station.until(lambda: len(csms.calls("BootNotification")) == 1)
        await station.settle()
        assert csms.calls("BootNotification")[0]["reason"] == "ScheduledReset"


async def test_a_power_cut_ends_transactions(csms: Csms) -> None:
    async with booted(csms) as station:
        await station.plug_in()
        await station.present_card()
        await station.cut_power()
        csms.heard.clear()
        await station.restore_power()
        assert csms.heard[0][0] == "BootNotification"
        (ended,) = csms.calls("TransactionEvent")
        assert ended["transactionInfo"]["stoppedReason"] == "PowerLoss"
        assert ended["offline"] is True


async def test_what_is_triggered_follows_the_answer(csms: Csms) -> None:
    async with booted(csms) as station:
        place = {"id": 1, "connectorId": 1}

        async def trigger(kind: str, **more: Any) -> str:
            csms.heard.clear()
            answer = await csms.call("TriggerMessage", requestedMessage=kind, **more)
            await station.settle()
            return str(answer["status"])

        for kind, action in (
            ("Heartbeat", "Heartbeat"),
            ("LogStatusNotification", "LogStatusNotification"),
            ("FirmwareStatusNotification", "FirmwareStatusNotification"),
            ("SignChargingStationCertificate", "SignCertificate"),
            ("StatusNotification", "StatusNotification"),
            ("MeterValues", "MeterValues"),
            ("PublishFirmwareStatusNotification", "PublishFirmwareStatusNotification"),
        ):
            assert await trigger(kind, evse=place) == "Accepted"
            assert [name for name, _ in csms.heard] == [action]
        assert await trigger("StatusNotification") == "Rejected"
        assert await trigger("BootNotification") == "Rejected"
        assert await trigger("TransactionEvent") == "Rejected"
        assert await trigger("SignCombinedCertificate") == "NotImplemented"
        await station.plug_in()
        assert await trigger("TransactionEvent") == "Accepted"
        assert told(csms) == [("Updated", "Trigger", 1)]


async def test_a_reservation_is_for_one_card(csms: Csms) -> None:
    async with booted(csms) as station:
        mine = {"idToken": "CARD1", "type": "ISO14443"}
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        wanted = {"id": 5, "expiryDateTime": later, "idToken": mine, "evseId": 1}
        assert await csms.call("ReserveNow", **wanted) == ACCEPTED
        await station.settle()
        assert csms.calls("StatusNotification")[-1]["connectorStatus"] == "Reserved"
        assert (await csms.call("ReserveNow", **wanted | {"id": 6}))[
            "status"
        ] == "Occupied"
        assert not await station.present_card(1, "CARD2")
        await station.plug_in()
        assert await station.present_card(1, "CARD1")
        assert csms.calls("TransactionEvent")[1]["reservationId"] == 5
        answer = await csms.call("CancelReservation", reservationId=5)
        assert answer["status"] == "Rejected"
        await csms.call("ReserveNow", **wanted | {"evseId": 2})
        assert await csms.call("CancelReservation", reservationId=5) == ACCEPTED
        past = {"evseId": 2, "expiryDateTime": "2020-01-01T00:00:00Z"}
        await csms.call("ReserveNow", **wanted | past)
        await station.tick(1)
        assert csms.calls("ReservationStatusUpdate") == [
            {"reservationId": 5, "reservationUpdateStatus": "Expired"}
        ]


async def test_the_local_list_is_kept(csms: Csms) -> None:
    async with booted(csms) as station:
        card = {"idToken": "CARD9", "type": "ISO14443"}
        entry = {"idToken": card, "idTokenInfo": ACCEPTED}

        async def send(kind: str, version: int, *entries: Any) -> str:
            more = {"localAuthorizationList": [*entries]} if entries else {}
            answer = await csms.call(
                "SendLocalList", versionNumber=version, updateType=kind, **more
            )
            return str(answer["status"])

        assert await send("Full", 2, entry) == "Accepted"
        assert await csms.call("GetLocalListVersion") == {"versionNumber": 2}
        assert await send("Differential", 2, entry) == "VersionMismatch"
        station.go_offline()
        assert not await station.present_card(1, "CARD1")
        assert await station.present_card(1, "CARD9")
        await station.come_back()
        assert await send("Differential", 3, {"idToken": card}) == "Accepted"
        assert station.state.local_list == {}
        assert await send("Full", 4, entry, entry) == "Failed"
        assert (await csms.call("ClearCache"))["status"] == "Rejected"


async def test_firmware_and_logs(csms: Csms) -> None:
    async with booted(csms) as station:
        file = {"location": "http://127.0.0.1/f", "retrieveDateTime": NOW.isoformat()}
        station.new_firmware = "2.1.0"
        answer = await csms.call("UpdateFirmware", requestId=1, firmware=file)
        assert answer == ACCEPTED
        await station.settle()
        states = [s["status"] for s in csms.calls("FirmwareStatusNotification")]
        assert states == [
            "Downloading",
            "Downloaded",
            "Installing",
            "InstallRebooting",
            "Installed",
        ]
        (boot,) = csms.calls("BootNotification")
        assert boot["reason"] == "FirmwareUpdate"
        assert boot["chargingStation"]["firmwareVersion"] == "2.1.0"
        log = {"remoteLocation": "http://127.0.0.1/l"}
        answer = await csms.call("GetLog", log=log, logType="SecurityLog", requestId=2)
        assert answer["filename"] == "SecurityLog.zip"
        await station.settle()
        states = [s["status"] for s in csms.calls("LogStatusNotification")]
        assert states == ["Uploading", "Uploaded"]
        sum_ = {"checksum": "0" * 32}
        await csms.call("PublishFirmware", location="http://x", requestId=3, **sum_)
        await station.settle()
        assert (
            csms.calls("PublishFirmwareStatusNotification")[-1]["status"] == "Published"
        )
        for state in ("Unpublished", "NoFirmware"):
            assert (await csms.call("UnpublishFirmware", **sum_))["status"] == state


async def test_certificates(csms: Csms) -> None:
    async with booted(csms) as station:
        pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
        kind = {"certificateType": "CSMSRootCertificate"}
        assert (
            await csms.call("InstallCertificate", **kind, certificate=pem) == ACCEPTED
        )
        answer = await csms.call("InstallCertificate", **kind, certificate="nonsense")
        assert answer["status"] == "Rejected"
        answer = await csms.call("GetInstalledCertificateIds")
        (entry,) = answer["certificateHashDataChain"]
        hashes = entry["certificateHashData"]
        for state in ("Accepted", "NotFound"):
            answer = await csms.call("DeleteCertificate", certificateHashData=hashes)
            assert answer["status"] == state
        await station.sign_certificate()
        assert await csms.call("CertificateSigned", certificateChain=pem) == ACCEPTED
        answer = await csms.call("CertificateSigned", certificateChain="nonsense")
        assert answer["status"] == "Rejected"
        await station.settle()
        (event,) = csms.calls("SecurityEventNotification")
        assert event["type"] == "InvalidChargingStationCertificate"


async def test_messages_costs_and_customers(csms: Csms) -> None:
    async with booted(csms) as station:
        text = {"format": "UTF8", "content": "Hello"}
        for number in range(3):
            message = {"id": number, "priority": "NormalCycle", "message": text}
            assert await csms.call("SetDisplayMessage", message=message) == ACCEPTED
        message["message"] = {"format": "HTML", "content": "<b>"}
        answer = await csms.call("SetDisplayMessage", message=message)
        assert answer["status"] == "NotSupportedMessageFormat"
        assert await csms.call("GetDisplayMessages", requestId=1) == ACCEPTED
        await station.settle()
        parts = csms.calls("NotifyDisplayMessages")
        assert [(len(p["messageInfo"]), p["tbc"]) for p in parts] == [
            (2, True),
            (1, False),
        ]
        for state in ("Accepted", "Unknown"):
            assert (await csms.call("ClearDisplayMessage", id=0))["status"] == state
        await station.plug_in()
        running = station.evses[1].transaction
        assert running is not None
        await csms.call("CostUpdated", totalCost=1.5, transactionId=running.id)
        assert station.costs == {running.id: 1.5}
        station.state.customers["card1"] = "x" * 600
        card = {"idToken": "CARD1", "type": "ISO14443"}
        ask = {"requestId": 2, "report": True, "clear": True}
        answer = await csms.call("CustomerInformation", **ask, idToken=card)
        assert answer == ACCEPTED
        await station.settle()
        data = [p["data"] for p in csms.calls("NotifyCustomerInformation")]
        assert data == ["x" * 512, "x" * 88]
        assert station.state.customers == {}
        answer = await csms.call("CustomerInformation", **ask)
        assert answer["status"] == "Invalid"


async def test_small_things(csms: Csms) -> None:
    async with booted(csms) as station:
        place = {"evseId": 1, "connectorId": 1}
        assert (await csms.call("UnlockConnector", **place))["status"] == "Unlocked"
        await station.plug_in()
        await station.present_card()
        answer = await csms.call("UnlockConnector", **place)
        assert answer["status"] == "OngoingAuthorizedTransaction"
        running = station.evses[1].transaction
        assert running is not None
        asked = {"transactionId": running.id}
        answer = await csms.call("GetTransactionStatus", **asked)
        assert answer == {"ongoingIndicator": True, "messagesInQueue": False}
        answer = await csms.call("GetTransactionStatus")
        assert answer == {"messagesInQueue": False}
        answer = await csms.call(
            "DataTransfer", vendorId="Simulator", messageId="Echo", data={"a": [1]}
        )
        assert answer == {"status": "Accepted", "data": {"a": [1]}}
        assert (await csms.call("DataTransfer", vendorId="x"))["status"] == (
            "UnknownVendorId"
        )
        assert (await station.data_transfer())["status"] == "UnknownVendorId"
        data = {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "ws://127.0.0.1/",
            "messageTimeout": 30,
            "securityProfile": 1,
            "ocppInterface": "Wired0",
        }
        for slot, state in ((1, "Accepted"), (9, "Rejected")):
            answer = await csms.call(
                "SetNetworkProfile", configurationSlot=slot, connectionData=data
            )
            assert answer["status"] == state
        await station.set_fault()
        assert csms.calls("StatusNotification")[-1]["connectorStatus"] == "Faulted"


async def test_answers_can_be_forced(csms: Csms) -> None:
    async with booted(csms) as station:
        station.answers["ClearCache"] = {"status": "Accepted"}
        assert await csms.call("ClearCache") == ACCEPTED
        assert await station.wait_for_call("ClearCache") == {}
        station.answers["ClearCache"] = CallError("InternalError")
        assert await csms.call("ClearCache") == "InternalError"
        station.answers["ClearCache"] = Silence
        asking = asyncio.create_task(csms.call("ClearCache"))
        await station.wait_for_call("ClearCache")
        assert not asking.done()
        asking.cancel()


async def test_every_command_is_known(csms: Csms) -> None:
    own = {
        *("Authorize", "BootNotification", "ClearedChargingLimit", "Heartbeat"),
        *("FirmwareStatusNotification", "Get15118EVCertificate"),
        *("GetCertificateStatus", "LogStatusNotification", "MeterValues"),
        *("NotifyChargingLimit", "NotifyCustomerInformation", "NotifyDisplayMessages"),
        *("NotifyEVChargingNeeds", "NotifyEVChargingSchedule", "NotifyEvent"),
        *(
            "NotifyMonitoringReport",
            "NotifyReport",
            "PublishFirmwareStatusNotification",
        ),
        *("ReportChargingProfiles", "ReservationStatusUpdate", "SignCertificate"),
        *("SecurityEventNotification", "StatusNotification", "TransactionEvent"),
    }
    station = Station("ws://127.0.0.1:1/", "CP 1")
    assert station._handlers.keys() == ACTIONS["2.0.1"] - own


async def test_it_speaks_ocpp_2_1(csms: Csms) -> None:
    async with booted(csms, version="ocpp2.1") as station:
        assert station.subprotocol == "ocpp2.1"
        await station.plug_in()
        await station.present_card()
        await station.unplug()
        assert told(csms)[-1][0] == "Ended"
