"""Values that a station of 2.1 tells all the time, in messages that nobody answers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.monitoring.streams import MOST_STREAMS
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected, InvalidRequest
from custom_components.ocpp.csms.model import Part, StationSettings, Topic, utcnow
from custom_components.ocpp.csms.variables import VariableMonitored, at
from tests.csms.conftest import IDENTITY, PATIENCE, MakeTwo, prepared, until
from tests.simulator.link import CallError
from tests.simulator_v2 import Station as Two, Variable
from tests.simulator_v2.commands.streams import (
    close_stream,
    notify_stream,
    open_stream,
    put_value,
    send_values,
)
from tests.simulator_v2.state import Monitor

POWER = Part(Topic.METER, 1, "Power.Active.Import")
OPEN = "OpenPeriodicEventStream"
EVERY_SECOND = {"interval": 1}


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 with two EVSEs that was prepared."""
    two = await connect_station(
        version="ocpp2.1",
        variables=[
            Variable(
                component="FiscalMetering",
                name="EnergyImportRegister",
                evse=1,
                unit="kWh",
            ),
            Variable(component="EVSE", name="ACCurrent", evse=1, instance="L1"),
            Variable(component="EVSE", name="ACCurrent", evse=1, instance="L2"),
            Variable(component="EVSE", name="Temperature", evse=1, instance="Inlet"),
            Variable(component="ConnectedEV", name="StateOfCharge", evse=1),
            Variable(component="Fan", name="Speed", evse=1),
        ],
    )
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


def built_in(
    two: Two,
    component: str = "EVSE",
    variable: str = "Power",
    *,
    number: int = 90,
    instance: str = "",
    evse: int | None = 1,
) -> int:
    """Let the station watch a variable by itself; return the monitor's number."""
    where: dict[str, Any] = {"evse": {"id": evse}} if evse else {}
    which = {"instance": instance} if instance else {}
    two.state.monitors[number] = Monitor(
        id=number,
        component={"name": component, **where},
        variable={"name": variable, **which},
        type="Periodic",
        value=1,
        severity=7,
        custom=False,
    )
    return number


def wish(**more: Any) -> dict[str, Any]:
    """Return the wish to be told the power of EVSE 1 every second."""
    return {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "type": "Periodic",
        "value": 1,
        "severity": 8,
        **more,
    }


async def watch(station: ChargingStation, two: Two, *wishes: dict[str, Any]) -> None:
    """Have the station watch something, and wait for the streams that it opens."""
    await station.sending.command(
        "SetVariableMonitoring", {"setMonitoringData": list(wishes)}
    )
    await two.settle()


async def opened(two: Two, monitor: int, **params: int) -> Any:
    """Return a stream of a monitor, once the station told of the monitor."""
    stream = await open_stream(two, monitor, params or EVERY_SECOND)
    await two.wait_for_call("GetMonitoringReport")
    await two.settle()
    return stream


def happened(station: ChargingStation) -> list[VariableMonitored]:
    """Return what happens from now on, as it happens."""
    events: list[VariableMonitored] = []
    station.follow(
        lambda event: (
            events.append(event) if isinstance(event, VariableMonitored) else None
        )
    )
    return events


def value(station: ChargingStation, name: str, evse: int = 1) -> float | None:
    """Return a reading."""
    reading = station.metering.reading(evse, name)
    return reading.value if reading is not None else None


async def reading(station: ChargingStation, name: str, expected: float) -> None:
    """Wait for a reading of EVSE 1."""
    part = Part(Topic.METER, 1, name)
    await until(station, part, lambda: value(station, name) == expected)


# --- opening and closing --------------------------------------------------------------------


@pytest.mark.proves("N11.FR.04", ocpp="2.1")
@pytest.mark.proves("N11.FR.06", ocpp="2.1")
@pytest.mark.proves("OpenPeriodicEventStream", ocpp="2.1")
@pytest.mark.proves("NotifyPeriodicEventStream", ocpp="2.1")
async def test_n11_a_monitor_that_was_set_streams_into_the_sensor(
    station: ChargingStation, two: Two
) -> None:
    """As often as it was asked to, with the times of the values."""
    await watch(station, two, wish(periodicEventStream={"values": 3}))
    (stream,) = two.state.streams.values()
    assert station.event_streams.open[stream.id].values == 3
    assert station.event_streams.open[stream.id].monitor == stream.monitor
    two.variables["EVSE[1].Power"].read = None
    for watts in ("1000", "1100", "1200"):
        two.variables["EVSE[1].Power"].value = watts
        await two.watch_all(1)
    await reading(station, "Power.Active.Import", 1200)
    assert station.device_model.value("EVSE", "Power", evse=1) == "1200"
    assert not two.sent_calls("NotifyEvent")


