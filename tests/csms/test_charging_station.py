"""Prove one station: its registration, its messages, and how it is got to know."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.chargers import Compatibility
from custom_components.ocpp.csms.charging_station import MOST_EVSES, ChargingStation
from custom_components.ocpp.csms.errors import (
    InvalidRequest,
    NotInVersion,
    StationOffline,
)
from custom_components.ocpp.csms.model import (
    Options,
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
    utcnow,
)
from custom_components.ocpp.csms.store import Store
from custom_components.ocpp.csms.versions import V16, V21, V201, Version
from tests.simulator import CallError, Charger, ConfigKey, Silence

from .conftest import IDENTITY, PATIENCE, MakeCharger, MakeWire, Wire, prepared, until

CONNECTION = Part(Topic.CONNECTION)
PENDING = StationSettings(registration=RegistrationStatus.PENDING)
REJECTED = StationSettings(registration=RegistrationStatus.REJECTED)
ACCEPTED = StationSettings()
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}


def commands(charger: Charger) -> list[str]:
    """Return the actions that the station was sent."""
    return [frame[2] for frame in charger.received if frame[0] == 2]


def start(**fields: Any) -> dict[str, Any]:
    """Return a StartTransaction."""
    at = utcnow().isoformat()
    return {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": at} | fields


@pytest.fixture
async def socket(
    central: CentralSystem, station: ChargingStation, wire: MakeWire, options: Options
) -> Wire:
    """Return the bare socket of an adopted station that booted and is asked nothing."""
    central.apply_options(replace(options, quiet=True))
    socket = await wire()
    await socket.send([2, "boot", "BootNotification", BOOT])
    assert (await socket.answer_to("boot"))[2]["status"] == "Accepted"
    return socket


async def answer(socket: Wire, action: str, payload: Any) -> Any:
    """Send a message and return the answer without its id."""
    message_id = f"{action} {id(payload)}"
    await socket.send([2, message_id, action, payload])
    frame = await socket.answer_to(message_id)
    return [frame[0], *frame[2:]]


# --- registration -------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [PENDING, REJECTED], ids=["pending", "rejected"])
async def test_a_station_that_is_not_accepted_is_told_when_to_try_again(
    central: CentralSystem, connect_charger: MakeCharger, settings: StationSettings
) -> None:
    """The interval is that of its next attempt, not that of heartbeats."""
    await central.add_station(IDENTITY, settings)
    charger = await connect_charger()
    boot = await charger.boot()
    assert (boot["status"], boot["interval"]) == (settings.registration, 30)


async def test_an_accepted_station_is_told_how_often_to_send_heartbeats(
    charger: Charger,
) -> None:
    """Never 0, which would leave it to the station."""
    assert (charger.boot_status, charger.interval) == ("Accepted", 300)


@pytest.mark.parametrize("settings", [PENDING, REJECTED], ids=["pending", "rejected"])
async def test_a_station_that_is_not_accepted_may_send_little(
    central: CentralSystem, connect_charger: MakeCharger, settings: StationSettings
) -> None:
    """Anything else is a SecurityError, and nothing of it is taken up."""
    station = await central.add_station(IDENTITY, settings)
    charger = await connect_charger()
    for action, payload in (
        ("StatusNotification", STATUS),
        ("Heartbeat", {}),
        ("Authorize", {"idTag": "A"}),
    ):
        with pytest.raises(CallError) as caught:
            await charger.call(action, payload)
        assert caught.value.code == "SecurityError"
    assert station.availability.state(1) is None
    with pytest.raises(CallError) as caught:
        await charger.call("Nonsense", validate=False)
    assert caught.value.code == "NotImplemented"
    event = {"type": "SettingSystemTime", "timestamp": utcnow().isoformat()}
    assert await charger.call("SecurityEventNotification", event) == {}
    charger.violations.clear()


@pytest.mark.parametrize("settings", [PENDING, REJECTED], ids=["pending", "rejected"])
async def test_the_transactions_of_a_station_that_is_not_accepted_are_recorded(
    central: CentralSystem,
    store: Store,
    connect_charger: MakeCharger,
    settings: StationSettings,
) -> None:
    """A refusal would make it repeat them; the card is told to be invalid."""
    await central.add_station(IDENTITY, settings)
    charger = await connect_charger()
    begun = await charger.call("StartTransaction", start(meterStart=5))
    assert begun["idTagInfo"]["status"] == "Invalid"
    number = begun["transactionId"]
    kept = await store.find(IDENTITY, str(number))
    assert kept is not None and kept.running and not kept.token_info.accepted
    stop = {"transactionId": number, "meterStop": 9, "timestamp": utcnow().isoformat()}
    assert await charger.call("StopTransaction", stop) == {}
    kept = await store.find(IDENTITY, str(number))
    assert kept is not None and not kept.running


async def test_a_pending_station_may_send_what_it_was_asked_for(
    central: CentralSystem, connect_charger: MakeCharger
) -> None:
    """On this connection, and nothing else."""
    station = await central.add_station(IDENTITY, PENDING)
    charger = await connect_charger()
    await charger.boot()
    with pytest.raises(CallError):
        await charger.status(1)
    await station.remote_control.trigger("StatusNotification", 1)
    await charger.settle()
    assert station.availability.state(1) is not None
    with pytest.raises(CallError):
        await charger.heartbeat()
    await charger.disconnect()
    await charger.connect()
    with pytest.raises(CallError):
        await charger.status(1)


async def test_an_adopted_station_boots_again_at_once_and_is_prepared(
    central: CentralSystem, connect_charger: MakeCharger
) -> None:
    """It does not have to wait for its next attempt."""
    charger = await connect_charger()
    booting = asyncio.create_task(charger.power_up())
    await charger.until(lambda: charger.boot_status == "Pending")
    station = await central.add_station(IDENTITY, ACCEPTED)
    async with asyncio.timeout(PATIENCE):
        await booting
    assert charger.boot_status == "Accepted"
    assert (await charger.wait_for_call("TriggerMessage"))["requestedMessage"] == (
        "BootNotification"
    )
    await prepared(station)
    await charger.settle()
    assert station.provisioning.value("NumberOfConnectors") == "1"
    assert station.connected


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": "Rejected"},
        {"status": "NotImplemented"},
        {"status": "Accepted"},
        CallError("NotSupported"),
        Silence,
    ],
    ids=["rejected", "not implemented", "accepted in vain", "error", "silence"],
)
async def test_a_station_that_does_not_boot_when_asked_loses_its_socket(
    central: CentralSystem, connect_charger: MakeCharger, refusal: Any
) -> None:
    """And is accepted when it comes back."""
    charger = await connect_charger()
    await charger.boot()
    charger.answers["TriggerMessage"] = refusal
    station = await central.add_station(IDENTITY, ACCEPTED)
    await charger.wait_closed()
    await until(station, CONNECTION, lambda: not station.connected)
    del charger.answers["TriggerMessage"]
    await charger.connect()
    await charger.power_up()
    assert charger.boot_status == "Accepted"


async def test_a_station_that_leaves_while_it_is_adopted_is_accepted_when_it_comes_back(
    central: CentralSystem, connect_charger: MakeCharger
) -> None:
    """Nothing is left waiting for the old connection."""
    charger = await connect_charger()
    await charger.boot()

    async def never(payload: Any) -> Any:
        charger.drop()
        await asyncio.Event().wait()

    charger.answers["TriggerMessage"] = never
    await central.add_station(IDENTITY, ACCEPTED)
    await charger.wait_closed()
    del charger.answers["TriggerMessage"]
    await charger.connect()
    assert (await charger.boot())["status"] == "Accepted"


async def test_a_new_registration_takes_effect_at_once(
    station: ChargingStation, charger: Charger
) -> None:
    """For the messages of the connection that is there, and its next boot."""
    station.apply_settings(REJECTED)
    with pytest.raises(CallError) as caught:
        await charger.heartbeat()
    assert caught.value.code == "SecurityError"
    assert (await charger.boot())["status"] == "Rejected"
    station.apply_settings(PENDING)
    assert (await charger.boot())["status"] == "Pending"
    station.apply_settings(ACCEPTED)
    await charger.until(lambda: charger.boot_status == "Accepted")
    await charger.heartbeat()


async def test_a_new_registration_needs_no_socket(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """It counts when the station comes."""
    changes: list[str] = []
    station.watch(Part(Topic.INFO), lambda: changes.append("info"))
    station.apply_settings(PENDING)
    assert changes == ["info"]
    charger = await connect_charger()
    assert (await charger.boot())["status"] == "Pending"
    await charger.disconnect()
    await until(station, CONNECTION, lambda: not station.connected)
    station.apply_settings(ACCEPTED)
    await charger.connect()
    assert (await charger.boot())["status"] == "Accepted"


# --- getting to know it -------------------------------------------------------------------


async def test_a_station_that_reconnects_without_booting_is_prepared_after_a_grace(
    station: ChargingStation, charger: Charger
) -> None:
    """It is asked for its status, and not to boot: it is known."""
    await charger.disconnect()
    await until(station, CONNECTION, lambda: not station.connected)
    charger.received.clear()
    charger.connectors[1].status = "Faulted"
    await charger.connect()
    await until(station, CONNECTION, lambda: station.connected)
    await prepared(station)
    await charger.settle()
    state = station.availability.state(1)
    assert state is not None and state.status == "faulted"
    asked = [
        frame[3]["requestedMessage"] for frame in charger.received if frame[0] == 2
    ]
    assert "StatusNotification" in asked
    assert "BootNotification" not in asked
    assert charger.sent_calls("BootNotification") == [charger.boot_fields]


async def test_a_station_never_met_that_reconnects_is_asked_to_boot_once(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Only a boot tells who it is."""
    charger = await connect_charger()
    await charger.until(lambda: charger.boot_status == "Accepted")
    await prepared(station)
    await charger.settle()
    assert station.provisioning.info is not None
    triggers = [frame[3] for frame in charger.received if frame[2] == "TriggerMessage"]
    assert triggers.count({"requestedMessage": "BootNotification"}) == 1


