"""What the grid demands of a station that feeds into it (OCPP 2.1, block R)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.der_control import MOST_CONTROLS, ControlState
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandRejected,
    ControlNotAllowed,
    NotSupported,
)
from custom_components.ocpp.csms.happenings import GridAlarm
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, MakeTwo, prepared, until
from tests.simulator_v2 import CallError, Station as Two
from tests.simulator_v2.commands.der import der_variables, grid_alarm, start_stop

GRID = Part(Topic.GRID)
DROOP = {
    "overFreq": 50.2,
    "underFreq": 49.8,
    "overDroop": 0.05,
    "underDroop": 0.05,
    "responseTime": 5,
}
CURVE = {"yUnit": "PctMaxW", "curveData": [{"x": 100, "y": 100}, {"x": 110, "y": 0}]}
ENTER = {"highVoltage": 253, "lowVoltage": 207, "highFreq": 50.1, "lowFreq": 49.9}


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that can be controlled, and was prepared."""
    two = await connect_station(version="ocpp2.1", variables=der_variables())
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


def moment(seconds: float) -> str:
    """Return a moment some seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def droop(
    number: str, *, default: bool = False, priority: int = 1, **values: Any
) -> dict[str, Any]:
    """Return a request for a control of the frequency."""
    return {
        "controlId": number,
        "controlType": "FreqDroop",
        "isDefault": default,
        "freqDroop": {"priority": priority, **DROOP, **values},
    }


def curve(number: str, kind: str = "VoltWatt", **values: Any) -> dict[str, Any]:
    """Return a request for a curve, as a default."""
    return {
        "controlId": number,
        "controlType": kind,
        "isDefault": True,
        "curve": {"priority": 0, **CURVE, **values},
    }


async def set_control(station: ChargingStation, *wanted: dict[str, Any]) -> None:
    """Have controls set, as an action does."""
    for one in wanted:
        await station.sending.command("SetDERControl", one)
    station.flush()


async def get_controls(
    station: ChargingStation, number: int = 1, **wanted: Any
) -> dict[str, Any]:
    """Ask for controls, as an action does."""
    await station.reports.command(
        "GetDERControl", {"requestId": number, **wanted}, silence=1
    )
    station.flush()
    return states(station)


def states(station: ChargingStation) -> dict[str, Any]:
    """Return what each control does."""
    return {control.id: state for control, state in station.der_control.controls}


# --- what is sent -------------------------------------------------------------------------


@pytest.mark.proves("SetDERControl", ocpp="2.1")
async def test_a_default_is_in_force_at_once(
    station: ChargingStation, two: Two
) -> None:
    """It is known with all that was said of it."""
    await set_control(station, droop("one", default=True, priority=3), curve("two"))
    assert set(two.state.controls) == {"one", "two"}
    (one, state), (other, _) = station.der_control.controls
    assert (one.id, one.type, one.default, one.priority) == (
        "one",
        "FreqDroop",
        True,
        3,
    )
    assert one.values == {"priority": 3, **DROOP}
    assert (one.start, one.duration, state) == (None, None, ControlState.ACTIVE)
    assert other.type == "VoltWatt"
    assert states(station)["two"] is ControlState.ACTIVE


@pytest.mark.proves("R04.FR.12", ocpp="2.1")
@pytest.mark.parametrize(
    "time", [{"startTime": "2030-01-01T00:00:00Z"}, {"duration": 9}]
)
@pytest.mark.parametrize("make", [droop, curve])
async def test_a_default_with_a_time_is_not_sent(
    station: ChargingStation, two: Two, make: Any, time: dict[str, Any]
) -> None:
    wanted = make("one", **time) | {"isDefault": True}
    with pytest.raises(ControlNotAllowed) as error:
        await set_control(station, wanted)
    assert error.value.rule == "default_with_time"
    assert not two.state.controls
    assert not any(frame[2:3] == ["SetDERControl"] for frame in two.received)


@pytest.mark.proves("R04.FR.14", ocpp="2.1")
@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        ("EnterService", "enterService", ENTER),
        ("Gradients", "gradient", {"gradient": 1, "softGradient": 1}),
    ],
)
async def test_what_exists_as_a_default_only_is_sent_as_one(
    station: ChargingStation, two: Two, kind: str, field: str, values: dict[str, Any]
) -> None:
    wanted = {
        "controlId": "one",
        "controlType": kind,
        "isDefault": False,
        field: {"priority": 0, **values},
    }
    with pytest.raises(ControlNotAllowed) as error:
        await set_control(station, wanted)
    assert error.value.rule == "always_default"
    assert not any(frame[2:3] == ["SetDERControl"] for frame in two.received)
    two.answers["SetDERControl"] = {"status": "Accepted"}
    await set_control(station, wanted | {"isDefault": True})
    assert states(station) == {"one": ControlState.ACTIVE}


@pytest.mark.proves("R04.FR.16", ocpp="2.1")
@pytest.mark.parametrize(
    "wanted",
    [
        # None, another one, and one too many.
        {"controlId": "1", "controlType": "FreqDroop", "isDefault": True},
        droop("1", default=True) | {"controlType": "FreqWatt"},
        droop("1", default=True) | {"controlType": "PowerMonitoringMustTrip"},
        curve("1") | {"controlType": "FixedPFAbsorb"},
        curve("1", "VoltVar") | {"freqDroop": {"priority": 0, **DROOP}},
    ],
)
async def test_a_control_without_just_the_field_of_its_type_is_not_sent(
    station: ChargingStation, two: Two, wanted: dict[str, Any]
) -> None:
    with pytest.raises(ControlNotAllowed) as error:
        await set_control(station, wanted)
    assert error.value.rule == "other_field"
    assert not any(frame[2:3] == ["SetDERControl"] for frame in two.received)


async def test_an_id_means_one_control(station: ChargingStation, two: Two) -> None:
    """It may be set again, but neither as another type nor as another kind."""
    await set_control(station, curve("one"))
    for wanted in (curve("one", "VoltVar"), droop("one", default=True)):
        with pytest.raises(ControlNotAllowed) as error:
            await set_control(station, wanted)
        assert error.value.rule == "same_id"
    await set_control(station, curve("one", responseTime=7))
    ((control, _),) = station.der_control.controls
    assert control.values["responseTime"] == 7


@pytest.mark.parametrize("word", ["Rejected", "NotSupported", "NotFound"])
async def test_a_control_that_is_not_taken_is_not_known(
    station: ChargingStation, two: Two, word: str
) -> None:
    """The station's word is passed on; what it holds stays in force."""
    await set_control(station, curve("one"))
    two.answers["SetDERControl"] = {"status": word}
    with pytest.raises(CommandRejected) as error:
        await set_control(station, curve("two", priority=0))
    assert error.value.status == word
    assert states(station) == {"one": ControlState.ACTIVE}


