"""Limits as dynamic profiles of 2.1: told once, and then only changed (K28)."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandRejected,
    CommandTimedOut,
    LimitTooHigh,
    NotSupported,
)
from custom_components.ocpp.csms.model import (
    Part,
    Payload,
    RateUnit,
    StationSettings,
    Topic,
)
from tests.csms.conftest import IDENTITY, MakeTwo, prepared, until
from tests.simulator import Silence
from tests.simulator_v2 import Car, Station as Two, make
from tests.simulator_v2.commands.dynamic import able, pull

SET, UPDATE, CLEAR = (
    "SetChargingProfile",
    "UpdateDynamicSchedule",
    "ClearChargingProfile",
)
REJECTED = {"status": "Rejected"}
type Restart = Callable[[], Awaitable[ChargingStation]]


def commands(two: Two, action: str) -> list[Payload]:
    """Return the payloads of the commands that came in."""
    return [it[3] for it in two.received if it[2:3] == [action]]


def profiles(two: Two) -> list[Payload]:
    """Return the profiles that came in."""
    return [it["chargingProfile"] for it in commands(two, SET)]


def kinds(two: Two) -> list[tuple[str, str]]:
    """Return purpose and kind of the profiles that came in."""
    return [
        (it["chargingProfilePurpose"], it["chargingProfileKind"])
        for it in profiles(two)
    ]


def updates(two: Two) -> list[tuple[int, Payload]]:
    """Return the changes of profiles that came in."""
    return [
        (it["chargingProfileId"], it["scheduleUpdate"]) for it in commands(two, UPDATE)
    ]


def known(station: ChargingStation) -> list[tuple[int, str, str, list[float]]]:
    """Return id, purpose, kind and limits of what the station is known to hold."""
    return [
        (
            it.id,
            it.purpose,
            it.kind,
            [
                period["limit"]
                for schedule in it.schedules
                for period in schedule["chargingSchedulePeriod"]
            ],
        )
        for it in station.smart_charging.installed.profiles
    ]


def written(number: int = 100, limit: float = 16, **rest: Any) -> Payload:
    """Return a dynamic profile as people write one."""
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": number,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Dynamic",
        "chargingSchedule": [schedule],
    } | rest


async def begin(two: Two, evse: int = 1) -> None:
    """Let a session begin."""
    await two.plug_in(evse, car=Car(phases=3, max_current=32))
    assert await two.present_card(evse)
    await two.settle()


async def leave(station: ChargingStation, two: Two) -> None:
    """Let the station lose its connection."""
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)


async def come_back(station: ChargingStation, two: Two) -> None:
    """Let it connect again without having booted."""
    await two.connect()
    await prepared(station)
    await two.settle()


async def dynamic_station(
    station: ChargingStation, connect_station: MakeTwo, **options: Any
) -> Two:
    """Return a station of 2.1 that has dynamic profiles, unless options say otherwise."""
    two = await connect_station(**{"version": "ocpp2.1", "variables": able()} | options)
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that has dynamic profiles."""
    return await dynamic_station(station, connect_station)


@pytest.fixture
async def restart(central: CentralSystem) -> AsyncGenerator[Restart]:
    """Return what begins anew with what was stored; stations can connect again."""
    async with AsyncExitStack() as stack:
        last = [central]

        async def restart() -> ChargingStation:
            await last[-1].close()
            other = CentralSystem(
                host="127.0.0.1",
                port=central.port,
                store=central.shared.store,
                options=central.options,
            )
            await other.open()
            stack.push_async_callback(other.close)
            reborn = await other.add_station(IDENTITY, StationSettings())
            await other.listen()
            last.append(other)
            return reborn

        yield restart


# --- what is sent -------------------------------------------------------------------------


