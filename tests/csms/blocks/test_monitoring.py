"""Monitors of variables, and what stations tell of them."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import (
    EvseStatus,
    Part,
    StationSettings,
    Topic,
    timestamp,
    utcnow,
)
from custom_components.ocpp.csms.variables import VariableMonitored, at
from tests.csms.conftest import IDENTITY, prepared
from tests.simulator.link import CallError
from tests.simulator_v2 import Station as Two, Variable

POWER = at("EVSE", "Power", evse=1)
LOCK: dict[str, Any] = {
    "name": "ConnectorPlugRetentionLock",
    "evse": {"id": 2, "connectorId": 1},
}
PROBLEM = {"name": "Problem"}
LOCK_PROBLEM = at("ConnectorPlugRetentionLock", "Problem", evse=2, connector=1)


def happened(station: ChargingStation) -> list[VariableMonitored]:
    """Return what happens from now on, as it happens."""
    events: list[VariableMonitored] = []
    station.follow(
        lambda event: (
            events.append(event) if isinstance(event, VariableMonitored) else None
        )
    )
    return events


def wish(
    kind: str = "UpperThreshold", value: float = 100, **more: Any
) -> dict[str, Any]:
    """Return the wish for a monitor of the power of EVSE 1."""
    return {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "type": kind,
        "value": value,
        "severity": 4,
        **more,
    }


async def watch(station: ChargingStation, *wishes: dict[str, Any]) -> list[int]:
    """Have a station watch something; return the monitors' ids."""
    answer = await station.device_model.command_in_parts(
        "SetVariableMonitoring", {"setMonitoringData": list(wishes)}
    )
    results = answer.raw["setMonitoringResult"]
    return [result["id"] for result in results if "id" in result]


def settable(two: Two) -> Variable:
    """Return the power of EVSE 1 as something that the test sets."""
    power = two.variables["EVSE[1].Power"]
    power.read, power.value = None, "0"
    return power


# --- events ---------------------------------------------------------------------------------


async def test_g05_a_lock_that_fails_is_a_problem(
    station: ChargingStation, two: Two
) -> None:
    """Until the station says that it is well again."""
    told: list[int] = []
    key = LOCK_PROBLEM.key
    station.watch(Part(Topic.PROBLEM, 2, key.text), lambda: told.append(1))
    await two.notify_event(
        LOCK, PROBLEM, "true", trigger="Alerting", techCode="E7", techInfo="jammed"
    )
    problem = station.monitoring.problems[key]
    assert (problem.value, problem.tech_code, problem.tech_info) == (
        *("true", "E7", "jammed"),
    )
    await two.notify_event(LOCK, PROBLEM, "false", trigger="Alerting", cleared=True)
    assert station.monitoring.problems == {}
    assert station.monitoring.seen == {key: LOCK_PROBLEM}
    assert told == [1, 1]


async def test_n07_an_alert_lasts_until_it_is_cleared(
    station: ChargingStation, two: Two
) -> None:
    """As long as any of its monitors tells so; the event has all that was told."""
    events = happened(station)
    settable(two)
    upper, higher = await watch(station, wish(), wish(value=200, severity=2))
    await two.set_value("EVSE[1].Power", "300")
    assert station.monitoring.problems[POWER.key].monitors == (upper, higher)
    await two.set_value("EVSE[1].Power", "150")
    problem = station.monitoring.problems[POWER.key]
    assert problem.monitors == (upper,)
    await two.set_value("EVSE[1].Power", "50")
    assert station.monitoring.problems == {}
    assert [(event.type, event.value, event.monitor) for event in events] == [
        ("alert", "300", upper),
        ("alert", "300", higher),
        ("alert_cleared", "150", higher),
        ("alert_cleared", "50", upper),
    ]
    assert {event.severity for event in events} == {4, 2}
    assert {event.origin for event in events} == {"CustomMonitor"}
    assert station.device_model.value("EVSE", "Power", evse=1) == "50"


async def test_n07_events_tell_what_caused_them(
    station: ChargingStation, two: Two
) -> None:
    """By the number of the other event."""
    events = happened(station)
    await two.notify_event(LOCK, PROBLEM, "true", trigger="Alerting")
    await two.notify_event(
        {"name": "ChargingStation"},
        PROBLEM,
        "true",
        trigger="Alerting",
        cause=events[0].number,
        transactionId="T1",
    )
    assert events[1].cause == events[0].number
    assert events[1].transaction_id == "T1"