# --- which is in force ----------------------------------------------------------------------


async def test_the_default_with_the_lowest_priority_value_prevails(
    station: ChargingStation, two: Two
) -> None:
    """The one before is superseded (R04.FR.03), whether or not the station says so."""
    await set_control(station, droop("weak", default=True, priority=5))
    await set_control(station, droop("strong", default=True, priority=1))
    assert two.state.controls["weak"]["isSuperseded"]
    expected = {"weak": ControlState.SUPERSEDED, "strong": ControlState.ACTIVE}
    assert states(station) == expected
    two.answers["SetDERControl"] = {"status": "Accepted"}
    await set_control(station, droop("stronger", default=True, priority=0))
    await set_control(station, droop("late", default=True, priority=2))
    assert states(station) == {
        "weak": ControlState.SUPERSEDED,
        "strong": ControlState.SUPERSEDED,
        "stronger": ControlState.ACTIVE,
        "late": ControlState.SUPERSEDED,
    }


async def test_a_scheduled_control_stands_in_for_the_default(
    station: ChargingStation, two: Two
) -> None:
    """Until it is over (R04.FR.04, FR.10, FR.11)."""
    await set_control(
        station,
        droop("usual", default=True, priority=0),
        droop("now", startTime=moment(-1), duration=1.3),
        droop("later", startTime=moment(900), duration=60),
    )
    assert states(station) == {
        "usual": ControlState.STANDBY,
        "now": ControlState.ACTIVE,
        "later": ControlState.SCHEDULED,
    }
    # No message says so.
    await until(station, GRID, lambda: states(station)["now"] is ControlState.ENDED)
    assert states(station)["usual"] is ControlState.ACTIVE


