"""Prove the central system over real sockets: handshake, connections, unknown stations."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
import logging
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import listener
from custom_components.ocpp.csms.central_system import MOST_VISITORS, CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import StationOffline
from custom_components.ocpp.csms.listener import MAX_FRAME
from custom_components.ocpp.csms.model import (
    Options,
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
)
from custom_components.ocpp.csms.store import Store
from tests.simulator import Charger

from .conftest import IDENTITY, PATIENCE, MakeCharger, MakeWire, Wire, until
from .test_rpc import UNREADABLE

CONNECTION = Part(Topic.CONNECTION)
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


async def is_served(wire: Wire) -> None:
    """Prove that the station is heard and answered."""
    await wire.send([2, "served", "BootNotification", BOOT])
    assert (await wire.answer_to("served"))[0] == 3


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what was logged as an error."""
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


# --- handshake ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("CP1", "CP1"),
        ("CP1/", "CP1"),
        ("ocpp/1.6/CP1", "CP1"),
        ("CP1?token=a/b", "CP1"),
        ("cp1", "CP1"),
        ("RDAM%7C123", "RDAM|123"),
        ("100%2525", "100%25"),
        ("AA:BB", "AA:BB"),
        ("x" * 48, "x" * 48),
    ],
)
async def test_a_station_is_found_by_the_end_of_its_url(
    central: CentralSystem, wire: MakeWire, path: str, identity: str
) -> None:
    """Letter case does not tell two stations apart."""
    station = await central.add_station(identity, StationSettings())
    await is_served(await wire(path))
    assert station.connected
    assert central.station(identity.upper()) is station
    assert central.visitors == {}