async def test_n11_a_stream_of_a_monitor_that_is_built_in(
    station: ChargingStation, two: Two
) -> None:
    """The station is asked what it is of; what came before it told is not lost."""
    two.answers["GetMonitoringReport"] = told = (
        asyncio.get_running_loop().create_future()
    )
    stream = await open_stream(two, built_in(two), EVERY_SECOND)
    assert stream is not None
    await put_value(two, stream, "2300")
    await send_values(two, stream)
    two.answers.pop("GetMonitoringReport", None)
    told.set_result(None)
    await reading(station, "Power.Active.Import", 2300)


@pytest.mark.proves("N11.FR.08", ocpp="2.1")
@pytest.mark.proves("N15.FR.03", ocpp="2.1")
async def test_n11_what_is_no_meter_is_an_event_of_its_monitor(
    station: ChargingStation, two: Two
) -> None:
    """With all that an event would say; of the values of one message the last."""
    events = happened(station)
    stream = await opened(two, built_in(two, "Fan", "Speed"))
    await notify_stream(two, stream.id, [(0, "700"), (0.1, "800"), (0.2, "900")])
    key = at("Fan", "Speed", evse=1)
    async with asyncio.timeout(PATIENCE):
        while not events:
            await asyncio.sleep(0)
    (event,) = events
    assert event.place == key
    assert (event.type, event.value, event.monitor) == ("periodic", "900", 90)
    assert (event.severity, event.origin) == (7, "HardWiredMonitor")
    assert station.device_model.value("Fan", "Speed", evse=1) == "900"


@pytest.mark.proves("N11.FR.05", ocpp="2.1")
async def test_n11_a_station_opens_no_more_streams_than_are_of_use(
    station: ChargingStation, two: Two
) -> None:
    """The rest it tells as events; one that is opened again is no other."""
    monitor = built_in(two)
    for _ in range(MOST_STREAMS):
        assert await open_stream(two, monitor, EVERY_SECOND)
    assert await open_stream(two, monitor, EVERY_SECOND) is None
    data = {"id": 1, "variableMonitoringId": monitor, "params": {"interval": 9}}
    answer = await two.call(OPEN, {"constantStreamData": data})
    assert answer == {"status": "Accepted"}
    assert station.event_streams.open[1].interval == 9


async def test_n11_what_is_no_stream_is_rejected(
    station: ChargingStation, two: Two
) -> None:
    """And nothing is kept of it."""
    answer = await two.call(
        OPEN, {"constantStreamData": {"id": 3, "params": {}}}, validate=False
    )
    assert answer["status"] == "Rejected"
    assert answer["statusInfo"]["reasonCode"] == "InvalidValue"
    assert station.event_streams.open == {}