async def test_a_scheduled_control_begins_by_the_clock(
    station: ChargingStation, two: Two
) -> None:
    """Also where the station does not tell."""
    await set_control(station, droop("soon", startTime=moment(0.3), duration=900))
    await until(station, GRID, lambda: states(station)["soon"] is ControlState.ACTIVE)


async def test_a_control_that_waits_gives_way_at_once(
    station: ChargingStation, two: Two
) -> None:
    """Also to one that begins much later (R04.FR.06)."""
    await set_control(
        station,
        droop("weak", priority=2, startTime=moment(60), duration=60),
        droop("strong", priority=1, startTime=moment(900), duration=60),
    )
    assert states(station) == {
        "weak": ControlState.SUPERSEDED,
        "strong": ControlState.SCHEDULED,
    }


async def test_a_control_that_runs_gives_way_when_the_other_begins(
    station: ChargingStation, two: Two
) -> None:
    """One with a higher value is superseded from the beginning (R04.FR.07, FR.08)."""
    await set_control(
        station,
        droop("runs", priority=2, startTime=moment(-60), duration=900),
    )
    await start_stop(two, "runs")
    await set_control(
        station,
        droop("strong", priority=1, startTime=moment(600), duration=60),
        droop("weak", priority=3, startTime=moment(10), duration=60),
    )
    assert states(station) == {
        "runs": ControlState.ACTIVE,
        "strong": ControlState.SCHEDULED,
        "weak": ControlState.SUPERSEDED,
    }
    # The station's clock is not ours.
    await start_stop(two, "strong", "runs")
    assert states(station)["strong"] is ControlState.ACTIVE
    assert states(station)["runs"] is ControlState.SUPERSEDED


@pytest.mark.proves("NotifyDERStartStop", ocpp="2.1")
async def test_a_control_begins_and_ends_as_the_station_says(
    station: ChargingStation, two: Two
) -> None:
    await set_control(station, droop("one", startTime=moment(60), duration=60))
    assert states(station) == {"one": ControlState.SCHEDULED}
    await start_stop(two, "one")
    assert states(station) == {"one": ControlState.ACTIVE}
    await start_stop(two, "one", started=False)
    assert states(station) == {"one": ControlState.ENDED}


async def test_a_control_that_somebody_else_set_is_asked_about(
    station: ChargingStation, two: Two
) -> None:
    """Once: a station may not know itself what it told of."""
    two.state.controls["theirs"] = droop(
        "theirs", startTime=moment(60), duration=60
    ) | {"isSuperseded": False}
    await start_stop(two, "theirs")
    await until(
        station, GRID, lambda: states(station) == {"theirs": ControlState.ACTIVE}
    )
    two.state.controls.clear()
    two.received.clear()
    for _ in range(2):
        await start_stop(two, "ghost")
    await two.wait_for_call("GetDERControl")
    await until(station, GRID, lambda: not states(station))
    asked = [frame for frame in two.received if frame[2:3] == ["GetDERControl"]]
    assert len(asked) == 1


async def test_a_station_that_does_not_say_what_began(
    station: ChargingStation, two: Two
) -> None:
    """It is noted, and nothing made up."""
    two.answers["GetDERControl"] = {"status": "Rejected"}
    await start_stop(two, "ghost")
    note = "reading controls: CommandRejected"
    await until(station, GRID, lambda: note in station.notes)
    assert states(station) == {}


async def test_requests_for_reports_are_not_gathered_without_end(
    station: ChargingStation, two: Two
) -> None:
    """Of reports that never came the oldest are given up."""
    await set_control(station, curve("one"))
    two.answers["GetDERControl"] = {"status": "Accepted"}
    for number in range(20, 30):
        await station.sending.command("GetDERControl", {"requestId": number})
    await two.call("ReportDERControl", {"requestId": 20})
    assert set(states(station)) == {"one"}
    await two.call("ReportDERControl", {"requestId": 29})
    assert states(station) == {}