@pytest.mark.parametrize("path", ["", "/", "?id=CP1", "x" * 49, "CP%00", "%FF%FE"])
async def test_a_url_without_an_identity_is_answered_404(
    central: CentralSystem, wire: MakeWire, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Before there is a WebSocket; people are told once."""
    for _ in range(2):
        with pytest.raises(InvalidStatus) as caught:
            await wire(path)
        assert caught.value.response.status_code == 404
    assert caplog.text.count("turned away") == 1
    assert central.visitors == {}


@pytest.mark.parametrize(
    ("subprotocols", "chosen"),
    [
        (["ocpp1.6"], "ocpp1.6"),
        (["ocpp2.0.1", "ocpp1.6"], "ocpp2.0.1"),
        (["ocpp1.6", "ocpp2.0.1"], "ocpp1.6"),
        (["ocpp2.9", "nonsense", "ocpp1.6", "ocpp1.5"], "ocpp1.6"),
    ],
)
async def test_the_stations_first_offer_that_we_speak_is_chosen(
    station: ChargingStation, wire: MakeWire, subprotocols: list[str], chosen: str
) -> None:
    """Offers that we do not speak are passed over."""
    socket = await wire(subprotocols=subprotocols)
    assert socket.socket.subprotocol == chosen
    await is_served(socket)


@pytest.mark.parametrize(
    "subprotocols", [["ocpp2.0"], ["OCPP1.6"], ["mqtt", "ocpp1.5"]]
)
async def test_without_a_common_version_the_handshake_ends_without_one_and_then_closes(
    station: ChargingStation, wire: MakeWire, subprotocols: list[str]
) -> None:
    """Not with an HTTP error."""
    socket = await wire(subprotocols=subprotocols)
    assert socket.socket.response is not None
    assert socket.socket.response.status_code == 101
    assert "Sec-WebSocket-Protocol" not in socket.socket.response.headers
    assert await socket.closed() == 1002
    assert not station.connected


async def test_a_station_that_offers_nothing_is_taken_to_speak_1_6(
    station: ChargingStation, wire: MakeWire
) -> None:
    """Some chargers do that."""
    await is_served(await wire(subprotocols=None))
    assert station.version.name == "1.6"


async def test_a_station_that_offers_nothing_is_not_served_where_that_is_turned_off(
    central: CentralSystem, station: ChargingStation, wire: MakeWire, options: Options
) -> None:
    """`assume_16` is an option."""
    central.apply_options(replace(options, assume_16=False))
    assert await (await wire(subprotocols=None)).closed() == 1002
    await is_served(await wire())
    assert station.options.assume_16 is False


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_frames_are_compressed_only_where_the_station_offers_it(
    station: ChargingStation, wire: MakeWire, compression: str | None
) -> None:
    """With permessage-deflate."""
    socket = await wire(compression=compression)
    assert bool(socket.socket.protocol.extensions) == (compression is not None)
    await is_served(socket)


async def test_what_is_no_websocket_is_turned_away_quietly(
    central: CentralSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """Browsers, port scanners, and connections that say nothing at all."""
    for request in (
        b"GET /CP1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", central.port)
        writer.write(request)
        if not request:
            writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        assert b" 101 " not in answer
        writer.close()
        await writer.wait_closed()
    assert errors(caplog) == []


async def test_a_port_that_is_taken_is_told(store: Store, options: Options) -> None:
    """Binding does not let stations in yet; listening does."""
    first, second, third = (
        CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
        for _ in range(3)
    )
    await first.bind()
    assert not first.listening and first.port
    second.port = third.port = first.port
    await second.bind()
    await first.open()
    await first.listen()
    assert first.listening
    with pytest.raises(OSError):
        await second.listen()
    with pytest.raises(OSError):
        await third.bind()
    for central in (first, second, third):
        await central.close()
        assert not central.listening


# --- frames -------------------------------------------------------------------------------

ZOO = [
    *UNREADABLE,
    pytest.param("", id="empty"),
    pytest.param(b"", id="empty binary"),
    pytest.param(b'[2,"1","Heartbeat",{}]', id="binary"),
    pytest.param('[2,"1",["a"],{}]', id="array for an action"),
    pytest.param('[2,"1",null,{}]', id="null for an action"),
    pytest.param('[2,"1","Nonsense",{}]', id="unknown action"),
    pytest.param('[2,"1","' + "x" * 9999 + '",{},{}]', id="huge action"),
    pytest.param('[2,"1","Heartbeat",null]', id="null payload"),
    pytest.param('[2,"1","Heartbeat",[]]', id="array payload"),
    pytest.param('[2,"1","StartTransaction",null]', id="start of nothing"),
    pytest.param('[2,"1","StopTransaction",7]', id="stop of a number"),
    pytest.param('[2,"1","MeterValues",{"meterValue":[[[]]]}]', id="odd samples"),
    pytest.param('[2,"1","BootNotification",{"chargePointModel":{}}]', id="odd boot"),
    pytest.param(
        '[2,"1","DataTransfer",' + '{"data":' * 500 + "1" + "}" * 501, id="deep data"
    ),
    pytest.param('[3,"x",{}]', id="answer to nothing"),
    pytest.param('[4,"x"]', id="error to nothing"),
    pytest.param('[5,"x","GenericError","",{}]', id="result error"),
    pytest.param('[6,"x","NotifyPeriodicEventStream",{}]', id="send"),
    pytest.param('[9,"x"]', id="unknown type"),
]


@pytest.mark.parametrize("frame", ZOO)
async def test_no_frame_closes_a_good_socket_or_leaves_a_traceback(
    station: ChargingStation,
    wire: MakeWire,
    frame: str | bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever a station says, it is heard the next time."""
    socket = await wire()
    await socket.send(frame)
    await socket.send([2, "still there", "Heartbeat", {}])
    assert (await socket.answer_to("still there"))[0] == 3
    assert errors(caplog) == []
    assert "Traceback" not in caplog.text
    assert all("x" * 99 not in note for note in station.notes)


async def test_text_that_is_not_utf_8_is_read_where_it_can_be(
    station: ChargingStation, wire: MakeWire
) -> None:
    """Some write the degree sign as one byte."""
    socket = await wire()
    status = (
        '{"connectorId":1,"status":"Available","errorCode":"NoError","info":"9 \xb0C"}'
    )
    frame = f'[2,"1","StatusNotification",{status}]'.encode("latin-1")
    await socket.socket.send(frame, text=True)
    assert await socket.answer_to("1") == [3, "1", {}]
    assert station.availability.state(1) is not None


@pytest.mark.parametrize("surplus", [0, 1])
async def test_a_frame_may_be_eight_mebibytes_long_and_no_longer(
    station: ChargingStation,
    wire: MakeWire,
    surplus: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Beyond that the socket is closed with the code for it."""
    socket = await wire()
    frame = '[2,"1","DataTransfer",{"vendorId":"V","data":"%s"}]'
    data = "x" * (MAX_FRAME - len(frame) + 2 + surplus)
    await socket.send(frame % data)
    if surplus:
        assert await socket.closed() == 1009
    else:
        assert (await socket.answer_to("1"))[0] == 3
    assert errors(caplog) == []


async def test_commands_have_ids_that_no_connection_had_before(
    station: ChargingStation, wire: MakeWire
) -> None:
    """Stations remember ids longer than a connection lasts."""
    seen = set()
    for _ in range(3):
        socket = await wire()
        task = station.spawn(station.call("ClearCache", {}))
        _, message_id, _, _ = await socket.command("ClearCache")
        seen.add(message_id)
        await socket.send([3, message_id, {"status": "Accepted"}])
        await task
    assert len(seen) == 3


# --- the socket and its station -----------------------------------------------------------


async def test_the_newest_socket_wins_and_the_end_of_the_old_one_changes_nothing(
    central: CentralSystem, station: ChargingStation, wire: MakeWire, options: Options
) -> None:
    """The old one is closed with the code for coming back; its command fails at once."""
    central.apply_options(replace(options, quiet=True))
    old = await wire()
    await is_served(old)
    command = station.spawn(station.call("ClearCache", {}))
    await old.command("ClearCache")
    states: list[bool] = []
    station.watch(CONNECTION, lambda: states.append(station.connected))
    new = await wire()
    with pytest.raises(StationOffline):
        await command
    assert await old.closed() == 1012
    await is_served(new)
    assert station.connected
    assert states and all(states)


async def test_a_half_open_old_socket_neither_keeps_a_station_out_nor_takes_it_offline(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    options: Options,
) -> None:
    """The station lost its network and came back; the old end never answers again."""
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", 0.1)
    central = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
    await central.open()
    station = await central.add_station(IDENTITY, StationSettings())
    await central.listen()
    ended = asyncio.Event()
    serve = station.serve

    async def tell_the_end(*args: Any) -> None:
        await serve(*args)
        ended.set()

    monkeypatch.setattr(station, "serve", tell_the_end)
    async with Charger(f"ws://127.0.0.1:{central.port}", IDENTITY) as old:
        await old.boot()
        assert old._socket is not None
        old._socket.transport.pause_reading()
        async with Charger(f"ws://127.0.0.1:{central.port}", IDENTITY) as new:
            await new.boot()
            async with asyncio.timeout(PATIENCE):
                await ended.wait()
            assert station.connected
            await new.heartbeat()
        old.drop()
    await central.close()


async def test_a_lost_connection_is_told_and_fails_the_open_command_quietly(
    charger: Charger, station: ChargingStation, caplog: pytest.LogCaptureFixture
) -> None:
    """The state stays: it belongs to the station."""
    asked = asyncio.Event()

    async def never(payload: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    charger.answers["ClearCache"] = never
    command = station.spawn(station.call("ClearCache", {}))
    await asked.wait()
    charger.drop()
    with pytest.raises(StationOffline):
        await command
    await until(station, CONNECTION, lambda: not station.connected)
    assert station.provisioning.info is not None
    assert station.availability.state(1) is not None
    assert errors(caplog) == []


async def test_closing_ends_every_connection(
    store: Store, options: Options, caplog: pytest.LogCaptureFixture
) -> None:
    """Adopted stations and unknown ones, and what they have not answered."""
    central = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
    await central.open()
    station = await central.add_station(IDENTITY, StationSettings())
    await central.listen()
    url = f"ws://127.0.0.1:{central.port}"
    async with Charger(url, IDENTITY) as known, Charger(url, "OTHER") as unknown:
        await known.boot()
        await unknown.boot()
        await central.close()
        await known.wait_closed()
        await unknown.wait_closed()
    assert not station.connected
    assert central.visitors == {}
    assert (await store.load_facts(IDENTITY))["provisioning"]["info"][
        "vendor"
    ] == "Simulator"
    assert errors(caplog) == []


# --- unknown stations ---------------------------------------------------------------------


@pytest.fixture
async def met(
    central: CentralSystem,
) -> AsyncGenerator[list[tuple[str, ChargingStation]]]:
    """Return what is told of unknown stations, in order."""
    told: list[tuple[str, ChargingStation]] = []
    central.on_visitor = lambda visitor: told.append(("came", visitor))
    central.on_introduced = lambda visitor: told.append(("introduced", visitor))
    return told


async def test_an_unknown_station_waits_and_says_who_it_is(
    central: CentralSystem,
    connect_charger: MakeCharger,
    met: list[tuple[str, ChargingStation]],
) -> None:
    """Its boot is answered Pending."""
    charger = await connect_charger("New")
    answer = await charger.boot()
    assert answer["status"] == "Pending"
    visitor = central.visitors["new"]
    assert visitor.identity == "New" and not visitor.adopted
    assert met[0] == ("came", visitor)
    assert ("introduced", visitor) in met
    assert visitor.provisioning.info is not None
    assert visitor.provisioning.info.model == "Wallbox"
    assert central.station("New") is None


async def test_an_unknown_station_that_does_not_boot_is_asked_to(
    central: CentralSystem,
    connect_charger: MakeCharger,
    met: list[tuple[str, ChargingStation]],
) -> None:
    """It may have booted long ago."""
    charger = await connect_charger("New")
    assert await charger.wait_for_call("TriggerMessage") == {
        "requestedMessage": "BootNotification"
    }
    await charger.until(lambda: charger.boot_status)
    assert central.visitors["new"].provisioning.info is not None


async def test_an_unknown_station_that_will_not_say_who_it_is_is_shown_all_the_same(
    central: CentralSystem, wire: MakeWire
) -> None:
    """By its identity alone."""
    introduced = asyncio.get_running_loop().create_future()
    central.on_introduced = introduced.set_result
    socket = await wire("New")
    _, message_id, _, _ = await socket.command("TriggerMessage")
    await socket.send([3, message_id, {"status": "NotImplemented"}])
    async with asyncio.timeout(PATIENCE):
        visitor = await introduced
    assert visitor.identity == "New" and visitor.provisioning.info is None


async def test_an_unknown_station_that_leaves_is_forgotten_and_was_never_stored(
    central: CentralSystem, store: Store, connect_charger: MakeCharger
) -> None:
    """Only people decide what is kept."""
    charger = await connect_charger("New")
    await charger.boot()
    visitor = central.visitors["new"]
    await charger.disconnect()
    await until(visitor, CONNECTION, lambda: not visitor.connected)
    assert central.visitors == {}
    assert await store.load_facts("New") == {}


async def test_twenty_unknown_stations_wait_at_most(
    central: CentralSystem, station: ChargingStation, wire: MakeWire
) -> None:
    """Others are sent away until one leaves; adopted ones always come in."""
    sockets = [await wire(f"New{number}") for number in range(MOST_VISITORS)]
    for socket in sockets:
        await is_served(socket)
    with pytest.raises(InvalidStatus) as late:
        await wire("Late")
    assert late.value.response.status_code == 503
    await is_served(await wire("new7"))
    await is_served(await wire(IDENTITY))
    first = central.visitors["new0"]
    await sockets[0].socket.close()
    await until(first, CONNECTION, lambda: not first.connected)
    await is_served(await wire("Late"))
    assert len(central.visitors) == MOST_VISITORS


async def test_adopting_a_waiting_station_keeps_its_socket(
    central: CentralSystem, store: Store, connect_charger: MakeCharger
) -> None:
    """It goes by the name that people gave it, which may differ in letter case."""
    charger = await connect_charger("New")
    await charger.boot()
    visitor = central.visitors["new"]
    adopted = await central.add_station("NEW", StationSettings())
    assert adopted is visitor and adopted.identity == "NEW" and adopted.adopted
    assert central.visitors == {}
    assert central.station("new") is adopted
    await charger.until(lambda: charger.boot_status == "Accepted")
    await adopted.save()
    assert (await store.load_facts("NEW"))["provisioning"]["info"]["model"] == "Wallbox"


async def test_a_station_that_connects_while_it_is_being_added_finds_its_place(
    central: CentralSystem,
    wire: MakeWire,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked to come back."""
    go_on = asyncio.Event()
    load = store.load_facts

    async def slowly(identity: str) -> dict[str, Any]:
        await go_on.wait()
        return await load(identity)

    monkeypatch.setattr(store, "load_facts", slowly)
    adding = asyncio.create_task(central.add_station("New", StationSettings()))
    await asyncio.sleep(0)
    early = await wire("New")
    await is_served(early)
    go_on.set()
    station = await adding
    assert await early.closed() == 1012
    await is_served(await wire("New"))
    assert station.connected
    assert central.visitors == {}


async def test_a_removed_station_is_unknown_when_it_comes_again(
    central: CentralSystem, store: Store, charger: Charger, connect_charger: MakeCharger
) -> None:
    """Its socket is closed, and what was known of it forgotten."""
    await central.remove_station(IDENTITY.lower())
    await charger.wait_closed()
    assert central.station(IDENTITY) is None
    assert await store.load_facts(IDENTITY) == {}
    again = await connect_charger()
    assert (await again.boot())["status"] == "Pending"
    await central.remove_station("nobody")


async def test_options_are_taken_over_by_all_stations(
    central: CentralSystem,
    station: ChargingStation,
    connect_charger: MakeCharger,
    options: Options,
) -> None:
    """Those that are adopted and those that wait."""
    visitor = await connect_charger("New")
    known = await connect_charger()
    central.apply_options(replace(options, heartbeat_interval=77, pending_interval=8))
    assert (await known.boot())["interval"] == 77
    assert (await visitor.boot())["interval"] == 8


async def test_a_station_may_be_rejected(
    central: CentralSystem, connect_charger: MakeCharger
) -> None:
    """It is told so, and told nothing else."""
    settings = StationSettings(registration=RegistrationStatus.REJECTED)
    await central.add_station("Bad", settings)
    charger = await connect_charger("Bad")
    assert (await charger.boot())["status"] == "Rejected"
    assert not [frame for frame in charger.received if frame[0] == 2]