@pytest.mark.proves("K28.FR.01", ocpp="2.1")
@pytest.mark.proves("K28.FR.02", ocpp="2.1")
async def test_a_limit_is_a_dynamic_profile_whose_value_is_changed(
    station: ChargingStation, two: Two
) -> None:
    for amperes in range(6, 17):
        limit = await station.smart_charging.set_limit(1, amperes)
        assert (limit.purpose, limit.sent_value) == ("TxDefaultProfile", amperes)
        assert station.smart_charging.amperes(1) == amperes
        assert known(station) == [(3, "TxDefaultProfile", "Dynamic", [amperes])]
    assert commands(two, SET) == [
        {
            "evseId": 1,
            "chargingProfile": {
                "id": 3,
                "stackLevel": 8,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Dynamic",
                "chargingSchedule": [
                    {
                        "id": 3,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
                    }
                ],
            },
        }
    ]
    assert updates(two) == [(3, {"limit": amperes}) for amperes in range(7, 17)]
    # The same again is not sent.
    await station.smart_charging.set_limit(1, 16)
    assert len(updates(two)) == 10
    await begin(two)
    assert two.flow(1).current == 16


async def test_in_a_session_the_profile_is_of_that_session(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 20)
    await begin(two)
    for amperes in (10, 8, 0, 13):
        await station.smart_charging.set_limit(1, amperes)
        assert two.flow(1).current == amperes
    assert kinds(two) == [("TxDefaultProfile", "Dynamic"), ("TxProfile", "Dynamic")]
    assert [it["limit"] for _, it in updates(two)] == [8, 0, 13]
    running = two.evses[1].transaction
    assert running is not None
    assert profiles(two)[1]["transactionId"] == running.id
    # The limit stands: the next session begins with it, in a profile of its own.
    await two.unplug(1)
    await begin(two)
    await two.until(lambda: two.flow(1).current == 13, 5)
    await two.settle()
    await station.smart_charging.set_limit(1, 9)
    assert kinds(two)[2:] == [("TxProfile", "Dynamic")]
    assert two.flow(1).current == 9
    assert station.smart_charging.installed.scheduled(1).amperes == 9


async def test_the_station_as_a_whole_is_limited_so_too(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(0, 20)
    await station.smart_charging.set_limit(0, 18)
    assert kinds(two) == [("ChargingStationMaxProfile", "Dynamic")]
    assert updates(two) == [(1, {"limit": 18})]
    await begin(two)
    assert two.flow(1).current == 18


async def test_other_phases_are_another_profile(
    station: ChargingStation, two: Two
) -> None:
    """No change of a profile can tell them."""
    await begin(two)
    await station.smart_charging.set_limit(1, 10, phases=1)
    await station.smart_charging.set_limit(1, 11, phases=1)
    await station.smart_charging.set_limit(1, 12, phases=3)
    assert (len(profiles(two)), len(updates(two))) == (2, 1)
    flow = two.flow(1)
    assert (flow.current, flow.phases) == (12, 3)


async def test_a_limit_for_some_time_is_no_dynamic_profile(
    station: ChargingStation, two: Two
) -> None:
    """The time would begin anew with each change."""
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.smart_charging.set_limit(1, 9)
    assert [kind for _, kind in kinds(two)] == ["Dynamic", "Absolute", "Dynamic"]
    assert updates(two) == []
    assert known(station) == [(3, "TxDefaultProfile", "Dynamic", [9])]


async def test_a_start_has_its_own_limit_and_its_session_a_dynamic_one(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 20)
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await station.remote_control.start(1, limit=10)
    await two.until(lambda: two.flow(1).current == 10, 5)
    await two.settle()
    for amperes in (12, 11):
        await station.smart_charging.set_limit(1, amperes)
        assert two.flow(1).current == amperes
    assert kinds(two) == [("TxDefaultProfile", "Dynamic"), ("TxProfile", "Dynamic")]
    (start,) = commands(two, "RequestStartTransaction")
    assert start["chargingProfile"]["chargingProfileKind"] == "Relative"


async def test_what_a_car_is_offered_is_an_ordinary_profile(
    station: ChargingStation, two: Two
) -> None:
    """It may have several periods; our next limit is a dynamic one again."""
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    assert await two.notify_charging_needs(1) == "Accepted"
    await two.until(lambda: len(profiles(two)) == 2, 5)
    await two.settle()
    await station.smart_charging.set_limit(1, 9)
    await two.settle()
    assert [kind for _, kind in kinds(two)][:3] == ["Dynamic", "Absolute", "Dynamic"]
    assert two.flow(1).current == 9


@pytest.mark.proves("K01.FR.80", ocpp="2.1")
async def test_numbers_are_above_those_of_limits_from_elsewhere(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await dynamic_station(
        station,
        connect_station,
        variables=[
            *able(),
            make.number("SmartChargingCtrlr", "MaxExternalConstraintsId", 500),
        ],
    )
    await station.smart_charging.set_limit(0, 20)
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 11)
    assert [it["id"] for it in profiles(two)] == [501, 503]
    assert updates(two) == [(503, {"limit": 11})]
    assert await station.smart_charging.clear(1)
    assert station.smart_charging.amperes(1) is None
    assert station.smart_charging.amperes(0) == 20


# --- where it is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [{"variables": []}, {"variables": able(dynamic=False)}, {"version": "ocpp2.0.1"}],
    ids=["does not say", "says not", "2.0.1"],
)
async def test_stations_without_dynamic_profiles_are_sent_none(
    station: ChargingStation, connect_station: MakeTwo, given: dict[str, Any]
) -> None:
    two = await dynamic_station(station, connect_station, **given)
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 11)
    assert [kind for _, kind in kinds(two)] == ["Absolute", "Absolute"]