async def test_a_station_that_is_better_not_asked(
    station: ChargingStation, two: Two
) -> None:
    """Nobody asks it of their own accord."""
    station.apply_settings(
        StationSettings(compatibility={"never_sent": frozenset({"GetDERControl"})})
    )
    await prepared(station)
    two.received.clear()
    with pytest.raises(NotSupported):
        await station.der_control.read()
    await start_stop(two, "ghost")
    await two.boot()
    await prepared(station)
    assert not any(frame[2:3] == ["GetDERControl"] for frame in two.received)


# --- clearing -------------------------------------------------------------------------------


@pytest.mark.proves("ClearDERControl", ocpp="2.1")
@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"isDefault": True, "controlId": "one"}, {"two", "three", "four"}),
        ({"isDefault": True, "controlType": "VoltVar"}, {"one", "three", "four"}),
        ({"isDefault": True}, {"four"}),
        ({"isDefault": False}, {"one", "two", "three"}),
        # It is no default: there is nothing to clear, and that is as good.
        ({"isDefault": True, "controlId": "four"}, {"one", "two", "three", "four"}),
    ],
)
async def test_controls_are_cleared(
    station: ChargingStation, two: Two, wanted: dict[str, Any], left: set[str]
) -> None:
    """By their id, or their type, or all that are defaults or are not."""
    await set_control(
        station,
        curve("one"),
        curve("two", "VoltVar"),
        droop("three", default=True),
        droop("four", startTime=moment(60), duration=60),
    )
    await station.sending.command("ClearDERControl", wanted)
    assert set(states(station)) == set(two.state.controls) == left


async def test_what_can_not_be_cleared_stays(
    station: ChargingStation, two: Two
) -> None:
    await set_control(station, curve("one"))
    for word in ("Rejected", "NotSupported"):
        two.answers["ClearDERControl"] = {"status": word}
        with pytest.raises(CommandRejected):
            await station.sending.command("ClearDERControl", {"isDefault": True})
    assert set(states(station)) == {"one"}


# --- reports --------------------------------------------------------------------------------


@pytest.mark.proves("ReportDERControl", ocpp="2.1")
@pytest.mark.proves("GetDERControl", ocpp="2.1")
async def test_what_the_station_holds_is_told_in_parts(
    station: ChargingStation, two: Two
) -> None:
    """What is not among it is not there any more; the rest is as it says."""
    await set_control(station, curve("gone"), droop("kept", default=True, priority=4))
    del two.state.controls["gone"]
    absorb = {
        "controlId": "pf",
        "controlType": "FixedPFAbsorb",
        "isDefault": True,
        "isSuperseded": True,
        "fixedPFAbsorb": {"priority": 9, "displacement": 0.95, "excitation": True},
    }
    enter = {
        "controlId": "enter",
        "controlType": "EnterService",
        "isDefault": True,
        "enterService": {"priority": 1, **ENTER},
    }
    new = curve("new", "VoltVar") | {"isSuperseded": False}
    two.state.controls |= {"pf": absorb, "enter": enter, "new": new}
    assert await get_controls(station) == {
        "kept": ControlState.ACTIVE,
        "pf": ControlState.SUPERSEDED,
        "enter": ControlState.ACTIVE,
        "new": ControlState.ACTIVE,
    }
    known = {control.id: control for control, _ in station.der_control.controls}
    assert known["pf"].values == absorb["fixedPFAbsorb"]
    assert known["pf"].default
    assert (known["enter"].default, known["new"].type) == (True, "VoltVar")
    assert len(two.sent_calls("ReportDERControl")) == 2
    # One that is asked for alone, and one that is not there.
    del two.state.controls["new"]
    found = await get_controls(station, 2, controlId="pf")
    assert set(found) == {"kept", "pf", "enter", "new"}
    found = await get_controls(station, 3, controlType="VoltVar")
    assert set(found) == {"kept", "pf", "enter"}
    assert await get_controls(station, 4, isDefault=False) == found
    two.state.controls.clear()
    assert await get_controls(station, 5) == {}