async def test_n08_a_periodic_event_tells_a_value(
    station: ChargingStation, two: Two
) -> None:
    """It is what the variable is now, and no problem."""
    events = happened(station)
    settable(two)
    await watch(station, wish("Periodic", 10))
    two.variables["EVSE[1].Power"].value = "7000"
    await two.watch_all(10)
    assert [(event.type, event.value) for event in events] == [("periodic", "7000")]
    assert station.device_model.value("EVSE", "Power", evse=1) == "7000"
    assert station.monitoring.problems == {}


async def test_a_delta_tells_a_value(station: ChargingStation, two: Two) -> None:
    """As a periodic one does."""
    events = happened(station)
    settable(two)
    await watch(station, wish("Delta", 10))
    await two.set_value("EVSE[1].Power", "5")
    await two.set_value("EVSE[1].Power", "50")
    assert [(event.type, event.value) for event in events] == [("delta", "50")]


async def test_what_was_queued_does_not_replace_what_is_newer(
    station: ChargingStation, two: Two
) -> None:
    """The values come with their times."""
    place: tuple[dict[str, Any], dict[str, Any]] = (
        {"name": "EVSE", "evse": {"id": 1}},
        {"name": "Power"},
    )
    now = two.timestamp()
    await two.notify_event(*place, "50", timestamp=now)
    await two.notify_event(*place, "40", timestamp="2026-01-01T00:00:00Z")
    assert station.device_model.value("EVSE", "Power", evse=1) == "50"


async def test_an_older_alert_does_not_bring_back_what_is_well_again(
    station: ChargingStation, two: Two
) -> None:
    """It was queued, and the word that all is well overtook it. It is told all the same."""
    events = happened(station)
    now = utcnow()
    begin, again, end = (timestamp(now - timedelta(minutes=it)) for it in (30, 20, 10))
    alert = {"trigger": "Alerting", "techCode": "E7"}
    await two.notify_event(LOCK, PROBLEM, "true", timestamp=begin, **alert)
    assert LOCK_PROBLEM.key in station.monitoring.problems
    await two.notify_event(
        LOCK, PROBLEM, "false", trigger="Alerting", timestamp=end, cleared=True
    )
    assert station.monitoring.problems == {}
    await two.notify_event(LOCK, PROBLEM, "true", timestamp=again, **alert)
    assert station.monitoring.problems == {}
    assert [event.type for event in events] == ["alert", "alert_cleared", "alert"]
    # What happens after it is a problem again.
    await two.notify_event(LOCK, PROBLEM, "true", timestamp=timestamp(now), **alert)
    assert LOCK_PROBLEM.key in station.monitoring.problems


async def test_events_tell_what_connectors_do(
    station: ChargingStation, two: Two
) -> None:
    """In place of StatusNotification (G01); that is no problem of its own."""
    for trigger, state in (("Delta", "Faulted"), ("Alerting", "Unavailable")):
        for connector in (1, 2):
            await two.notify_event(
                {"name": "Connector", "evse": {"id": 2, "connectorId": connector}},
                {"name": "AvailabilityState"},
                state,
                trigger=trigger,
            )
        if state == "Faulted":
            assert station.availability.states[2].status is EvseStatus.FAULTED
    assert station.availability.states[2].status is EvseStatus.UNAVAILABLE
    assert station.monitoring.problems == {}


async def test_the_same_event_happens_once(station: ChargingStation, two: Two) -> None:
    """However often the station sends it."""
    events = happened(station)
    for _ in range(2):
        await two.notify_event(
            LOCK,
            PROBLEM,
            "true",
            trigger="Alerting",
            eventId=7,
            timestamp="2026-11-01T00:00:00Z",
        )
    assert len(events) == 1


