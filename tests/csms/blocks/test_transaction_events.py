"""Prove the sessions of a station that speaks 2.x: one message for all of their course."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import NoTransaction
from custom_components.ocpp.csms.events import SessionEnded
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import (
    EvseStatus,
    Options,
    Part,
    StationSettings,
    Topic,
    utcnow,
)
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import (
    IDENTITY,
    MakeCharger,
    MakeTwo,
    MakeWire,
    Wire,
    prepared,
    until,
)
from tests.simulator_v2 import Car, Station as Two

BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def at(minutes: float) -> str:
    """Return a moment some minutes after that noon."""
    moment = NOON + timedelta(minutes=minutes)
    return moment.isoformat().replace("+00:00", "Z")


def event(kind: str, minutes: float, number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a TransactionEvent; the register in Wh is given as `wh`."""
    info = {"transactionId": fields.pop("id", "tx-1")}
    for name in ("chargingState", "stoppedReason", "remoteStartId"):
        if name in fields:
            info[name] = fields.pop(name)
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": at(minutes),
        "triggerReason": fields.pop("trigger", "CablePluggedIn"),
        "seqNo": number,
        "transactionInfo": info,
    }
    if (register := fields.pop("wh", None)) is not None:
        payload["meterValue"] = [
            {"timestamp": at(minutes), "sampledValue": [{"value": register}]}
        ]
    if token := fields.pop("token", None):
        payload["idToken"] = {"idToken": token, "type": "ISO14443"}
    if evse := fields.pop("evse", None):
        payload["evse"] = {"id": evse, "connectorId": 1}
    return payload | fields


class Told:
    """A bare station of 2.0.1 that tells of transactions."""

    def __init__(self, wire: Wire) -> None:
        """Take over a socket."""
        self.wire = wire
        self._count = 0

    async def tell(
        self, kind: str, minutes: float, number: int = 0, **fields: Any
    ) -> Any:
        """Send an event and return the answer."""
        return await self.send(event(kind, minutes, number, **fields))

    async def send(self, payload: dict[str, Any]) -> Any:
        """Send a TransactionEvent as it is and return the answer."""
        self._count += 1
        name = f"event {self._count}"
        await self.wire.send([2, name, "TransactionEvent", payload])
        kind, _, answer = await self.wire.answer_to(name)
        assert kind == 3
        return answer


@pytest.fixture
async def told(
    central: CentralSystem, station: ChargingStation, wire: MakeWire, options: Options
) -> Told:
    """Return a bare station of 2.0.1 that booted and is asked nothing."""
    central.apply_options(replace(options, quiet=True))
    socket = await wire(subprotocols=["ocpp2.0.1"])
    await socket.send([2, "boot", "BootNotification", BOOT])
    assert (await socket.answer_to("boot"))[2]["status"] == "Accepted"
    return Told(socket)


# --- a whole session --------------------------------------------------------------------


async def test_a_car_is_charged(station: ChargingStation, two: Two) -> None:
    assert station.evses == [1, 2]
    assert station.availability.states[1].status is EvseStatus.AVAILABLE
    await two.plug_in(1, car=Car(phases=3, max_current=16))
    await two.settle()
    await until(
        station,
        Part(Topic.STATUS, 1),
        lambda: station.availability.states[1].status is EvseStatus.PREPARING,
    )
    await two.present_card(1, "CARD1")
    await two.settle()
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == "CARD1"
    assert station.availability.states[1].status is EvseStatus.CHARGING
    for _ in range(6):
        await two.tick(600)
    await two.settle()
    assert station.transactions.energy(1) == pytest.approx(11_040, abs=50)
    assert station.metering.power(1) == pytest.approx(11_040, abs=1)
    await two.present_card(1, "CARD1")
    await two.settle()
    await two.unplug(1)
    await two.settle()
    session = station.transactions.session(1)
    assert session is not None
    assert not session.running
    assert session.stop_reason == "local"
    assert session.energy == pytest.approx(11_040, abs=50)
    assert station.availability.states[1].status is EvseStatus.AVAILABLE
    assert station.metering.power(1) == 0
    assert station.transactions.session(2) is None