async def test_n11_a_monitor_that_can_not_be_asked_for_is_rejected(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """Where the model is better not asked."""
    station.apply_settings(
        StationSettings(compatibility={"never_sent": ("GetMonitoringReport",)})
    )
    assert await open_stream(two, 77, EVERY_SECOND) is None


async def test_a_station_that_is_left_in_peace_is_asked_nothing(
    station: ChargingStation, two: Two
) -> None:
    """Its streams are taken where it is known what they are of."""
    station.shared.options = replace(station.options, quiet=True)
    await watch(station, two, wish(periodicEventStream=EVERY_SECOND))
    (stream,) = two.state.streams.values()
    assert await open_stream(two, 77, EVERY_SECOND) is None
    two.received.clear()
    for pending in range(1, 9):
        await notify_stream(two, stream.id, [(0, "100")], pending=pending)
        await notify_stream(two, 44, [(0, "100")])
    await reading(station, "Power.Active.Import", 100)
    await two.heartbeat()
    assert not [frame for frame in two.received if frame[0] == 2]


@pytest.mark.proves("N13.FR.02", ocpp="2.1")
@pytest.mark.proves("ClosePeriodicEventStream", ocpp="2.1")
async def test_n13_a_stream_that_is_closed_is_forgotten(
    station: ChargingStation, two: Two
) -> None:
    """Its last values still count; what comes later is dropped, without an error."""
    stream = await opened(two, built_in(two))
    await put_value(two, stream, "500")
    await close_stream(two, stream)
    assert value(station, "Power.Active.Import") == 500
    assert station.event_streams.open == {}
    assert await two.call("ClosePeriodicEventStream", {"id": 55}) == {}
    await notify_stream(two, stream.id, [(0, "900")])
    await two.heartbeat()
    assert value(station, "Power.Active.Import") == 500


async def test_n13_a_monitor_that_is_cleared_has_no_stream(
    station: ChargingStation, two: Two
) -> None:
    """The station closes it by itself; so it does where it is set without one."""
    await watch(station, two, wish(periodicEventStream=EVERY_SECOND))
    (monitor,) = two.state.monitors
    await watch(station, two, wish(id=monitor))
    assert station.event_streams.open == {}
    await watch(station, two, wish(id=monitor, periodicEventStream=EVERY_SECOND))
    assert len(station.event_streams.open) == 1
    await station.sending.command("ClearVariableMonitoring", {"id": [monitor]})
    await two.settle()
    assert station.event_streams.open == {}


@pytest.mark.proves("N11.FR.09", ocpp="2.1")
@pytest.mark.parametrize("params", [{}, {"interval": 0}, {"values": 0}])
async def test_n11_a_stream_without_a_pace_is_not_sent(
    station: ChargingStation, two: Two, params: dict[str, int]
) -> None:
    """Neither with a monitor nor to change one."""
    with pytest.raises(InvalidRequest, match="periodicEventStream"):
        await watch(station, two, wish(periodicEventStream=params))
    stream = await opened(two, built_in(two))
    with pytest.raises(InvalidRequest, match="params"):
        await station.sending.command(
            "AdjustPeriodicEventStream", {"id": stream.id, "params": params}
        )
    assert stream.params == EVERY_SECOND


# --- values ---------------------------------------------------------------------------------


async def test_n15_values_have_their_own_times(
    station: ChargingStation, two: Two
) -> None:
    """Seconds after the base, or times where a station follows the example of part 4."""
    stream = await opened(two, built_in(two))
    base = utcnow() - timedelta(seconds=20)
    await notify_stream(two, stream.id, [(0, "100"), (2.5, "200")], base=base)
    await reading(station, "Power.Active.Import", 200)
    newest = station.metering.reading(1, "Power.Active.Import")
    assert newest is not None
    assert newest.at == base + timedelta(seconds=2.5)
    later = utcnow() - timedelta(seconds=1)
    await two.send(
        "NotifyPeriodicEventStream",
        {
            "id": stream.id,
            "pending": 0,
            "data": [{"t": later.isoformat(), "v": "300"}],
        },
        validate=False,
    )
    await reading(station, "Power.Active.Import", 300)
    newest = station.metering.reading(1, "Power.Active.Import")
    assert newest is not None
    assert newest.at == later


async def test_n15_values_out_of_order_end_with_the_newest(
    station: ChargingStation, two: Two
) -> None:
    """And what is no number, or has no time, costs nothing else."""
    stream = await opened(two, built_in(two))
    base = utcnow() - timedelta(seconds=20)
    values: list[Any] = [(5, "500"), (1, "100"), (3, "n/a")]
    await notify_stream(two, stream.id, values, base=base)
    await reading(station, "Power.Active.Import", 500)
    await two.send(
        "NotifyPeriodicEventStream",
        {"id": stream.id, "data": [7, {"v": 600}, {"t": 1e300}, {"t": {}}]},
        validate=False,
    )
    await reading(station, "Power.Active.Import", 600)


@pytest.mark.proves("N15.FR.02", ocpp="2.1")
async def test_n15_nothing_is_ever_answered(station: ChargingStation, two: Two) -> None:
    """Whatever is wrong with it; the next message is served as ever."""
    before = len(two.received)
    for payload in ({}, {"id": "x"}, {"id": 9, "data": "x"}, {"id": None}):
        await two.send("NotifyPeriodicEventStream", payload, validate=False)
    await two.send("NoSuchAction", {}, validate=False)
    assert "currentTime" in await two.heartbeat()
    # The answer to the last, and the question which streams there are.
    assert all(frame[0] in (2, 3) for frame in two.received[before:])
    assert len([it for it in two.received[before:] if it[0] == 3]) == 1


async def test_phases_that_come_alone_make_a_whole(
    station: ChargingStation, two: Two
) -> None:
    """The largest current is the one that a fuse is about."""
    first = built_in(two, "EVSE", "ACCurrent", instance="L1", number=91)
    second = built_in(two, "EVSE", "ACCurrent", instance="L2", number=92)
    one = await opened(two, first)
    other = await open_stream(two, second, EVERY_SECOND)
    assert other is not None
    await notify_stream(two, one.id, [(0, "12.5")])
    await notify_stream(two, other.id, [(0, "11")])
    await reading(station, "Current.Import/L2", 11)
    assert value(station, "Current.Import/L1") == 12.5
    assert value(station, "Current.Import") == 12.5


async def test_ten_values_a_second_are_shown_once_a_second(
    station: ChargingStation, two: Two
) -> None:
    """Whether they come in one message or in many: nothing is written for each."""
    told: list[float | None] = []
    station.watch(POWER, lambda: told.append(value(station, "Power.Active.Import")))
    stream = await opened(two, built_in(two))
    base = utcnow() - timedelta(seconds=3)
    many = [(number / 10, str(number)) for number in range(1, 10)]
    await notify_stream(two, stream.id, many, base=base)
    for number in range(10, 20):
        await notify_stream(two, stream.id, [(number / 10, str(number))], base=base)
    await reading(station, "Power.Active.Import", 19)
    assert told == [9, 19]


# --- keeping up -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "better"),
    [
        ({"values": 10}, {"values": 20}),
        ({"interval": 10}, {"interval": 5}),
        ({"interval": 5, "values": 600}, {"interval": 5, "values": 1000}),
    ],
)
async def test_n15_a_stream_that_falls_behind_sends_more_at_a_time(
    station: ChargingStation,
    two: Two,
    params: dict[str, int],
    better: dict[str, int],
) -> None:
    """Once it is clear that it does, and not again for each message."""
    stream = await opened(two, built_in(two), **params)
    for pending in (5, 9, 3, 10, 20, 30, 40, 50, 60, 70):
        await notify_stream(two, stream.id, [(0, "1")], pending=pending)
    await two.wait_for_call("AdjustPeriodicEventStream")
    await two.heartbeat()
    assert stream.params == better
    assert station.event_streams.open[stream.id].params == better
    asked = [it for it in two.received if it[2:3] == ["AdjustPeriodicEventStream"]]
    assert len(asked) == 1