async def test_a_control_that_is_set_during_a_report_stays(
    station: ChargingStation, two: Two
) -> None:
    """The report was written before."""
    two.answers["GetDERControl"] = {"status": "Accepted"}
    await station.sending.command("GetDERControl", {"requestId": 8})
    await set_control(station, curve("new"))
    await two.call("ReportDERControl", {"requestId": 8})
    assert set(states(station)) == {"new"}


async def test_a_report_that_nobody_asked_for_is_answered_and_known(
    station: ChargingStation, two: Two
) -> None:
    """Nothing that is not in it is forgotten."""
    await set_control(station, curve("one"))
    item = {
        "id": "two",
        "curveType": "VoltVar",
        "isDefault": True,
        "isSuperseded": False,
        "curve": {"priority": 1, **CURVE},
    }
    told = {"requestId": 99, "curve": [item], "tbc": False}
    assert await two.call("ReportDERControl", told) == {}
    assert set(states(station)) == {"one", "two"}


async def test_what_is_no_control_is_left_out(
    station: ChargingStation, two: Two
) -> None:
    """Nor is what it holds kept where no control is that long."""
    long = {"priority": 1, **CURVE, "text": "x" * 9_000}
    told = {
        "requestId": 99,
        "curve": [
            7,
            {"id": "x"},
            {"id": "", "curveType": "VoltVar", "curve": CURVE},
            {"id": "y" * 99, "curveType": "VoltVar", "curve": long},
        ],
        "freqDroop": {"id": "z"},
        "fixedVar": [
            {"id": "v", "fixedVar": {"priority": "x", "duration": -1, "startTime": 5}}
        ],
    }
    assert await two.call("ReportDERControl", told, validate=False) == {}
    known = {control.id: control for control, _ in station.der_control.controls}
    assert set(known) == {"y" * 36, "v"}
    assert known["y" * 36].values == {}
    assert (known["v"].priority, known["v"].duration, known["v"].start) == (
        0,
        None,
        None,
    )


async def test_the_register_does_not_grow_without_end(
    station: ChargingStation, two: Two
) -> None:
    """What is over makes room."""
    two.answers["SetDERControl"] = {"status": "Accepted"}
    await set_control(station, *(curve(str(n)) for n in range(MOST_CONTROLS + 5)))
    assert len(states(station)) == MOST_CONTROLS
    assert "SetDERControl: too many controls" in station.notes
    await start_stop(two, "7", started=False)
    await set_control(station, curve("new"))
    assert "new" in states(station)
    assert len(states(station)) == MOST_CONTROLS
    for number in range(100, 150):
        await start_stop(two, str(number), started=False)
    ended = [it for it in states(station).values() if it is ControlState.ENDED]
    assert len(ended) == 20


# --- getting to know it ---------------------------------------------------------------------