async def test_a_variable_that_says_that_all_is_well_is_believed(
    station: ChargingStation, two: Two
) -> None:
    """Also without a word of having cleared anything."""
    await two.notify_event(LOCK, PROBLEM, "true", trigger="Delta")
    assert LOCK_PROBLEM.key in station.monitoring.problems
    await two.notify_event(LOCK, PROBLEM, "false", trigger="Delta")
    assert station.monitoring.problems == {}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"eventData": None},
        {"eventData": [1, {}, {"component": {"name": "A"}}]},
        {"eventData": {"component": "A", "variable": "B"}},
    ],
)
async def test_events_that_make_no_sense_are_answered(
    station: ChargingStation, two: Two, broken: dict[str, Any]
) -> None:
    """They would be sent again for ever."""
    events = happened(station)
    message = {"generatedAt": two.timestamp(), "seqNo": 0} | broken
    assert await two.call("NotifyEvent", message, validate=False) == {}
    assert events == []
    two.violations.clear()


async def test_secrets_are_not_told(station: ChargingStation, two: Two) -> None:
    """Whatever a station has watched."""
    events = happened(station)
    await two.notify_event({"name": "TokenReader"}, {"name": "Token"}, "04AB")
    assert [event.value for event in events] == [None]
    assert "04AB" not in repr(station.device_model.variables)