async def test_it_can_be_started_and_stopped_from_here(
    station: ChargingStation, two: Two
) -> None:
    await two.plug_in(2)
    await two.settle()
    await station.remote_control.start(2)
    await until(
        station,
        Part(Topic.STATUS, 2),
        lambda: station.availability.states[2].status is EvseStatus.CHARGING,
    )
    await station.remote_control.stop(2)
    await until(
        station,
        Part(Topic.STATUS, 2),
        lambda: station.availability.states[2].status is EvseStatus.FINISHING,
    )
    await two.settle()
    await two.unplug(2)
    await two.settle()
    session = station.transactions.session(2)
    assert session is not None
    assert session.stop_reason == "remote"


async def test_a_session_survives_a_restart(
    station: ChargingStation, two: Two, central: CentralSystem, store: Store
) -> None:
    await two.plug_in(1)
    await two.present_card(1)
    await two.tick(60)
    await two.settle()
    before = station.transactions.session(1)
    assert before is not None
    await station.save()
    again = ChargingStation(IDENTITY, settings=StationSettings(), shared=central.shared)
    await again.load()
    after = again.transactions.session(1)
    assert after is not None
    assert (after.id, after.energy) == (before.id, before.energy)
    assert again.transactions.charging_state(1) == "Charging"
    assert again.transactions.connector(1) == 1
    await again.stop()


# --- what is told once, and when --------------------------------------------------------


async def test_the_token_may_come_after_the_plug(
    station: ChargingStation, told: Told
) -> None:
    answer = await told.tell("Started", 0, evse=1, chargingState="EVConnected", wh=500)
    assert "idTokenInfo" not in answer
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == ""
    answer = await told.tell("Updated", 1, 1, token="CARD1", trigger="Authorized")
    assert answer["idTokenInfo"]["status"] == "Accepted"
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == "CARD1"
    assert running.meter_start == 500


async def test_the_place_may_come_after_the_token(
    station: ChargingStation, told: Told
) -> None:
    station.add_evse(2)
    await told.tell("Started", 0, token="CARD1", trigger="Authorized")
    assert station.transactions.running(1) is None
    assert station.transactions.running(2) is None
    await told.tell("Updated", 1, 1, evse=2, wh=700)
    await told.tell("Updated", 2, 2, wh=900)
    running = station.transactions.session(2)
    assert running is not None
    assert running.id_token == "CARD1"
    assert running.started == NOON
    assert running.energy == 200
    await told.tell("Ended", 3, 3, wh=1000, stoppedReason="EVDisconnected")
    ended = station.transactions.session(2)
    assert ended is not None
    assert (ended.energy, ended.stop_reason) == (300, "ev_disconnected")


@pytest.mark.parametrize(
    "trigger", ["Authorized", "CablePluggedIn", "SignedDataReceived", "EVDetected"]
)
@pytest.mark.parametrize("first", [0, 1, 17])
async def test_a_session_may_begin_at_any_point_and_number(
    station: ChargingStation, told: Told, trigger: str, first: int
) -> None:
    await told.tell("Started", 0, first, evse=1, trigger=trigger)
    assert station.transactions.running(1) is not None
    await told.tell("Ended", 5, first + 1)
    session = station.transactions.session(1)
    assert session is not None
    assert session.stop_reason == "local"
    assert "TransactionEvent: some never came" not in station.notes


# --- repeats, gaps and disorder ---------------------------------------------------------