async def test_n15_a_stream_that_can_do_no_more_is_left_alone(
    station: ChargingStation, two: Two
) -> None:
    """Nor is one that refuses asked again at once."""
    fast = await opened(two, built_in(two), interval=1)
    slow = await open_stream(two, 90, {"values": 5})
    assert slow is not None
    two.answers["AdjustPeriodicEventStream"] = {"status": "Rejected"}
    for stream in (fast, slow):
        for pending in range(1, 9):
            await notify_stream(two, stream.id, [(0, "1")], pending=pending)
    assert (await two.wait_for_call("AdjustPeriodicEventStream"))["id"] == slow.id
    await two.heartbeat()
    assert station.event_streams.open[slow.id].values == 5
    asked = [it for it in two.received if it[2:3] == ["AdjustPeriodicEventStream"]]
    assert len(asked) == 1


@pytest.mark.proves("N14.FR.01", ocpp="2.1")
@pytest.mark.proves("AdjustPeriodicEventStream", ocpp="2.1")
async def test_n14_the_pace_of_a_stream_is_changed(
    station: ChargingStation, two: Two
) -> None:
    """As the station agreed to it; what it refuses changes nothing."""
    stream = await opened(two, built_in(two))
    command = station.sending.command
    await command(
        "AdjustPeriodicEventStream",
        {"id": stream.id, "params": {"interval": 5, "values": 7}},
    )
    known = station.event_streams.open[stream.id]
    assert (known.interval, known.values) == (5, 7)
    with pytest.raises(CommandRejected):
        await command(
            "AdjustPeriodicEventStream", {"id": 44, "params": {"interval": 5}}
        )
    assert list(station.event_streams.open) == [stream.id]


# --- what is known of them ------------------------------------------------------------------