async def test_no_station_has_problems_without_end(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would be an entity."""
    module = "custom_components.ocpp.csms.blocks.monitoring"
    monkeypatch.setattr(f"{module}._MOST_PROBLEMS", 2)
    for number in range(3):
        await two.notify_event(
            {"name": f"Part{number}"}, PROBLEM, "true", trigger="Alerting"
        )
    assert len(station.monitoring.problems) == 2
    assert station.notes["NotifyEvent: too many problems"] == 1


# --- monitors -------------------------------------------------------------------------------


async def test_n02_a_station_tells_its_monitors(
    station: ChargingStation, two: Two
) -> None:
    """In parts; what it does not tell any more is gone."""
    kinds = ("UpperThreshold", "LowerThreshold", "Delta", "Periodic")
    numbers = await watch(
        station, *(wish(kind, severity=it) for kind in kinds for it in (1, 2))
    )
    assert len(numbers) == 8
    station.monitoring.monitors.clear()
    await station.monitoring.read()
    assert sorted(station.monitoring.monitors) == sorted(numbers)
    del two.state.monitors[numbers[0]]
    await station.monitoring.read()
    assert sorted(station.monitoring.monitors) == sorted(numbers[1:])
    two.state.monitors.clear()
    await station.monitoring.read()
    assert station.monitoring.monitors == {}


async def test_a_report_that_nobody_asked_for_is_taken_up(
    station: ChargingStation, two: Two
) -> None:
    """Of what makes sense in it; none of it was set by people."""
    monitor = {"transaction": True, "value": 5, "type": "LowerThreshold", "severity": 1}
    item = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "variableMonitoring": [
            {"id": 3, **monitor},
            {"id": "many", **monitor},
            {"id": 4, "value": None},
            "none",
        ],
    }
    message = {
        "requestId": 0,
        "seqNo": 0,
        "generatedAt": two.timestamp(),
        "monitor": [item, item | {"variable": {}}, None],
    }
    assert await two.call("NotifyMonitoringReport", message, validate=False) == {}
    two.violations.clear()
    assert list(station.monitoring.monitors) == [3]
    known = station.monitoring.monitors[3]
    assert (known.transaction, known.custom) == (True, False)
    assert known.is_exceeded(4) and not known.is_exceeded(6)
    assert known._replace(type="Delta").is_exceeded(4) is None


async def test_monitors_that_can_not_be_read_again_stay_known(
    station: ChargingStation, two: Two
) -> None:
    """A station that does not tell them may have them all the same."""
    (number,) = await watch(station, wish())
    two.answers["GetMonitoringReport"] = CallError("NotImplemented")
    await two.reset()
    await prepared(station)
    assert list(station.monitoring.monitors) == [number]


@pytest.mark.parametrize(
    ("base", "left"), [("All", 1), ("FactoryDefault", 0), ("HardWiredOnly", 0)]
)
async def test_n03_the_base_of_monitors(
    station: ChargingStation, two: Two, base: str, left: int
) -> None:
    """Only with all of them those stay that people set."""
    await watch(station, wish())
    await station.sending.command("SetMonitoringBase", {"monitoringBase": base})
    assert station.monitoring.base == base
    assert len(station.monitoring.monitors) == left == len(two.state.monitors)


async def test_n04_monitors_are_known_by_the_ids_the_station_gave_them(
    station: ChargingStation, two: Two
) -> None:
    """In as many messages as it takes; what it refused is not known."""
    two.variables["MonitoringCtrlr.ItemsPerMessage.SetVariableMonitoring"].value = "1"
    await station.device_model.read(
        "MonitoringCtrlr", "ItemsPerMessage", instance="SetVariableMonitoring"
    )
    refused = wish() | {"component": {"name": "Nowhere"}}
    numbers = await watch(station, wish(), refused, wish("Delta", 5))
    assert len(numbers) == 2
    first, second = (station.monitoring.monitors[it] for it in numbers)
    assert (first.type, first.value, first.severity, first.custom) == (
        *("UpperThreshold", 100, 4, True),
    )
    assert (second.type, second.place) == ("Delta", POWER)


async def test_n04_after_a_restart_the_monitors_are_read_again(
    station: ChargingStation, two: Two
) -> None:
    """Where people set any: the station may have lost them."""
    await two.reset()
    await prepared(station)
    assert not any(it[2] == "GetMonitoringReport" for it in two.received if it[0] == 2)
    lost, kept = await watch(station, wish(), wish("Delta", 5))
    del two.state.monitors[lost]
    await two.reset()
    await prepared(station)
    assert list(station.monitoring.monitors) == [kept]
    assert station.monitoring.monitors[kept].custom


async def test_n05_the_level_of_monitoring(station: ChargingStation, two: Two) -> None:
    """What the station refuses is not known."""
    await station.sending.command("SetMonitoringLevel", {"severity": 4})
    assert station.monitoring.level == 4
    with pytest.raises(CommandRejected):
        await station.sending.command("SetMonitoringLevel", {"severity": 10})
    assert station.monitoring.level == 4


async def test_n06_monitors_that_are_cleared_are_forgotten(
    station: ChargingStation, two: Two
) -> None:
    """Also one that the station does not know; with what only they told to be wrong."""
    settable(two)
    one, other, gone = await watch(
        station, wish(), wish(severity=2), wish("LowerThreshold", -1)
    )
    del two.state.monitors[gone]
    await two.set_value("EVSE[1].Power", "300")

    async def clear(*numbers: int) -> list[str]:
        answer = await station.device_model.exchange(
            "ClearVariableMonitoring", {"id": list(numbers)}
        )
        return [it["status"] for it in answer.raw["clearMonitoringResult"]]

    assert await clear(one, gone) == ["Accepted", "NotFound"]
    assert list(station.monitoring.monitors) == [other]
    assert POWER.key in station.monitoring.problems
    assert await clear(other) == ["Accepted"]
    assert station.monitoring.problems == {}


# --- restarts -------------------------------------------------------------------------------


async def test_what_a_restart_mended_is_no_problem_any_more(
    station: ChargingStation, two: Two
) -> None:
    """The station, which does not tell, is asked."""
    lock = Variable(
        component="ConnectorPlugRetentionLock",
        name="Problem",
        value="true",
        evse=2,
        connector=1,
        data_type="boolean",
        monitored=True,
    )
    two.variables[lock.key] = lock
    settable(two)
    await watch(station, wish())
    await two.set_value("EVSE[1].Power", "300")
    await two.notify_event(LOCK, PROBLEM, "true", trigger="Alerting")
    await two.notify_event({"name": "Fan"}, PROBLEM, "true", trigger="Alerting")
    assert len(station.monitoring.problems) == 3
    await two.reset()
    await prepared(station)
    # A fan the station does not have any more.
    assert set(station.monitoring.problems) == {POWER.key, LOCK_PROBLEM.key}
    lock.value, two.variables["EVSE[1].Power"].value = "false", "30"
    await two.reset()
    await prepared(station)
    assert station.monitoring.problems == {}


async def test_monitors_and_problems_outlive_a_restart_of_home_assistant(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """As they were."""
    await watch(station, wish())
    await station.sending.command("SetMonitoringLevel", {"severity": 4})
    await two.notify_event(
        LOCK, PROBLEM, "true", trigger="Alerting", variableMonitoringId=9
    )
    await two.disconnect()
    await station.stop()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    for name in ("monitors", "problems", "seen", "base", "level"):
        assert getattr(reborn.monitoring, name) == getattr(station.monitoring, name)
    assert reborn.monitoring.monitors != {} != reborn.monitoring.problems
    await other.close()