async def test_a_repeated_event_is_recorded_once_and_answered_alike(
    station: ChargingStation, told: Told, store: Store
) -> None:
    start = event("Started", 0, evse=1, token="CARD1", wh=100)
    answers = [await told.send(start) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    update = event("Updated", 1, 1, wh=300)
    for _ in range(2):
        await told.send(update)
    end = event("Ended", 2, 2, wh=400, token="CARD1")
    answers = [await told.send(end) for _ in range(2)]
    assert answers[0] == answers[1]
    (session,) = await store.sessions(station=IDENTITY)
    assert session.energy == 300


async def test_an_event_of_an_unknown_session_begins_it(
    station: ChargingStation, told: Told
) -> None:
    await told.tell("Updated", 0, 7, evse=1, wh=1000, chargingState="Charging")
    await told.tell("Updated", 1, 8, wh=1500)
    session = station.transactions.session(1)
    assert session is not None
    assert session.running
    assert session.energy == 500


async def test_an_end_of_an_unknown_session_is_recorded(
    station: ChargingStation, told: Told, store: Store
) -> None:
    await told.tell("Ended", 0, 7, evse=1, wh=1000, stoppedReason="PowerLoss")
    assert station.transactions.running(1) is None
    (session,) = await store.sessions(station=IDENTITY)
    assert session.stop_reason == "power_loss"
    assert session.ended == NOON


async def test_what_comes_after_the_end_does_not_begin_anything(
    station: ChargingStation, told: Told, store: Store
) -> None:
    await told.tell("Started", 0, 0, evse=1, wh=100)
    await told.tell("Ended", 10, 3)
    await told.tell("Updated", 5, 1, wh=600)
    await told.tell("Updated", 6, 2, wh=700)
    assert station.transactions.running(1) is None
    (session,) = await store.sessions(station=IDENTITY)
    assert session.energy == 600
    assert session.ended == NOON + timedelta(minutes=10)


async def test_a_late_start_corrects_the_beginning(
    station: ChargingStation, told: Told
) -> None:
    await told.tell("Updated", 2, 1, evse=1, wh=300)
    await told.tell("Started", 0, 0, evse=1, wh=100)
    session = station.transactions.session(1)
    assert session is not None
    assert session.started == NOON
    assert session.meter_start == 100


async def test_queued_sessions_do_not_touch_the_one_that_runs(
    station: ChargingStation, told: Told, store: Store
) -> None:
    await told.tell("Started", 60, 0, id="now", evse=1, wh=5000)
    await told.tell("Started", 0, 0, id="then", evse=1, wh=1000, offline=True)
    await told.tell("Updated", 5, 1, id="then", wh=1400, offline=True)
    await told.tell("Ended", 9, 2, id="then", wh=1800, offline=True)
    running = station.transactions.running(1)
    assert running is not None
    assert running.id == "now"
    past, now = sorted(
        await store.sessions(station=IDENTITY), key=lambda it: it.started
    )
    assert (past.id, past.energy, past.ended) == (
        "then",
        800,
        NOON + timedelta(minutes=9),
    )
    assert (now.id, now.running) == ("now", True)
    register = station.metering.register(1)
    assert register == 5000


async def test_a_gap_is_asked_about(
    central: CentralSystem, station: ChargingStation, told: Told
) -> None:
    await told.tell("Started", 0, 0, evse=1)
    await told.wire.send([2, "end", "TransactionEvent", event("Ended", 5, 4)])
    asked = await told.wire.command("GetTransactionStatus")
    assert asked[3] == {"transactionId": "tx-1"}
    await told.wire.send([3, asked[1], {"messagesInQueue": True}])
    assert station.notes["TransactionEvent: some never came"] == 1


async def test_an_event_without_an_id_is_answered(
    station: ChargingStation, told: Told
) -> None:
    payload = event("Started", 0, evse=1)
    del payload["transactionInfo"]
    assert await told.send(payload) == {}
    assert station.notes["TransactionEvent: no transactionId"] == 1


async def test_a_number_that_stays_the_same_loses_nothing(
    station: ChargingStation, told: Told
) -> None:
    """One simulator numbers all of its events 0."""
    await told.tell("Started", 0, evse=1, wh=0)
    await told.tell("Updated", 1, wh=100)
    await told.tell("Ended", 2, wh=250)
    session = station.transactions.session(1)
    assert session is not None
    assert session.energy == 250


# --- tokens -----------------------------------------------------------------------------


async def test_a_refused_token_is_told_so_and_its_session_is_a_record(
    central: CentralSystem, station: ChargingStation, told: Told, store: Store
) -> None:
    central.apply_options(replace(central.options, accept_unknown=False))
    answer = await told.tell("Started", 0, evse=1, token="NOBODY")
    assert answer["idTokenInfo"]["status"] != "Accepted"
    assert station.transactions.running(1) is None
    await told.tell("Ended", 1, 1, stoppedReason="DeAuthorized")
    session = await store.find(IDENTITY, "tx-1")
    assert session is not None
    assert session.stop_reason == "de_authorized"
    assert station.transactions.session(1) is None


async def test_a_start_button_is_nobodys_card(
    central: CentralSystem, station: ChargingStation, told: Told
) -> None:
    central.apply_options(replace(central.options, accept_unknown=False))
    answer = await told.tell(
        "Started", 0, evse=1, idToken={"idToken": "", "type": "NoAuthorization"}
    )
    assert answer["idTokenInfo"] == {"status": "Accepted"}
    assert station.transactions.running(1) is not None


async def test_a_pin_is_kept_nowhere(
    station: ChargingStation, told: Told, store: Store
) -> None:
    door = IdToken(token="1234", name="Door", type="KeyCode")
    station.shared.id_tokens.replace([door])
    await told.tell(
        "Started", 0, evse=1, idToken={"idToken": "1234", "type": "KeyCode"}
    )
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == ""


@pytest.mark.parametrize("told_first", ["Started", "Updated"])
async def test_the_token_of_a_start_from_here_need_not_be_repeated(
    central: CentralSystem, station: ChargingStation, told: Told, told_first: str
) -> None:
    """Some stations leave it out; the number of the start says which it was."""
    if told_first == "Updated":
        await told.tell("Started", 0, evse=1)
    starting = asyncio.create_task(station.remote_control.start(1, id_token="GUEST"))
    asked = await told.wire.command("RequestStartTransaction")
    await told.wire.send([3, asked[1], {"status": "Accepted"}])
    await starting
    number = asked[3]["remoteStartId"]
    await told.tell(
        told_first, 1, 1, evse=1, trigger="RemoteStart", remoteStartId=number
    )
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == "GUEST"


async def test_a_start_from_here_tells_what_kind_of_card_it_is(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """Stations compare the type with that of their lists, and the group ends sessions."""
    mine = IdToken(token="04A2", name="Mine", type="ISO14443", group="FAMILY")
    central.shared.id_tokens.replace([mine])
    await two.plug_in(1)
    await station.remote_control.start(1, id_token="04A2")
    started = await two.wait_for_call("RequestStartTransaction")
    assert started["idToken"] == {"idToken": "04A2", "type": "ISO14443"}
    assert started["groupIdToken"] == {"idToken": "FAMILY", "type": "Central"}
    await two.settle()
    await station.remote_control.start(2)
    started = await two.wait_for_call("RequestStartTransaction")
    assert started["idToken"]["type"] == "Central"
    assert "groupIdToken" not in started


async def test_an_id_that_is_given_again_is_another_session(
    station: ChargingStation, told: Told, store: Store
) -> None:
    """Some stations count their sessions from 1 after each boot."""
    await told.tell("Started", 0, id="1", evse=1, token="AAAA", wh=1000)
    await told.tell("Ended", 10, 1, id="1", wh=3000)
    await told.tell("Started", 60, 0, id="1", evse=1, token="BBBB", wh=3000)
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == "BBBB"
    await told.tell("Ended", 90, 1, id="1", wh=4000)
    first, second = sorted(
        await store.sessions(station=IDENTITY), key=lambda it: it.started
    )
    assert (first.id_token, first.energy) == ("AAAA", 2000)
    assert (second.id_token, second.energy) == ("BBBB", 1000)


async def test_a_pin_that_a_start_from_here_named_is_kept_nowhere(
    station: ChargingStation, told: Told, store: Store
) -> None:
    asking = asyncio.create_task(
        station.sending.command(
            "RequestStartTransaction",
            {
                "idToken": {"idToken": "PIN778899", "type": "KeyCode"},
                "remoteStartId": 42,
                "evseId": 1,
            },
        )
    )
    asked = await told.wire.command("RequestStartTransaction")
    await told.wire.send([3, asked[1], {"status": "Accepted"}])
    await asking
    await told.tell("Started", 0, evse=1, trigger="RemoteStart", remoteStartId=42)
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == ""


async def test_numbers_may_be_written_with_a_point(
    station: ChargingStation, told: Told
) -> None:
    await told.wire.send(
        [
            *(2, "status", "StatusNotification"),
            {
                "timestamp": at(0),
                "connectorStatus": "Available",
                "evseId": 2.0,
                "connectorId": 1.0,
            },
        ]
    )
    await told.wire.answer_to("status")
    await told.tell("Started", 0, evse=2.0)
    assert station.evses == [1, 2]
    assert all(isinstance(evse, int) for evse in station.evses)
    assert station.transactions.running(2) is not None


async def test_a_connector_that_fails_while_it_charges_is_a_problem(
    station: ChargingStation, told: Told
) -> None:
    await told.tell("Started", 0, evse=1, chargingState="Charging")
    payload = {
        "timestamp": at(1),
        "connectorStatus": "Faulted",
        "evseId": 1,
        "connectorId": 1,
    }
    await told.wire.send([2, "status", "StatusNotification", payload])
    await told.wire.answer_to("status")
    fault = station.availability.fault(1)
    assert fault is not None
    assert fault.error_code == "other_error"


async def test_what_2_x_called_otherwise_is_over_when_the_station_speaks_1_6(
    station: ChargingStation, told: Told, connect_charger: MakeCharger
) -> None:
    """It can never be told of again, and 1.6 has no name for it."""
    await told.tell("Started", 0, id="uuid-a", evse=1, wh=0)
    assert station.transactions.running(1) is not None
    station.shared.options = replace(station.options, quiet=False)
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    assert station.transactions.running(1) is None
    session = station.transactions.session(1)
    assert session is not None
    assert session.stop_reason == "unknown_end"
    with pytest.raises(NoTransaction):
        await station.remote_control.stop_transaction("uuid-a")


# --- sessions that run nobody knows where -----------------------------------------------


def unplaced(station: ChargingStation) -> list[tuple[str, float]]:
    """Return the ids of such sessions, and what they have charged in Wh."""
    sessions = station.transactions.unplaced_sessions()
    return [(session.id, session.energy) for session in sessions]


@pytest.fixture
async def silent(
    store: Store, central: CentralSystem, station: ChargingStation, told: Told
) -> Told:
    """Return a station of two EVSEs, with a session of which it does not say where."""
    station.add_evse(1)
    station.add_evse(2)
    await told.tell("Started", 0, evse=None, token="CARD1", wh=1000)
    await told.tell("Updated", 1, 1, wh=1500)
    return told


async def test_a_session_without_a_place_runs_and_ends(
    store: Store, station: ChargingStation, silent: Told
) -> None:
    """It is on no EVSE, and still one of the card's."""
    happened: list[Any] = []
    station.follow(happened.append)
    assert unplaced(station) == [("tx-1", 500)]
    assert all(station.transactions.session(evse) is None for evse in (1, 2))
    assert station.transactions.the_running(None).id == "tx-1"
    await silent.tell("Started", 2, id="tx-2", token="CARD2", wh=1000)
    assert unplaced(station) == [("tx-1", 500), ("tx-2", 0)]
    await silent.tell("Ended", 3, 2, wh=2500, stoppedReason="EVDisconnected")
    assert unplaced(station) == [("tx-2", 0)]
    (ended,) = [it.transaction for it in happened if isinstance(it, SessionEnded)]
    assert (ended.energy, ended.stop_reason) == (1500, "ev_disconnected")
    kept = {session.id: session for session in await store.sessions()}
    assert kept["tx-1"].energy == 1500
    assert (await store.token_totals())["card1"].energy == 1500
    # The register of a session is not that of the whole station.
    assert station.metering.register(0) is None


async def test_a_session_without_a_place_moves_to_the_one_that_is_told(
    station: ChargingStation, silent: Told
) -> None:
    await silent.tell("Updated", 2, 2, evse=2, wh=1800)
    assert unplaced(station) == []
    running = station.transactions.session(2)
    assert running is not None
    assert (running.id, running.energy, running.started) == ("tx-1", 800, NOON)
    await silent.tell("Updated", 3, 3, wh=2000)
    assert station.transactions.energy(2) == 1000


async def test_there_are_no_more_sessions_than_evses(
    store: Store, station: ChargingStation, silent: Told
) -> None:
    """The end of the oldest was lost; where it comes after all, it counts."""
    for number in (2, 3):
        await silent.tell("Started", number, id=f"tx-{number}", wh=0)
    assert [session for session, _ in unplaced(station)] == ["tx-2", "tx-3"]
    lost = await store.find(IDENTITY, "tx-1")
    assert lost is not None
    assert (lost.energy, lost.stop_reason) == (500, "unknown_end")
    await silent.tell("Ended", 4, 2, wh=1700, stoppedReason="Remote")
    late = await store.find(IDENTITY, "tx-1")
    assert late is not None
    assert (late.energy, late.stop_reason) == (700, "remote")


@pytest.mark.parametrize("ongoing", [True, False])
async def test_sessions_without_a_place_survive_a_restart(
    central: CentralSystem,
    station: ChargingStation,
    silent: Told,
    wire: MakeWire,
    ongoing: bool,
) -> None:
    """The station is asked whether they still run (E14)."""
    await silent.tell("Started", 2, id="tx-2", wh=0)
    await central.close()
    other = CentralSystem(
        host="127.0.0.1",
        port=central.port,
        store=central.shared.store,
        options=replace(central.options, quiet=False),
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert unplaced(reborn) == [("tx-1", 500), ("tx-2", 0)]
    assert reborn.transactions.unplaced.seen
    await other.listen()
    socket = await wire(subprotocols=["ocpp2.0.1"])
    await socket.send([2, "boot", "BootNotification", BOOT])
    await socket.answer_to("boot")
    asked = []
    while len(asked) < 2:
        _, name, action, payload = await socket.receive()
        if action == "GetTransactionStatus":
            asked.append(payload["transactionId"])
            answer = {"ongoingIndicator": ongoing, "messagesInQueue": False}
            await socket.send([3, name, answer])
        else:
            await socket.send([4, name, "NotSupported", "", {}])
    assert asked == ["tx-1", "tx-2"]
    if ongoing:
        assert unplaced(reborn) == [("tx-1", 500), ("tx-2", 0)]
        await Told(socket).tell("Ended", 3, 2, wh=2500)
        assert unplaced(reborn) == [("tx-2", 0)]
    else:
        await until(
            reborn, Part(Topic.TRANSACTION), lambda: not reborn.transactions.unplaced
        )
        lost = await other.shared.store.find(IDENTITY, "tx-1")
        assert lost is not None
        assert (lost.energy, lost.stop_reason) == (500, "unknown_end")
    await other.close()


# --- sessions of which the station is silent ----------------------------------------------


async def test_a_session_that_the_station_says_is_over_is_closed(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    await two.power_up()
    await prepared(station)
    await two.plug_in(1)
    await two.present_card(1)
    await two.tick(60)
    await two.settle()
    assert station.transactions.running(1) is not None
    two.go_offline()
    await two.present_card(1)
    await two.unplug(1)
    await two.come_back(lose=["Ended", "Updated"])
    await until(
        station,
        Part(Topic.TRANSACTION, 1),
        lambda: station.transactions.running(1) is None,
    )
    session = station.transactions.session(1)
    assert session is not None
    assert session.stop_reason == "unknown_end"
    assert session.energy > 0


async def test_a_clock_that_is_not_set_makes_no_history(
    station: ChargingStation, told: Told
) -> None:
    payload = event("Started", 0, evse=1) | {"timestamp": "1970-01-01T00:00:10Z"}
    await told.send(payload)
    running = station.transactions.running(1)
    assert running is not None
    assert utcnow() - running.started < timedelta(minutes=1)