@pytest.mark.proves("GetPeriodicEventStream", ocpp="2.1")
async def test_n12_a_station_that_comes_back_is_asked_for_its_streams(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """What it closed meanwhile is forgotten; what it opened is known."""
    gone = await opened(two, built_in(two))
    kept = await open_stream(two, 90, {"values": 4})
    assert kept is not None
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.event_streams.open == station.event_streams.open
    await other.close()

    await two.disconnect()
    del two.state.streams[gone.id]
    await two.connect()
    await two.wait_for_call("GetPeriodicEventStream")
    await prepared(station)
    assert list(station.event_streams.open) == [kept.id]


async def test_n12_streams_that_nobody_knows_of_are_asked_for(
    station: ChargingStation, two: Two
) -> None:
    """Once, when values of such a one come."""
    stream = await opened(two, built_in(two))
    station.event_streams.open.clear()
    for watts in ("100", "200"):
        await notify_stream(two, stream.id, [(0, watts)])
    await two.wait_for_call("GetPeriodicEventStream")
    await two.settle()
    await two.heartbeat()
    await notify_stream(two, stream.id, [(0, "300")])
    await reading(station, "Power.Active.Import", 300)
    asked = [it for it in two.received if it[2:3] == ["GetPeriodicEventStream"]]
    assert len(asked) == 1


async def test_n12_what_is_opened_while_the_station_answers_is_not_lost(
    station: ChargingStation, two: Two
) -> None:
    """Nor comes back what it closed."""
    first = await opened(two, built_in(two))
    second: list[Any] = []

    async def answer(_: dict[str, Any]) -> dict[str, Any]:
        listed = [first.constant_data]
        second.append(await open_stream(two, 90, {"values": 4}))
        await close_stream(two, first)
        return {"constantStreamData": listed}

    two.answers["GetPeriodicEventStream"] = answer
    await station.sending.command("GetPeriodicEventStream", {})
    assert list(station.event_streams.open) == [second[0].id]


async def test_stations_that_do_not_tell_their_streams(
    station: ChargingStation, two: Two
) -> None:
    """Nor their monitors. Nothing is shown, and nothing breaks."""
    two.answers["GetMonitoringReport"] = CallError("NotSupported")
    two.answers["GetPeriodicEventStream"] = CallError("NotSupported")
    stream = await opened(two, built_in(two))
    for _ in range(3):
        await notify_stream(two, stream.id, [(0, "100")])
        await notify_stream(two, 99, [(0, "100")])
    await two.wait_for_call("GetPeriodicEventStream")
    await two.heartbeat()
    assert value(station, "Power.Active.Import") in (None, 0)
    assert station.notes["reading monitors: NotSupported"] == 1
    assert station.notes["reading streams: NotSupported"] == 1
    assert station.notes["NotifyPeriodicEventStream: no such stream"] == 3


async def test_a_car_tells_its_state_of_charge(
    station: ChargingStation, two: Two
) -> None:
    """What is another sensor of the same EVSE goes to none of those people look at."""
    events = happened(station)
    car = await opened(two, built_in(two, "ConnectedEV", "StateOfCharge"))
    odd = await opened(
        two, built_in(two, "EVSE", "Temperature", instance="Inlet", number=91)
    )
    await notify_stream(two, car.id, [(0, "61")])
    await notify_stream(two, odd.id, [(0, "40")])
    await two.heartbeat()
    assert value(station, "SoC") == 61
    assert value(station, "Temperature") is None
    assert [event.place.instance for event in events] == ["Inlet"]


async def test_of_long_texts_only_the_last_is_kept(
    station: ChargingStation, two: Two
) -> None:
    """They would fill the memory, and nobody sees the others."""
    events = happened(station)
    stream = await opened(two, built_in(two, "Fan", "Speed"))
    texts: list[tuple[float, str]] = [(n / 10, f"{n}" * 2500) for n in range(1, 9)]
    await notify_stream(two, stream.id, texts)
    await two.heartbeat()
    assert [event.value for event in events] == ["8" * 2500]


async def test_a_stream_that_is_opened_for_something_else(
    station: ChargingStation, two: Two
) -> None:
    """Brings nothing of what it was before, also where that waits; times may be absurd."""
    power = built_in(two)
    stream = await opened(two, power)
    await notify_stream(two, stream.id, [(0, "100")])
    await notify_stream(two, stream.id, [(0, "200")])
    other = built_in(two, "EVSE", "ACCurrent", instance="L1", number=91)
    data = stream.constant_data | {"variableMonitoringId": other}
    assert await two.call(OPEN, {"constantStreamData": data}) == {"status": "Accepted"}
    await two.wait_for_call("GetMonitoringReport")
    await two.settle()
    await notify_stream(two, stream.id, [(1e300, "7")])
    await reading(station, "Current.Import/L1", 7)
    assert value(station, "Power.Active.Import") == 100
    assert station.event_streams.open[stream.id].monitor == other