async def test_a_station_that_can_be_controlled_is_asked_when_it_connects(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """What it holds is known then, and after a restart of this end."""
    two.state.controls["theirs"] = curve("theirs") | {"isSuperseded": False}
    two.received.clear()
    await two.boot()
    await prepared(station)
    await two.settle()
    asked = [frame for frame in two.received if frame[2:3] == ["GetDERControl"]]
    assert len(asked) == 1
    assert states(station) == {"theirs": ControlState.ACTIVE}
    await grid_alarm(two, extraInfo="Substation")
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.der_control.seen
    assert reborn.der_control.controls == station.der_control.controls
    assert reborn.der_control.alarm == station.der_control.alarm is not None
    await other.close()


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
async def test_a_station_that_can_not_be_controlled_is_not_asked(
    station: ChargingStation, connect_station: MakeTwo, version: str
) -> None:
    two = await connect_station(
        version=version, variables=der_variables() if version == "ocpp2.0.1" else ()
    )
    await two.power_up()
    await prepared(station)
    assert not station.der_control.seen
    assert not any(frame[2:3] == ["GetDERControl"] for frame in two.received)


async def test_a_station_that_can_not_be_controlled_any_more(
    station: ChargingStation, two: Two
) -> None:
    """Nothing is known of controls of it then."""
    await set_control(station, curve("one"))
    await grid_alarm(two)
    two.answers["GetDERControl"] = CallError("NotSupported")
    await two.boot()
    await prepared(station)
    assert not station.der_control.seen
    assert (states(station), station.der_control.alarm) == ({}, None)


# --- alarms ---------------------------------------------------------------------------------


@pytest.fixture
def alarms(station: ChargingStation) -> list[GridAlarm]:
    """Return the alarms that happen."""
    found: list[GridAlarm] = []
    station.follow(
        lambda event: found.append(event) if isinstance(event, GridAlarm) else None
    )
    return found


@pytest.mark.proves("NotifyDERAlarm", ocpp="2.1")
async def test_there_is_one_alarm_at_a_time(
    station: ChargingStation, two: Two, alarms: list[GridAlarm]
) -> None:
    """A second one takes the place of the first, whose end is not told (R05)."""
    await grid_alarm(two, "VoltWatt", "OverVoltage", extraInfo="x" * 200)
    first = station.der_control.alarm
    assert first is not None
    assert (first.control, first.fault) == ("VoltWatt", "OverVoltage")
    assert first.info == "x" * 200
    later = moment(1)
    await grid_alarm(two, "HFMustTrip", "OverFrequency", timestamp=later)
    second = station.der_control.alarm
    assert second is not None
    assert (second.control, second.fault) == ("HFMustTrip", "OverFrequency")
    assert second.since == first.since
    await grid_alarm(two, "HFMustTrip", None, ended=True, timestamp=moment(2))
    assert station.der_control.alarm is None
    told = [(event.control, event.fault, event.ended) for event in alarms]
    assert told == [
        ("VoltWatt", "OverVoltage", False),
        ("HFMustTrip", "OverFrequency", False),
        ("HFMustTrip", "", True),
    ]


async def test_an_alarm_that_is_told_again_or_late_changes_nothing(
    station: ChargingStation, two: Two, alarms: list[GridAlarm]
) -> None:
    """A message may be repeated, and what was queued comes after what is newer."""
    began, ended = moment(-60), moment(-30)
    await grid_alarm(two, timestamp=began)
    await grid_alarm(two, timestamp=began)
    assert len(alarms) == 1
    await grid_alarm(two, ended=True, timestamp=ended)
    await grid_alarm(two, "HFMustTrip", timestamp=moment(-45))
    assert station.der_control.alarm is None
    assert len(alarms) == 3


async def test_an_alarm_of_a_clock_that_was_ahead_ends(
    station: ChargingStation, two: Two
) -> None:
    """The clock was set meanwhile; what was queued before the alarm does not end it."""
    await grid_alarm(two, timestamp=moment(240))
    await grid_alarm(two, ended=True, timestamp=moment(-120))
    await grid_alarm(two, "HFMustTrip", ended=True, timestamp=moment(2))
    assert station.der_control.alarm is not None
    await grid_alarm(two, ended=True, timestamp=moment(1))
    assert station.der_control.alarm is None


async def test_so_it_does_after_a_restart(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await grid_alarm(two, timestamp=moment(240))
    kept = station.der_control.facts()
    reborn = central._build(IDENTITY, StationSettings())
    reborn.der_control.recall(kept)
    reborn.der_control.on_alarm(
        {"controlType": "VoltWatt", "timestamp": moment(-120), "alarmEnded": True}
    )
    assert reborn.der_control.alarm is not None
    reborn.der_control.on_alarm(
        {"controlType": "VoltWatt", "timestamp": moment(1), "alarmEnded": True}
    )
    assert reborn.der_control.alarm is None
    await reborn.stop()


async def test_an_end_that_was_queued_before_an_alarm_is_not_its_end(
    station: ChargingStation, two: Two
) -> None:
    """Of a station whose clock goes as ours does."""
    await grid_alarm(two, timestamp=moment(-5))
    await grid_alarm(two, ended=True, timestamp=moment(-30))
    assert station.der_control.alarm is not None


async def test_an_alarm_without_words_is_still_one(
    station: ChargingStation, two: Two
) -> None:
    """Whatever the station leaves out."""
    assert await two.call("NotifyDERAlarm", {}, validate=False) == {}
    alarm = station.der_control.alarm
    assert alarm is not None
    assert (alarm.control, alarm.fault, alarm.info) == ("", "", "")