async def test_a_station_never_met_that_will_not_boot_is_prepared_all_the_same(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """It can be used without a name."""
    charger = await connect_charger()
    charger.answers["TriggerMessage"] = {"status": "NotImplemented"}
    await prepared(station)
    assert "GetConfiguration" in commands(charger)
    assert station.provisioning.info is None


async def test_quiet_sends_nothing(
    central: CentralSystem,
    station: ChargingStation,
    connect_charger: MakeCharger,
    options: Options,
) -> None:
    """Neither after a boot nor after a connection without one."""
    central.apply_options(replace(options, quiet=True))
    charger = await connect_charger()
    await prepared(station)
    await charger.heartbeat()
    await charger.power_up()
    await prepared(station)
    await charger.heartbeat()
    assert commands(charger) == []


async def test_a_rejected_station_is_sent_nothing(
    central: CentralSystem, connect_charger: MakeCharger
) -> None:
    """It would not answer."""
    station = await central.add_station(IDENTITY, REJECTED)
    charger = await connect_charger()
    await prepared(station)
    await charger.boot()
    assert commands(charger) == []


async def test_a_silent_station_never_delays_another(
    central: CentralSystem,
    station: ChargingStation,
    connect_charger: MakeCharger,
    options: Options,
) -> None:
    """Nothing waits for a charger but its own preparation."""
    central.apply_options(replace(options, call_timeout=PATIENCE * 10))
    silent = await central.add_station("CP2", ACCEPTED)
    mute = await connect_charger("CP2")
    for action in ("GetConfiguration", "TriggerMessage", "ChangeConfiguration"):
        mute.answers[action] = Silence
    await mute.boot()
    await mute.until(lambda: "GetConfiguration" in commands(mute))
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    assert station.provisioning.keys
    assert silent.connected and not silent.provisioning.keys
    await mute.heartbeat()


@pytest.mark.parametrize(
    "behaviour",
    [Silence, CallError("NotSupported"), CallError("InternalError"), {}],
    ids=["silence", "not supported", "error", "empty"],
)
async def test_a_station_that_tells_nothing_of_itself_can_be_used(
    central: CentralSystem,
    station: ChargingStation,
    connect_charger: MakeCharger,
    options: Options,
    behaviour: Any,
) -> None:
    """It charges, it measures, and it can be started and stopped."""
    central.apply_options(replace(options, call_timeout=0.05))
    charger = await connect_charger()
    for action in ("GetConfiguration", "ChangeConfiguration", "TriggerMessage"):
        charger.answers[action] = behaviour
    await charger.power_up()
    await prepared(station)
    await charger.plug_in()
    await station.remote_control.start(1)
    await charger.until(lambda: charger.connectors[1].transaction)
    assert station.transactions.running(1) is not None
    await station.remote_control.stop(1)
    await until(
        station,
        Part(Topic.TRANSACTION, 1),
        lambda: station.transactions.running(1) is None,
    )
    await charger.settle()


async def test_a_station_that_leaves_while_it_is_got_to_know_is_left_alone(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """What is left of the preparation ends at once."""
    charger = await connect_charger()
    charger.answers["GetConfiguration"] = Silence
    await charger.boot()
    await charger.until(lambda: "GetConfiguration" in commands(charger))
    task = station.preparation._task
    charger.drop()
    await until(station, CONNECTION, lambda: not station.connected)
    assert task is not None
    await asyncio.wait([task], timeout=PATIENCE)
    assert task.done()


# --- messages -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("Nonsense", "NotImplemented"),
        ("", "NotImplemented"),
        ("TransactionEvent", "NotImplemented"),
        ("RemoteStartTransaction", "NotSupported"),
        ("Reset", "NotSupported"),
    ],
)
async def test_what_is_not_answered_is_refused_with_the_right_code(
    socket: Wire, station: ChargingStation, action: str, code: str
) -> None:
    """Unknown is another thing than known and not for us."""
    assert await answer(socket, action, {}) == [4, code, "", {}]
    assert not any("Nonsense" in note for note in station.notes)


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("StatusNotification", {"status": "Available"}, "ProtocolError"),
        (
            "StatusNotification",
            STATUS | {"connectorId": "one"},
            "TypeConstraintViolation",
        ),
        ("StatusNotification", STATUS | {"status": None}, "ProtocolError"),
        ("StatusNotification", [], "FormationViolation"),
        ("StatusNotification", "SECRET", "FormationViolation"),
        ("Authorize", {}, "ProtocolError"),
        ("Authorize", {"idTag": ["SECRET"]}, "TypeConstraintViolation"),
    ],
)
async def test_a_message_that_means_nothing_is_refused(
    socket: Wire, action: str, payload: Any, code: str
) -> None:
    """The description says where the fault is, and repeats no value."""
    kind, spelt, description, details = await answer(socket, action, payload)
    assert (kind, spelt, details) == (4, code, {})
    assert description and "SECRET" not in description


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Heartbeat", None),
        ("Heartbeat", []),
        ("Heartbeat", "x"),
        ("Heartbeat", {"surplus": 1}),
        ("StatusNotification", STATUS | {"surplus": 1}),
        ("StatusNotification", STATUS | {"status": "Sleeping"}),
        ("StatusNotification", STATUS | {"status": "Occupied"}),
        ("StatusNotification", STATUS | {"errorCode": "OnFire", "info": "x" * 99}),
        ("StatusNotification", {"connectorId": 1, "status": "available"}),
        ("Authorize", {"idTag": "x" * 99}),
        ("Authorize", {"idTag": 12345}),
        ("BootNotification", {}),
        ("BootNotification", {"chargePointVendor": "x" * 99, "chargePointModel": None}),
        ("StartTransaction", {}),
        ("StartTransaction", None),
        ("StartTransaction", start(meterStart="-5", connectorId="x", timestamp="no")),
        ("StopTransaction", {}),
        ("StopTransaction", {"transactionId": -1, "reason": "Boredom", "idTag": None}),
        ("StopTransaction", {"transactionData": [{"sampledValue": {}}]}),
        ("MeterValues", {}),
        ("MeterValues", {"connectorId": 1, "meterValue": "x"}),
        ("MeterValues", {"connectorId": 1, "meterValue": [{"sampledValue": [{}]}]}),
        ("FirmwareStatusNotification", {"status": "Nonsense"}),
        ("DiagnosticsStatusNotification", {}),
        ("DataTransfer", {}),
        ("DataTransfer", {"vendorId": "V", "data": {"my_key": [1]}}),
    ],
)
async def test_a_message_that_can_be_understood_is_answered(
    socket: Wire, action: str, payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever its schema says; transaction messages always are."""
    assert (await answer(socket, action, payload))[0] == 3
    assert "Traceback" not in caplog.text


async def test_what_was_repaired_is_noted_and_counted(
    socket: Wire, station: ChargingStation
) -> None:
    """By message and place."""
    for value in ("1", "2", "3"):
        await answer(socket, "StatusNotification", STATUS | {"connectorId": value})
    assert station.notes["StatusNotification: connectorId: type"] == 3


def test_notes_can_not_grow_without_end(
    central: CentralSystem, station: ChargingStation
) -> None:
    """The first two hundred kinds are counted."""
    for number in range(999):
        station.note(f"oddity {number}")
    station.note("oddity 0")
    assert len(station.notes) == 200
    assert station.notes["oddity 0"] == 2


# --- commands -----------------------------------------------------------------------------


async def test_a_command_needs_a_socket(station: ChargingStation) -> None:
    """It is never kept for later."""
    with pytest.raises(StationOffline):
        await station.call("Reset", {"type": "Soft"})
    station.disconnect()


async def test_an_invalid_command_is_not_sent(
    station: ChargingStation, charger: Charger
) -> None:
    """What leaves is always valid."""
    before = len(charger.received)
    with pytest.raises(InvalidRequest):
        await station.call("Reset", {"type": "Medium"})
    with pytest.raises(NotInVersion):
        await station.call("Nonsense", {})
    await charger.heartbeat()
    assert len(charger.received) == before + 1


async def test_the_answer_to_a_command_is_repaired(
    socket: Wire, station: ChargingStation
) -> None:
    """As messages are."""
    command = station.spawn(station.call("ClearCache", {}))
    _, message_id, _, _ = await socket.command("ClearCache")
    await socket.send([3, message_id, {"status": "accepted", "surplus": 1}])
    assert (await command)["status"] == "Accepted"
    assert "ClearCache answer: status: enum" in station.notes


async def test_data_of_vendors_passes_through_unchanged(
    socket: Wire, station: ChargingStation
) -> None:
    """Both ways."""
    data = '{"my_key": 1, "socX": [{"fooBar": null}]}'
    command = station.spawn(station.data_transfer.send("V", "some_id", data))
    _, message_id, _, payload = await socket.command("DataTransfer")
    assert payload == {"vendorId": "V", "messageId": "some_id", "data": data}
    answered = {"status": "Accepted", "data": {"snake_case": {"SoC": 1}}}
    await socket.send([3, message_id, answered])
    assert await command == answered


async def test_messages_are_answered_while_the_station_is_got_to_know(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """The two directions do not wait for each other."""
    charger = await connect_charger()
    go_on = asyncio.Event()

    async def slowly(payload: Any) -> Any:
        await go_on.wait()
        return {"configurationKey": [], "unknownKey": []}

    charger.answers["GetConfiguration"] = slowly
    await charger.power_up()
    await charger.until(lambda: "GetConfiguration" in commands(charger))
    await charger.heartbeat()
    await charger.plug_in()
    assert await charger.start() > 0
    go_on.set()
    await prepared(station)
    await charger.settle()


# --- listeners and memory -----------------------------------------------------------------


async def test_only_those_who_watch_what_changed_are_told(
    station: ChargingStation, charger: Charger
) -> None:
    """Once for a message, after it is answered, until they stop watching."""
    told: list[str] = []
    station.watch(Part(Topic.STATUS, 1), lambda: told.append("status 1"))
    station.watch(Part(Topic.STATUS, 2), lambda: told.append("status 2"))
    stop = station.watch(Part(Topic.LAST_SEEN), lambda: told.append("seen"))
    await charger.status(1, "Preparing")
    assert sorted(told) == ["seen", "status 1"]
    told.clear()
    await charger.heartbeat()
    assert told == ["seen"]
    stop()
    await charger.heartbeat()
    assert told == ["seen"]


async def test_a_listener_may_cause_changes_of_its_own(
    station: ChargingStation,
) -> None:
    """They are told as well."""
    told: list[str] = []

    def again() -> None:
        told.append("info")
        station.changed(Part(Topic.METER, 1, "Voltage"))

    station.watch(Part(Topic.INFO), again)
    station.watch(Part(Topic.METER, 1, "Voltage"), lambda: told.append("meter"))
    station.changed(Part(Topic.INFO))
    station.flush()
    assert told == ["info", "meter"]


async def test_what_is_known_is_known_again_after_a_restart(
    central: CentralSystem, store: Store, connect_charger: MakeCharger, options: Options
) -> None:
    """Who it is, how it is set up, how many EVSEs it has, and its session."""
    station = await central.add_station(IDENTITY, ACCEPTED)
    charger = await connect_charger(
        connectors=2, configuration={"HeartbeatInterval": ConfigKey("60")}
    )
    await charger.power_up()
    await prepared(station)
    await charger.plug_in(2)
    number = await charger.start(2)
    await charger.settle()
    await charger.disconnect()
    await station.stop()
    again = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
    await again.open()
    station = await again.add_station(IDENTITY, ACCEPTED)
    assert station.evses == [1, 2] and station.the_only_evse is None
    assert station.provisioning.info is not None
    assert station.provisioning.info.serial == "SIM0001"
    assert station.provisioning.value("NumberOfConnectors") == "2"
    running = station.transactions.running(2)
    assert running is not None and running.number == number
    assert not station.connected
    await again.close()


async def test_what_changed_is_saved_within_a_second(
    station: ChargingStation, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes all the time within minutes, unless something sooner comes first."""
    saved = asyncio.Event()
    save = store.save_facts

    async def told(identity: str, facts: dict[str, Any]) -> None:
        await save(identity, facts)
        saved.set()

    monkeypatch.setattr(store, "save_facts", told)
    loop = asyncio.get_running_loop()
    station.remember_later()
    assert station.memory._timer is not None
    assert 200 < station.memory._timer.when() - loop.time() <= 300
    station.remember()
    assert station.memory._timer.when() - loop.time() <= 1
    station.remember_later()
    assert station.memory._timer.when() - loop.time() <= 1
    station.remember(within=0)
    async with asyncio.timeout(PATIENCE):
        await saved.wait()
    assert (await store.load_facts(IDENTITY))["evses"] == [1]


async def test_what_a_station_does_in_the_background_ends_with_it(
    station: ChargingStation,
) -> None:
    """At the latest."""
    work = station.spawn(asyncio.Event().wait())
    await station.stop()
    assert work.cancelled()


async def test_a_station_that_was_stopped_saves_nothing_more(
    station: ChargingStation, store: Store
) -> None:
    """It may have been forgotten by then."""
    await station.stop()
    await store.forget_station(IDENTITY)
    station.remember()
    assert station.memory._timer is None
    assert await store.load_facts(IDENTITY) == {}


async def test_evses_appear_as_they_are_heard_of(
    station: ChargingStation, charger: Charger
) -> None:
    """In order, each once, and not more than a station can have."""
    grown: list[list[int]] = []
    station.watch(Part(Topic.STRUCTURE), lambda: grown.append(station.evses))
    assert station.the_only_evse == 1
    for evse in (3, 2, 3, 0, MOST_EVSES + 1, 10**9):
        payload = STATUS | {"connectorId": evse}
        await charger.call("StatusNotification", payload)
    assert station.evses == [1, 2, 3]
    assert grown == [[1, 3], [1, 2, 3]]
    assert station.the_only_evse is None
    assert not station.has_room_for(-1)


async def test_what_there_is_to_show_depends_on_the_version(
    central: CentralSystem, station: ChargingStation, wire: MakeWire
) -> None:
    """It is told anew where a station speaks another, and kept over a restart."""
    told: list[Version] = []
    station.watch(Part(Topic.STRUCTURE), lambda: told.append(station.version))
    for version in ("ocpp2.1", "ocpp2.1", "ocpp2.0.1"):
        socket = await wire(subprotocols=(version,))
        assert (await answer(socket, "Heartbeat", {}))[0] == 3
    assert told == [V21, V201]
    await station.save()
    reborn = central._build(IDENTITY, StationSettings())
    assert reborn.version is V16
    await reborn.load()
    assert reborn.version is V201
    await reborn.stop()


async def test_a_listener_that_fails_does_not_make_a_station_look_connected_for_ever(
    station: ChargingStation, wire: MakeWire, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault is logged; the station comes again."""

    def fail() -> None:
        if station.connected:
            raise RuntimeError("a fault of ours")

    stop = station.watch(CONNECTION, fail)
    socket = await wire()
    assert await socket.closed() == 1011
    assert not station.connected
    stop()
    socket = await wire()
    assert (await answer(socket, "Heartbeat", {}))[0] == 3
    assert "a fault of ours" in caplog.text


async def test_what_people_say_of_a_charger_goes_before_what_its_model_says(
    station: ChargingStation, wire: MakeWire
) -> None:
    assert station.compatibility == Compatibility()
    socket = await wire()
    says = {"chargePointVendor": "Zaptec", "chargePointModel": "Go 2"}
    await socket.send([2, "boot", "BootNotification", says])
    await socket.answer_to("boot")
    assert not station.compatibility.obeys_limits
    people = {"obeys_limits": True, "lowest_current": 8}
    station.apply_settings(StationSettings(compatibility=people))
    assert station.compatibility == Compatibility(lowest_current=8)
