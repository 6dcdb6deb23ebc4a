"""Sessions of 2.1 that go on after a restart, or when the power is back (B13, E17)."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.events import SessionEnded, SessionStarted
from custom_components.ocpp.csms.model import (
    UNKNOWN_END,
    Payload,
    RateUnit,
    Transaction,
    utcnow,
)
from tests.csms.conftest import MakeTwo, prepared
from tests.simulator_v2 import Car, Station as Two, make
from tests.simulator_v2.commands.dynamic import able
from tests.simulator_v2.resuming import come_back, lose_power

PROFILE = {
    "id": 70,
    "stackLevel": 5,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Absolute",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2036-01-01T00:00:00.000Z",
    "maxOfflineDuration": 600,
    "chargingSchedule": [
        {
            "id": 1,
            "startSchedule": "2026-11-01T00:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 9.0},
                {"startPeriod": 600, "limit": 7.0, "numberPhases": 1},
            ],
        }
    ],
}
KEEPS = make.flag(
    "SmartChargingCtrlr", "ChargingProfilePersistence", True, instance="TxProfile"
)


async def with_21(
    station: ChargingStation, connect_station: MakeTwo, *variables: make.Variable
) -> Two:
    """Return a station of 2.1 with a car that charges."""
    two = await connect_station(version="ocpp2.1", variables=list(variables))
    await two.power_up()
    await prepared(station)
    await two.plug_in(1, car=Car(phases=3, max_current=16))
    assert await two.present_card(1)
    await two.settle()
    return two


def running(station: ChargingStation) -> Transaction:
    """Return the session that runs."""
    session = station.transactions.running(1)
    assert session is not None
    return session


def of_sessions(frames: list[Any], since: int = 0) -> list[Payload]:
    """Return the profiles of sessions that came in since so many frames."""
    return [
        it[3]["chargingProfile"]
        for it in frames[since:]
        if it[2:3] == ["SetChargingProfile"]
        and it[3]["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    ]


async def interrupted(station: ChargingStation, two: Two, how: str) -> None:
    """Have the station go, and come back with its session."""
    if how == "restart":
        socket_since = station.connected_at
        await station.sending.command("Reset", {"type": "ImmediateAndResume"})
        await two.until(lambda: station.connected_at != socket_since, 5)
        await two.until(lambda: resumed(two), 5)
    else:
        lose_power(two)
        await come_back(two)
    await prepared(station)
    await two.settle()


def resumed(two: Two) -> list[Payload]:
    """Return what was said of sessions that go on."""
    events = two.sent_calls("TransactionEvent")
    return [it for it in events if it["triggerReason"] == "TxResumed"]


@pytest.mark.parametrize("how", ["restart", "power"])
@pytest.mark.proves("B13.FR.31", ocpp="2.1")
@pytest.mark.proves("E17.FR.15", ocpp="2.1")
async def test_a_resumed_session_is_told_its_profile_again(
    station: ChargingStation, connect_station: MakeTwo, how: str
) -> None:
    """The same profile, word by word, which nobody wants in the place of our limit."""
    two = await with_21(station, connect_station)
    profile = PROFILE | {"transactionId": running(station).id}
    await station.smart_charging.set_profile(1, profile)
    before = len(two.received)
    await interrupted(station, two, how)
    assert of_sessions(two.received, before) == [profile]
    held = [it.profile for it in two.profiles.installed if it.profile["id"] == 70]
    assert held == [profile]
    assert [it.id for it in station.smart_charging.installed.profiles] == [70]
    # Nothing is told again that was told already.
    before = len(two.received)
    await two.sample(1)
    await two.settle()
    assert of_sessions(two.received, before) == []


@pytest.mark.parametrize("how", ["restart", "power"])
@pytest.mark.parametrize("variables", [(), able()])
async def test_the_limit_of_a_resumed_session_is_in_force_again(
    station: ChargingStation,
    connect_station: MakeTwo,
    how: str,
    variables: list[make.Variable],
) -> None:
    """Also as a dynamic profile, which says what it said last."""
    two = await with_21(station, connect_station, *variables)
    await station.smart_charging.set_limit(1, 12)
    await station.smart_charging.set_limit(1, 10)
    before = len(two.received)
    await interrupted(station, two, how)
    (profile, *_) = of_sessions(two.received, before)
    (schedule,) = profile["chargingSchedule"]
    assert [it["limit"] for it in schedule["chargingSchedulePeriod"]] == [10]
    assert profile["transactionId"] == running(station).id
    assert two.flow(1).current == 10
    assert station.smart_charging.amperes(1) == 10
    # It counts as sure: the same again is not sent.
    before = len(two.received)
    await station.smart_charging.set_limit(1, 10)
    assert of_sessions(two.received, before) == []


@pytest.mark.proves("B13.FR.31", ocpp="2.1")
@pytest.mark.proves("E17.FR.15", ocpp="2.1")
async def test_a_station_that_keeps_profiles_is_not_told_again(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await with_21(station, connect_station, KEEPS)
    await station.smart_charging.set_limit(1, 10)
    assert len(of_sessions(two.received)) == 1
    await interrupted(station, two, "restart")
    await interrupted(station, two, "power")
    assert len(of_sessions(two.received)) == 1
    assert two.flow(1).current == 10
    assert station.smart_charging.amperes(1) == 10


@pytest.mark.parametrize("how", ["restart", "power"])
async def test_a_resumed_session_is_one_session(
    station: ChargingStation, connect_station: MakeTwo, how: str
) -> None:
    """Its energy and its cost go on, and nobody hears of an end or of a start."""
    station.tariff.fix(0.5, utcnow() - timedelta(hours=1))
    two = await with_21(station, connect_station)
    session = two.evses[1].transaction
    assert session is not None
    register = session.start_wh
    told: list[Any] = []
    station.follow(told.append)
    await two.tick(900)
    await two.sample(1)
    before = station.transactions.session(1)
    assert before is not None
    await interrupted(station, two, how)
    assert running(station).number == before.number
    await two.tick(900)
    await two.sample(1)
    await two.settle()
    whole = station.transactions.session(1)
    assert whole is not None
    assert whole.energy == pytest.approx(two.evses[1].meter_wh - register, abs=1)
    assert whole.energy > before.energy > 0
    assert whole.cost == pytest.approx(whole.energy / 1000 * 0.5, abs=0.01)
    assert not [it for it in told if isinstance(it, SessionStarted | SessionEnded)]
    await two.unplug(1)
    await two.settle()
    (ended,) = [it for it in told if isinstance(it, SessionEnded)]
    assert ended.transaction.number == before.number
    assert ended.transaction.energy == pytest.approx(whole.energy, abs=1)


async def test_a_session_that_seemed_over_goes_on_when_it_is_resumed(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """A station that just booted may not know yet that it will go on with it."""
    two = await with_21(station, connect_station)
    await station.smart_charging.set_limit(1, 10)
    two.answers["GetTransactionStatus"] = {
        "ongoingIndicator": False,
        "messagesInQueue": False,
    }
    session = two.evses[1].transaction
    assert session is not None
    lose_power(two)
    two.evses[1].transaction = None
    await come_back(two)
    await prepared(station)
    over = station.transactions.session(1)
    assert over is not None
    assert over.stop_reason == UNKNOWN_END
    before = len(two.received)
    two.evses[1].transaction = session
    del two.answers["GetTransactionStatus"]
    await two.transaction_event(session, "Updated", "TxResumed")
    await two.settle()
    assert running(station).number == over.number
    assert [it["id"] for it in of_sessions(two.received, before)] == [4]
    stored = await station.store.find(station.identity, session.id)
    assert stored is not None
    assert stored.running
    await two.unplug(1)
    await two.settle()
    again = station.transactions.session(1)
    assert again is not None
    assert (again.number, again.stop_reason) == (over.number, "ev_disconnected")


async def test_what_ended_for_certain_is_not_resumed(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await with_21(station, connect_station)
    await station.smart_charging.set_limit(1, 10, RateUnit.AMPERE)
    session = two.evses[1].transaction
    assert session is not None
    await two.unplug(1)
    before = len(two.received)
    await two.transaction_event(session, "Updated", "TxResumed")
    await two.settle()
    assert station.transactions.running(1) is None
    assert of_sessions(two.received, before) == []


async def test_a_profile_that_is_refused_is_only_noted(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """The session goes on all the same."""
    two = await with_21(station, connect_station)
    profile = PROFILE | {"transactionId": running(station).id}
    await station.smart_charging.set_profile(1, profile)
    two.answers["SetChargingProfile"] = {"status": "Rejected"}
    await interrupted(station, two, "power")
    assert running(station)
    assert station.notes["profile: not accepted again (CommandRejected)"] == 1