async def test_a_station_that_refuses_what_it_says_is_told_in_the_ordinary_way(
    station: ChargingStation, connect_station: MakeTwo, restart: Restart
) -> None:
    two = await dynamic_station(station, connect_station)

    def answer(payload: Payload) -> Payload:
        dynamic = payload["chargingProfile"]["chargingProfileKind"] == "Dynamic"
        return {"status": "Rejected" if dynamic else "Accepted"}

    two.answers[SET] = answer
    await station.smart_charging.set_limit(1, 10)
    assert [kind for _, kind in kinds(two)] == ["Dynamic", "Dynamic", "Absolute"]
    await station.smart_charging.set_limit(1, 11)
    await station.smart_charging.set_limit(0, 20)
    # That counts for all, also after a restart of either side.
    reborn = await restart()
    await two.connect()
    await two.power_up()
    await prepared(reborn)
    await reborn.smart_charging.set_limit(2, 12)
    assert {kind for _, kind in kinds(two)[3:]} == {"Absolute"}
    # New firmware may do better.
    reborn.smart_charging.forget_what_worked()
    await reborn.smart_charging.set_limit(2, 13)
    assert ("TxDefaultProfile", "Dynamic") in kinds(two)[6:]


async def test_a_profile_that_the_station_lost_is_sent_again(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    two.profiles.installed.clear()
    await station.smart_charging.set_limit(1, 11)
    await station.smart_charging.set_limit(1, 12)
    assert [kind for _, kind in kinds(two)] == ["Dynamic", "Dynamic"]
    assert [it["limit"] for _, it in updates(two)] == [11, 12]
    await begin(two)
    assert two.flow(1).current == 12


@pytest.mark.parametrize("answer", [REJECTED, None], ids=["refused", "unknown"])
async def test_a_station_that_never_takes_a_change_is_told_in_the_ordinary_way(
    station: ChargingStation, two: Two, answer: Payload | None
) -> None:
    if answer is None:
        del two._handlers[UPDATE]
    else:
        two.answers[UPDATE] = answer
    for amperes in (10, 11, 12, 13):
        await station.smart_charging.set_limit(1, amperes)
        assert station.smart_charging.amperes(1) == amperes
    assert [kind for _, kind in kinds(two)] == [
        *("Dynamic", "Dynamic"),
        *("Absolute", "Absolute"),
    ]
    assert len(updates(two)) == 2
    await begin(two)
    assert two.flow(1).current == 13


async def test_a_change_that_is_not_answered_is_in_doubt(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    two.answers[UPDATE] = Silence
    with pytest.raises(CommandTimedOut):
        await station.smart_charging.set_limit(1, 11)
    del two.answers[UPDATE]
    assert station.smart_charging.amperes(1) == 10
    # So even what it was told before goes out, and whole.
    await station.smart_charging.set_limit(1, 10)
    assert [kind for _, kind in kinds(two)] == ["Dynamic", "Dynamic"]


# --- while somebody was away ----------------------------------------------------------------


async def test_a_limit_holds_while_the_station_is_away(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 11)
    (profile,) = profiles(two)
    # Nothing in it lets it end by itself.
    assert "maxOfflineDuration" not in profile
    assert "duration" not in profile["chargingSchedule"][0]
    await leave(station, two)
    await come_back(station, two)
    assert station.smart_charging.amperes(1) == 11
    assert len(profiles(two)) == 1
    await station.smart_charging.set_limit(1, 12)
    assert len(profiles(two)) == 1


async def test_a_limit_that_the_station_does_not_hold_any_more_is_sent_again(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 11)
    await leave(station, two)
    # It kept the profile, but not what it was told last.
    assert two.profiles.update(3, {"limit": 10}, two.clock())
    await come_back(station, two)
    assert len(profiles(two)) == 2
    await begin(two)
    assert two.flow(1).current == 11


async def test_a_station_that_booted_is_sent_the_whole_profile(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 11)
    two.profiles.installed.clear()  # This station forgets all without power.
    await two.restore_power()
    await prepared(station)
    await two.settle()
    assert [kind for _, kind in kinds(two)] == ["Dynamic", "Dynamic"]
    assert len(updates(two)) == 1
    await station.smart_charging.set_limit(1, 12)
    assert len(updates(two)) == 2
    await begin(two)
    assert two.flow(1).current == 12


@pytest.mark.proves("K28.FR.07", ocpp="2.1")
async def test_a_profile_is_changed_further_after_a_restart(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 11)
    reborn = await restart()
    await two.connect()
    assert await pull(two, 3) == {"status": "Accepted", "scheduleUpdate": {"limit": 11}}
    await prepared(reborn)
    assert reborn.smart_charging.amperes(1) == 11
    await reborn.smart_charging.set_limit(1, 12)
    assert len(profiles(two)) == 1
    assert [it["limit"] for _, it in updates(two)] == [11, 12]


async def test_a_station_that_comes_back_with_2_0_1_is_told_as_that_has_it(
    station: ChargingStation, two: Two, connect_station: MakeTwo
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await two.disconnect()
    older = await connect_station()
    await older.power_up()
    await prepared(station)
    await older.settle()
    await station.smart_charging.set_limit(1, 11)
    assert {kind for _, kind in kinds(older)} == {"Absolute"}
    await begin(older)
    assert older.flow(1).current == 11


# --- what the station asks for --------------------------------------------------------------


@pytest.mark.proves("K28.FR.07", ocpp="2.1")
async def test_a_station_that_asks_is_told_the_present_value(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_profile(1, written(dynUpdateInterval=60))
    answer = await pull(two, 100)
    assert answer == {"status": "Accepted", "scheduleUpdate": {"limit": 16}}
    update = {"chargingProfileId": 100, "scheduleUpdate": {"limit": 9}}
    await station.sending.command(UPDATE, update)
    assert (await pull(two, 100))["scheduleUpdate"] == {"limit": 9}
    assert station.smart_charging.installed.scheduled(1).amperes == 9
    (profile,) = station.smart_charging.installed.profiles
    assert profile.more == {"dynUpdateInterval": 60}


async def test_what_is_on_its_way_is_told_already(
    station: ChargingStation, two: Two
) -> None:
    """The station may take the change before it reads the answer."""
    await station.smart_charging.set_limit(1, 10)
    two.answers[UPDATE] = Silence
    change = station.spawn(station.smart_charging.set_limit(1, 7))
    await two.until(lambda: updates(two), 5)
    assert (await pull(two, 3))["scheduleUpdate"] == {"limit": 7}
    with pytest.raises(CommandTimedOut):
        await change
    assert (await pull(two, 3))["scheduleUpdate"] == {"limit": 10}


@pytest.mark.proves("K28.FR.12", ocpp="2.1")
async def test_of_what_is_no_dynamic_profile_nothing_is_told(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10, duration=600)
    for number in (3, 4, 100):
        answer = await pull(two, number)
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "InvalidProfile"
        assert "scheduleUpdate" not in answer


# --- what people do besides -----------------------------------------------------------------


async def test_people_may_change_our_profile_themselves(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.sending.command(
        UPDATE, {"chargingProfileId": 3, "scheduleUpdate": {"limit": 14}}
    )
    assert station.smart_charging.amperes(1) == 14
    assert known(station) == [(3, "TxDefaultProfile", "Dynamic", [14])]
    # It is what stands from now on.
    await station.smart_charging.set_limit(1, 14)
    assert len(updates(two)) == 1
    await station.sending.command(
        UPDATE, {"chargingProfileId": 3, "scheduleUpdate": {"setpoint": 4}}
    )
    assert station.smart_charging.amperes(1) is None


async def test_what_is_cleared_is_sent_anew(station: ChargingStation, two: Two) -> None:
    await station.smart_charging.set_limit(1, 10)
    assert await station.smart_charging.clear(1)
    assert known(station) == []
    await station.smart_charging.set_limit(1, 11)
    assert len(profiles(two)) == 2
    await station.sending.command(CLEAR, {"chargingProfileId": 3})
    assert station.smart_charging.amperes(1) is None
    await station.smart_charging.set_limit(1, 12)
    assert len(profiles(two)) == 3
    assert updates(two) == []


async def test_a_profile_in_the_place_of_ours_is_not_changed(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    ordinary = written(3, 16, stackLevel=8, chargingProfileKind="Relative")
    await station.smart_charging.set_profile(1, ordinary)
    await station.smart_charging.set_limit(1, 11)
    assert [kind for _, kind in kinds(two)] == ["Dynamic", "Relative", "Dynamic"]
    assert updates(two) == []


# --- more than a limit ----------------------------------------------------------------------


@pytest.mark.proves("Q03.FR.01", ocpp="2.1")
@pytest.mark.proves("Q03.FR.02", ocpp="2.1")
async def test_a_setpoint_is_told_once_and_then_changed(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 16)
    smart_charging = station.smart_charging
    for watts in (4000, 2500, -3000):
        profile = await smart_charging.set_rate(1, setpoint=watts)
        assert profile.kind == "Dynamic"
    (schedule,) = profiles(two)[-1]["chargingSchedule"]
    assert len(profiles(two)) == 2
    assert schedule["chargingRateUnit"] == "A"
    (period,) = schedule["chargingSchedulePeriod"]
    assert period == {
        "startPeriod": 0,
        "setpoint": 5.8,
        "operationMode": "CentralSetpoint",
    }
    assert [it for _, it in updates(two)] == [{"setpoint": 3.6}, {"setpoint": -4.3}]
    # The limit is not in force meanwhile, and is told again afterwards.
    assert smart_charging.amperes(1) is None
    await two.unplug(1)
    await begin(two)
    await two.until(lambda: two.flow(1).current == 16, 5)
    assert smart_charging.amperes(1) == 16


async def test_what_may_be_given_is_told_beside_the_limit(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    rates: dict[str, Any] = {"unit": RateUnit.AMPERE, "mode": "ExternalLimits"}
    await station.smart_charging.set_rate(1, limit=16, discharge=8, **rates)
    await station.smart_charging.set_rate(1, limit=6, discharge=20, **rates)
    (period,) = profiles(two)[-1]["chargingSchedule"][0]["chargingSchedulePeriod"]
    # Never more than the limit that stands.
    assert period == {
        "startPeriod": 0,
        "limit": 10,
        "dischargeLimit": -8,
        "operationMode": "ExternalLimits",
    }
    assert updates(two)[-1] == (3, {"limit": 6, "dischargeLimit": -20})
    for name in ("limit", "discharge", "setpoint"):
        rates = {"unit": RateUnit.AMPERE, name: 33}
        with pytest.raises(LimitTooHigh):
            await station.smart_charging.set_rate(1, **rates)
    with pytest.raises(NotSupported):
        await station.smart_charging.set_rate(0, limit=10)
    two.answers[SET] = REJECTED
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_rate(2, setpoint=1000)
