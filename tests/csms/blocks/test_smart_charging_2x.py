"""Smart charging of a station that speaks 2.x: limits, profiles, and what cars want (K)."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected, LimitTooHigh
from custom_components.ocpp.csms.model import (
    Part,
    Payload,
    RateUnit,
    StationSettings,
    Topic,
    timestamp,
    utcnow,
)
from tests.csms.conftest import IDENTITY, MakeTwo, prepared, until
from tests.simulator_v2 import Car, Station as Two, make
from tests.simulator_v2.profiles import Installed

SET, CLEAR, GET = "SetChargingProfile", "ClearChargingProfile", "GetChargingProfiles"
EXTERNAL = "ChargingStationExternalConstraints"
type Restart = Callable[[], Awaitable[ChargingStation]]


def commands(two: Two, action: str) -> list[Payload]:
    """Return the payloads of the commands that came in."""
    return [it[3] for it in two.received if it[2:3] == [action]]


def profiles(two: Two) -> list[Payload]:
    """Return the profiles that came in."""
    return [it["chargingProfile"] for it in commands(two, SET)]


def held(two: Two) -> list[tuple[int, int, str, int]]:
    """Return EVSE, id, purpose and level of what the station holds."""
    return sorted(
        (
            it.connector,
            it.profile["id"],
            it.profile["chargingProfilePurpose"],
            it.profile["stackLevel"],
        )
        for it in two.profiles.installed
    )


def known(station: ChargingStation) -> list[tuple[int, int, str, int]]:
    """Return the same of what is known."""
    return sorted(
        (it.evse, it.id, it.purpose, it.stack_level)
        for it in station.smart_charging.installed.profiles
    )


def limits(profile: Payload) -> list[float]:
    """Return the limits of a profile with one schedule."""
    (schedule,) = profile["chargingSchedule"]
    return [period["limit"] for period in schedule["chargingSchedulePeriod"]]


def written(limit: float = 8, *, number: int = 100, **rest: Any) -> Payload:
    """Return a profile as people write one."""
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": number,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    } | rest


def for_hours(*hourly: float) -> list[Payload]:
    """Return a schedule of one limit for each hour from now on."""
    return [
        {
            "id": 1,
            "chargingRateUnit": "A",
            "startSchedule": timestamp(utcnow() - timedelta(minutes=1)),
            "chargingSchedulePeriod": [
                {"startPeriod": number * 3600, "limit": limit}
                for number, limit in enumerate(hourly)
            ],
        }
    ]


async def begin(two: Two, evse: int = 1, **car: Any) -> None:
    """Let a session begin."""
    await two.plug_in(evse, car=Car(**{"phases": 3, "max_current": 32} | car))
    assert await two.present_card(evse)
    await two.settle()


async def at(station: ChargingStation, two: Two, true: Callable[[], object]) -> None:
    """Wait until the station was told something."""
    await two.until(lambda: bool(true()), 5)
    await two.settle()


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


# --- K01, K02, K04, K05: limits ---------------------------------------------------------


async def test_k01_a_profile_is_written_as_2x_asks_for(
    station: ChargingStation, two: Two
) -> None:
    limit = await station.smart_charging.set_limit(1, 10.04)
    assert (limit.purpose, limit.sent_value) == ("TxDefaultProfile", 10.0)
    (payload,) = commands(two, SET)
    profile = payload["chargingProfile"]
    (schedule,) = profile.pop("chargingSchedule")
    start = datetime.fromisoformat(schedule.pop("startSchedule"))
    assert timedelta(0) < datetime.now(UTC) - start < timedelta(minutes=2)
    assert payload["evseId"] == 1
    assert profile == {
        "id": 3,
        "stackLevel": 8,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
    }
    assert schedule == {
        "id": 3,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
    }
    assert station.smart_charging.amperes(1) == 10
    # The neighbour is not limited.
    assert station.smart_charging.amperes(2) is None


async def test_k01_of_a_session_the_profile_names_its_transaction(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    limit = await station.smart_charging.set_limit(1, 10, phases=1)
    assert limit.purpose == "TxProfile"
    (payload,) = commands(two, SET)
    running = two.evses[1].transaction
    assert running is not None
    assert payload["chargingProfile"]["transactionId"] == running.id
    assert payload["evseId"] == 1
    (schedule,) = payload["chargingProfile"]["chargingSchedule"]
    assert schedule["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 10, "numberPhases": 1}
    ]
    flow = two.flow(1)
    assert (flow.current, flow.phases) == (10, 1)
    # The same again is not sent, another one in the first frame.
    await station.smart_charging.set_limit(1, 10, phases=1)
    await station.smart_charging.set_limit(1, 12)
    assert len(commands(two, SET)) == 2
    assert two.flow(1).current == 12
    assert len(held(two)) == 1


async def test_k01_what_takes_the_place_of_a_profile_has_its_id(
    station: ChargingStation, two: Two
) -> None:
    """A second id at the same place is refused (K01.FR.06)."""
    await station.smart_charging.set_profile(1, written(16, number=77, stackLevel=8))
    assert station.smart_charging.amperes(1) is None
    await station.smart_charging.set_limit(1, 9)
    assert profiles(two)[-1]["id"] == 77
    assert held(two) == known(station) == [(1, 77, "TxDefaultProfile", 8)]
    assert station.smart_charging.amperes(1) == 9
    # Whoever clears it by its id clears our limit.
    await station.sending.command(CLEAR, {"chargingProfileId": 77})
    assert station.smart_charging.amperes(1) is None
    assert held(two) == known(station) == []


async def test_k01_limits_of_others_are_never_set(
    station: ChargingStation, two: Two
) -> None:
    """But a profile that people write is sent as it is, and its refusal told."""
    profile = written(chargingProfilePurpose=EXTERNAL)
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_profile(0, profile)
    assert profiles(two) == [profile]
    await station.smart_charging.set_limit(0, 20)
    await station.smart_charging.clear(0)
    await station.smart_charging.clear(1)
    sent = [*profiles(two)[1:], *commands(two, CLEAR)]
    assert EXTERNAL not in str(sent)


@pytest.mark.parametrize(
    ("variable", "purposes", "levels", "units"),
    [
        (None, {"TxDefaultProfile"}, {8, 0}, {"A", "W"}),
        (
            make.fixed("SmartChargingCtrlr", "ProfileStackLevel", 0),
            {"TxDefaultProfile"},
            {0},
            {"A", "W"},
        ),
        (
            make.choice(
                "SmartChargingCtrlr", "RateUnit", "W", ("W",), mutability="ReadOnly"
            ),
            {"TxDefaultProfile"},
            {8, 0},
            {"W"},
        ),
    ],
    ids=["all", "no levels", "watts only"],
)
async def test_k01_the_ways_are_those_that_the_device_model_leaves(
    station: ChargingStation,
    connect_station: MakeTwo,
    variable: Any,
    purposes: set[str],
    levels: set[int],
    units: set[str],
) -> None:
    two = await connect_station(variables=[variable] if variable else [])
    two.answers[SET] = {"status": "Rejected"}
    await two.power_up()
    await prepared(station)
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    sent = profiles(two)
    assert {it["chargingProfilePurpose"] for it in sent} == purposes
    assert {it["stackLevel"] for it in sent} == levels
    assert {it["chargingSchedule"][0]["chargingRateUnit"] for it in sent} == units
    assert {it["chargingProfileKind"] for it in sent} == {"Absolute", "Relative"}
    for profile in sent:
        absolute = profile["chargingProfileKind"] == "Absolute"
        assert ("startSchedule" in profile["chargingSchedule"][0]) is absolute
    # All was in vain: the next time only the first way is tried.
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 11)
    assert len(profiles(two)) == len(sent) + 1


async def test_k01_a_station_that_tells_nothing_of_itself_is_limited_too(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    names = ("RateUnit", "ProfileStackLevel", "PeriodsPerSchedule", "Enabled")
    two = await connect_station(without=[f"SmartChargingCtrlr.{it}" for it in names])
    two.answers[SET] = {"status": "Accepted"}
    await two.power_up()
    await prepared(station)
    await station.smart_charging.set_limit(1, 10)
    (profile,) = profiles(two)
    assert (profile["stackLevel"], limits(profile)) == (0, [10])


async def test_k01_a_station_that_takes_one_way_only_is_told_so_from_then_on(
    station: ChargingStation, two: Two
) -> None:
    def answer(payload: Payload) -> Payload:
        schedule = payload["chargingProfile"]["chargingSchedule"][0]
        fits = (
            payload["chargingProfile"]["chargingProfilePurpose"] == "TxDefaultProfile"
            and payload["chargingProfile"]["stackLevel"] == 0
            and schedule["chargingRateUnit"] == "W"
        )
        return {"status": "Accepted" if fits else "Rejected"}

    two.answers[SET] = answer
    await begin(two)
    limit = await station.smart_charging.set_limit(1, 10)
    assert (limit.purpose, limit.sent_value) == ("TxDefaultProfile", 6900)
    before = len(commands(two, SET))
    await station.smart_charging.set_limit(1, 11)
    assert len(commands(two, SET)) == before + 1


async def test_k01_the_model_that_people_describe_counts(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    station.apply_settings(
        StationSettings(
            compatibility={
                "rate_unit": RateUnit.WATT,
                "lowest_stack_level": True,
                "profile_kind": "Relative",
                "purposes": ("ChargePointMaxProfile", "TxDefaultProfile"),
                "whole_amperes": True,
            }
        )
    )
    await prepared(station)
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    (profile,) = profiles(two)
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert profile["chargingProfileKind"] == "Relative"
    assert profile["stackLevel"] == 0
    assert profile["chargingSchedule"][0]["chargingRateUnit"] == "W"
    # The station as a whole is never limited relative to a session.
    await station.smart_charging.set_limit(0, 20)
    assert profiles(two)[-1]["chargingProfileKind"] == "Absolute"


async def test_k01_more_than_people_allow_is_not_sent(
    station: ChargingStation, two: Two
) -> None:
    with pytest.raises(LimitTooHigh):
        await station.smart_charging.set_limit(1, 33)
    assert commands(two, SET) == []


@pytest.mark.proves("K02", ocpp="2.0.1")
async def test_k02_a_limit_is_brought_into_a_new_session(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    first = profiles(two)[-1]
    await two.unplug(1)
    await two.settle()
    assert held(two) == known(station) == []
    await begin(two)
    await at(station, two, lambda: len(profiles(two)) == 2)
    second = profiles(two)[-1]
    running = two.evses[1].transaction
    assert running is not None
    assert second["transactionId"] == running.id != first["transactionId"]
    assert (limits(second), two.flow(1).current) == ([10], 10)


@pytest.mark.proves("K03", ocpp="2.0.1")
async def test_k03_who_charges_at_a_station_shares_what_it_may_take(
    station: ChargingStation, two: Two
) -> None:
    """The station itself divides the limit that it has as a whole."""
    await station.smart_charging.set_limit(0, 20)
    await begin(two, 1)
    await begin(two, 2)
    assert (two.flow(1).current, two.flow(2).current) == (10, 10)


@pytest.mark.proves("K04", ocpp="2.0.1")
async def test_k04_the_station_as_a_whole_is_limited_at_evse_0(
    station: ChargingStation, two: Two
) -> None:
    limit = await station.smart_charging.set_limit(0, 20)
    assert limit.purpose == "ChargingStationMaxProfile"
    (payload,) = commands(two, SET)
    assert payload["evseId"] == 0
    profile = payload["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "ChargingStationMaxProfile"
    assert profile["chargingProfileKind"] == "Absolute"
    assert station.smart_charging.amperes(0) == 20
    two.answers[SET] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(0, 21)
    kinds = {it["chargingProfileKind"] for it in profiles(two)}
    assert kinds == {"Absolute"}


async def test_k05_a_limit_goes_along_with_a_remote_start(
    station: ChargingStation, two: Two
) -> None:
    """F01.FR.11: it does not name a transaction that is not there yet."""
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await station.remote_control.start(1, limit=9)
    await at(station, two, lambda: two.flow(1).current)
    (started,) = commands(two, "RequestStartTransaction")
    profile = started["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile
    assert commands(two, SET) == []
    assert two.flow(1).current == 9
    assert station.smart_charging.amperes(1) == 9
    assert held(two) == known(station)
    # It ends with its session.
    await two.unplug(1)
    await two.settle()
    assert station.smart_charging.amperes(1) is None
    assert held(two) == known(station) == []


async def test_k05_a_start_in_a_transaction_that_runs_already(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    two.variables["TxCtrlr.TxStartPoint"].value = "EVConnected"
    await two.power_up()
    await prepared(station)
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await two.settle()
    assert station.transactions.running(1) is not None
    await station.remote_control.start(1, limit=9)
    await at(station, two, lambda: two.flow(1).current == 9)
    assert station.smart_charging.amperes(1) == 9
    assert held(two) == known(station)
    await two.unplug(1)
    await begin(two)
    # Nothing of it is left for the next one.
    assert station.smart_charging.amperes(1) is None


async def test_k05_a_profile_that_people_send_along_is_known(
    station: ChargingStation, two: Two
) -> None:
    profile = written(7, chargingProfilePurpose="TxProfile")
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await station.sending.command(
        "RequestStartTransaction",
        {
            "idToken": {"idToken": "CARD1", "type": "Central"},
            "remoteStartId": 5,
            "evseId": 1,
            "chargingProfile": profile,
        },
    )
    await at(station, two, lambda: two.flow(1).current)
    await until(
        station,
        Part(Topic.LIMIT, 1),
        lambda: station.smart_charging.amperes(1) == 7,
    )
    assert known(station) == held(two) == [(1, 100, "TxProfile", 1)]


# --- K06 to K10: what the station holds -------------------------------------------------


@pytest.mark.proves("K06", ocpp="2.0.1")
async def test_k06_limits_hold_while_the_station_is_away_in_a_session(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    before = known(station)
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    assert station.smart_charging.amperes(1) == 10
    await two.connect()
    await prepared(station)
    await two.settle()
    assert known(station) == held(two) == before
    # It is asked what it holds; nothing it has is sent again.
    assert len(commands(two, GET)) == 2
    assert len(commands(two, SET)) == 1
    assert two.flow(1).current == 10


@pytest.mark.proves("K07", ocpp="2.0.1")
async def test_k07_a_limit_for_sessions_that_begin_offline_is_there_beforehand(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    two.profiles.installed.clear()  # This station forgets all without power.
    await two.restore_power()
    await prepared(station)
    await two.settle()
    assert held(two) == [(1, 3, "TxDefaultProfile", 8)]
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    two.variables["AuthCtrlr.OfflineTxForUnknownIdEnabled"].value = "true"
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await two.present_card(1)
    assert two.flow(1).current == 10


async def test_k08_the_station_tells_what_its_profiles_amount_to(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    asked = {"evseId": 1, "duration": 600, "chargingRateUnit": "W"}
    command = station.sending.command
    answer = (await command("GetCompositeSchedule", asked)).repaired
    assert answer["schedule"]["chargingSchedulePeriod"][0]["limit"] == 6900
    assert commands(two, "GetCompositeSchedule") == [asked]
    with pytest.raises(CommandRejected):
        await command("GetCompositeSchedule", {"evseId": 9, "duration": 600})


async def test_k09_what_the_station_holds_is_known_with_its_source(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    now = datetime.now(UTC)
    two.profiles.install(1, written(11, number=50), now)
    grid = written(13, number=50, chargingProfilePurpose=EXTERNAL)
    # Others may use the same ids.
    two.profiles.installed.append(Installed(0, grid, now, "SO"))
    await two.power_up()
    await prepared(station)
    await two.settle()
    assert len(commands(two, GET)) == 1
    found = {
        (it.source, it.evse, it.id) for it in station.smart_charging.installed.profiles
    }
    assert found == {("CSO", 1, 50), ("SO", 0, 50)}
    installed = station.smart_charging.installed
    assert installed.scheduled(1).amperes == 11
    assert installed.scheduled(2).amperes == 13
    assert installed.external(2) == (13, "SO", None)


async def test_k09_what_the_station_lost_is_forgotten_and_our_limit_sent_again(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_profile(2, written(16, number=100))
    two.profiles.installed.clear()
    # It comes back without having booted, so it should know what it was told.
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    await two.connect()
    await prepared(station)
    await two.settle()
    assert held(two) == known(station) == [(1, 3, "TxDefaultProfile", 8)]
    assert station.smart_charging.amperes(1) == 10


async def test_k09_parts_that_never_come_change_nothing(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_profile(1, written(16))
    two.answers[GET] = {"status": "Accepted"}
    before = known(station)
    await station.smart_charging.read_profiles()
    assert known(station) == before != []


async def test_k09_a_report_that_nobody_asked_for_is_taken_up(
    station: ChargingStation, two: Two
) -> None:
    for profile in (written(12, number=60), written(12, number=61) | {"stackLevel": 2}):
        answer = await two.call(
            "ReportChargingProfiles",
            {
                "requestId": 4711,
                "chargingLimitSource": "CSO",
                "evseId": 1,
                "chargingProfile": [profile],
                "tbc": True,
            },
        )
        assert answer == {}
    assert [(it[0], it[1]) for it in known(station)] == [(1, 60), (1, 61)]


@pytest.mark.parametrize(
    "answer", [{"status": "Rejected"}, None], ids=["refused", "not there"]
)
async def test_k09_a_station_that_can_not_tell_is_believed(
    station: ChargingStation, connect_station: MakeTwo, answer: Payload | None
) -> None:
    two = await connect_station()
    if answer is None:
        del two._handlers[GET]
    else:
        two.answers[GET] = answer
    await two.power_up()
    await prepared(station)
    await station.smart_charging.set_profile(1, written(16))
    await station.smart_charging.read_profiles()
    assert known(station) == [(1, 100, "TxDefaultProfile", 1)]


async def test_k09_profiles_are_known_after_a_restart(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    await station.smart_charging.set_profile(2, written(16))
    await station.smart_charging.set_limit(1, 10)
    before = known(station)
    reborn = await restart()
    assert known(reborn) == before
    assert reborn.smart_charging.amperes(1) == 10
    await two.connect()
    await prepared(reborn)
    await two.settle()
    assert known(reborn) == held(two) == before
    await reborn.smart_charging.set_limit(1, 11)
    assert limits(profiles(two)[-1]) == [11]
    assert held(two) == before


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"chargingProfileId": 3}, [(1, 100), (2, 5)]),
        (
            {"chargingProfileCriteria": {"chargingProfilePurpose": "TxDefaultProfile"}},
            [],
        ),
        ({"chargingProfileCriteria": {"evseId": 1}}, [(2, 5)]),
        ({"chargingProfileCriteria": {"evseId": 1, "stackLevel": 1}}, [(1, 3), (2, 5)]),
        ({"chargingProfileCriteria": {"stackLevel": 7}}, [(1, 3), (1, 100), (2, 5)]),
        ({}, [(1, 3), (1, 100), (2, 5)]),
    ],
    ids=["id", "purpose", "EVSE", "EVSE and level", "nothing there", "nothing said"],
)
async def test_k10_what_is_cleared_is_what_fits_all_that_was_said(
    station: ChargingStation,
    two: Two,
    filters: Payload,
    left: list[tuple[int, int]],
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(2, 10)
    await station.smart_charging.set_profile(1, written(16))
    # A profile of people takes the place of our limit.
    await station.smart_charging.set_limit(1, 10.5)
    await station.sending.command(CLEAR, filters)
    assert [it[:2] for it in held(two)] == left
    assert known(station) == held(two)
    for evse, number in ((1, 3), (2, 5)):
        limited = station.smart_charging.amperes(evse) is not None
        assert limited is ((evse, number) in left)


async def test_k10_to_clear_what_is_not_there_is_as_good(
    station: ChargingStation, two: Two
) -> None:
    assert await station.smart_charging.clear(1) is False
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(0, 20)
    assert await station.smart_charging.clear(1) is True
    assert station.smart_charging.amperes(1) is None
    assert station.smart_charging.amperes(0) == 20
    assert await station.smart_charging.clear(0) is True
    assert held(two) == known(station) == []
    # At least one thing is named each time.
    assert all(commands(two, CLEAR))


# --- K11 to K14: limits from elsewhere --------------------------------------------------


async def test_k11_a_limit_from_elsewhere_in_a_session_is_known(
    station: ChargingStation, two: Two
) -> None:
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "true"
    await begin(two)
    installed = station.smart_charging.installed
    assert not installed.foreign.shows(1)
    await two.notify_charging_limit(8, 1, grid_critical=True)
    assert installed.external(1) == (8, "EMS", True)
    assert installed.scheduled(1).amperes == 8
    assert installed.foreign.shows(1)
    assert not installed.foreign.shows(2)
    # Ours is another one, and stays.
    await station.smart_charging.set_limit(1, 10)
    assert station.smart_charging.amperes(1) == 10
    assert installed.scheduled(1).amperes == 8


async def test_k12_a_limit_without_a_schedule_is_looked_up(
    station: ChargingStation, two: Two
) -> None:
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "false"
    installed = station.smart_charging.installed
    await two.notify_charging_limit(7, 0, "SO")
    assert installed.external(2)[1] == "SO"
    await until(
        station,
        Part(Topic.LIMIT, 2, "external"),
        lambda: installed.external(2) == (7, "SO", False),
    )
    assert len(commands(two, GET)) == 2


async def test_k12_a_schedule_from_elsewhere_is_followed(
    station: ChargingStation, two: Two
) -> None:
    now = datetime.now(UTC)
    schedule = {
        "id": 1,
        "startSchedule": timestamp(now),
        "duration": 2,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 6900},
            {"startPeriod": 1, "limit": 4140},
        ],
    }
    installed = station.smart_charging.installed
    await two.call(
        "NotifyChargingLimit",
        {
            "chargingLimit": {"chargingLimitSource": "Other"},
            "evseId": 1,
            "chargingSchedule": [schedule],
        },
    )
    seen = []
    for _ in range(2):
        seen.append(installed.external(1).amperes)
        await until(station, Part(Topic.LIMIT, 1, "external"))
    assert [*seen, installed.external(1).amperes] == [10, 6, None]
    assert installed.external(1).source == "Other"


async def test_k13_a_limit_is_known_no_more_once_it_is_released(
    station: ChargingStation, two: Two
) -> None:
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "true"
    installed = station.smart_charging.installed
    await two.notify_charging_limit(8, 1, "EMS")
    await two.notify_charging_limit(6, 1, "SO")
    assert installed.external(1)[:2] == (6, "SO")
    await two.clear_charging_limit(1, "SO")
    assert installed.external(1)[:2] == (8, "EMS")
    await two.call("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
    assert installed.external(1) == (None, None, None)
    assert installed.scheduled(1).amperes is None
    # That there was one is still known.
    assert installed.foreign.shows(1)


async def test_k13_what_was_released_while_nobody_listened_is_known_no_more(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    await two.notify_charging_limit(8, 1, "EMS")
    reborn = await restart()
    installed = reborn.smart_charging.installed
    assert installed.foreign.shows(1)
    await two.connect()
    await prepared(reborn)
    await two.settle()
    # What still holds it reports when it is asked.
    assert installed.external(1)[:2] == (8, "EMS")
    two.drop()
    await until(reborn, Part(Topic.CONNECTION), lambda: not reborn.connected)
    two.profiles.installed.clear()
    await two.connect()
    await prepared(reborn)
    await two.settle()
    assert installed.external(1)[:2] == (None, None)


@pytest.mark.proves("K14", ocpp="2.0.1")
async def test_k14_a_local_controller_limits_evses_each_for_itself(
    station: ChargingStation, two: Two
) -> None:
    """The controller sends them on as its own; each is known at its EVSE."""
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "true"
    await two.notify_charging_limit(8, 1)
    await two.notify_charging_limit(6, 2)
    installed = station.smart_charging.installed
    assert [installed.external(evse).amperes for evse in (1, 2)] == [8, 6]


async def test_k11_nonsense_is_no_limit(station: ChargingStation, two: Two) -> None:
    for payload in (
        {"chargingLimit": {"chargingLimitSource": "Other"}, "evseId": 4000},
        {
            "chargingLimit": {"chargingLimitSource": "Other"},
            "evseId": 1,
            "chargingSchedule": [
                {
                    "id": 1,
                    "startSchedule": "tomorrow",
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
                }
            ],
        },
    ):
        assert await two.call("NotifyChargingLimit", payload) == {}
    assert station.smart_charging.installed.external(1) == (None, "Other", None)


# --- K15 to K17: what cars want ---------------------------------------------------------


async def test_k15_a_car_is_told_what_it_may_have(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_profile(
        1,
        written(chargingProfileKind="Absolute", chargingSchedule=for_hours(16, 10, 8)),
    )
    await begin(two)
    departure = utcnow() + timedelta(hours=8)
    said = await two.notify_charging_needs(1, departureTime=timestamp(departure))
    assert said == "Accepted"
    await at(station, two, lambda: len(profiles(two)) == 2)
    (payload,) = commands(two, SET)[1:]
    profile, running = payload["chargingProfile"], two.evses[1].transaction
    assert running is not None
    assert payload["evseId"] == 1
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["transactionId"] == running.id
    assert limits(profile) == [16, 10, 8]
    starts = [
        it["startPeriod"]
        for it in profile["chargingSchedule"][0]["chargingSchedulePeriod"]
    ]
    assert starts == pytest.approx([0, 3600, 7200], abs=5)
    needs = station.smart_charging.needs[1]
    assert (needs.energy, needs.maximum_current) == (20_000, 32)
    assert needs.departure == departure.replace(
        microsecond=departure.microsecond // 1000 * 1000
    )
    # It may charge as it was told, and not with more.
    assert await two.notify_charging_schedule(1, 8) == "Accepted"
    assert len(profiles(two)) == 2


async def test_k15_a_car_takes_as_many_periods_as_it_says(
    station: ChargingStation, two: Two
) -> None:
    """What does not fit in is never above a limit."""
    await station.smart_charging.set_profile(
        1,
        written(
            chargingProfileKind="Absolute", chargingSchedule=for_hours(16, 20, 6, 10)
        ),
    )
    await begin(two)
    needs = {
        "evseId": 1,
        "maxScheduleTuples": 2,
        "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase"},
    }
    assert await two.call("NotifyEVChargingNeeds", needs) == {"status": "Accepted"}
    await at(station, two, lambda: len(profiles(two)) == 2)
    assert limits(profiles(two)[-1]) == [16, 6]


async def test_k15_without_a_session_there_is_nothing_to_have(
    station: ChargingStation, two: Two
) -> None:
    assert await two.notify_charging_needs(1) == "Rejected"
    assert await two.notify_charging_schedule(1) == "Rejected"
    await two.settle()
    assert (commands(two, SET), station.smart_charging.needs) == ([], {})


async def test_k15_while_a_limit_is_on_its_way_the_car_waits(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    async with station.smart_charging._order:
        assert await two.notify_charging_needs(1) == "Processing"
        assert profiles(two) == []
    await at(station, two, lambda: profiles(two))
    assert limits(profiles(two)[-1]) == [32]


async def test_k15_a_car_with_direct_current_is_told_its_power(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    needs = {
        "requestedEnergyTransfer": "DC",
        "dcChargingParameters": {
            "evMaxCurrent": 200,
            "evMaxVoltage": 400,
            "evMaxPower": 50_000,
            "energyAmount": 30_000,
            "stateOfCharge": 55,
        },
    }
    await two.call("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": needs})
    await at(station, two, lambda: profiles(two))
    (schedule,) = profiles(two)[-1]["chargingSchedule"]
    assert schedule["chargingRateUnit"] == "W"
    assert limits(profiles(two)[-1]) == [pytest.approx(32 * 3 * 230)]
    found = station.smart_charging.needs[1]
    assert (found.state_of_charge, found.maximum_power) == (55, 50_000)
    assert found.transfer_mode == "dc"
    # It ends with the session.
    await two.unplug(1)
    await two.settle()
    assert station.smart_charging.needs == {}
    assert station.smart_charging.needs_told == {1: found.told}


async def test_k16_a_car_is_told_anew_when_its_limit_is_another(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 1)
    first = profiles(two)[-1]
    assert limits(first) == [32]
    # A limit of the session is told in the same place, and once.
    await station.smart_charging.set_limit(1, 10)
    await two.settle()
    assert [limits(it) for it in profiles(two)] == [[32], [10]]
    assert profiles(two)[-1]["id"] == first["id"]
    # So is one of the station, and one from elsewhere.
    await station.smart_charging.set_limit(0, 8)
    await at(station, two, lambda: len(profiles(two)) == 4)
    assert [limits(it) for it in profiles(two)[2:]] == [[8], [8]]
    assert profiles(two)[-1]["chargingProfilePurpose"] == "TxProfile"
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "true"
    await two.notify_charging_limit(6, 1)
    await at(station, two, lambda: len(profiles(two)) == 5)
    assert limits(profiles(two)[-1]) == [6]
    # Where nothing changes for the car nothing is sent.
    await station.smart_charging.set_limit(0, 9)
    await two.settle()
    assert len(profiles(two)) == 6
    assert station.smart_charging.amperes(1) == 10


async def test_k16_a_car_that_means_to_take_more_is_told_anew(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 1)
    await station.smart_charging.set_limit(1, 10)
    assert await two.notify_charging_schedule(1, 11) == "Rejected"
    await at(station, two, lambda: len(profiles(two)) == 3)
    assert limits(profiles(two)[-1]) == [10]
    # One that does not listen is not told for ever.
    for _ in range(5):
        assert await two.notify_charging_schedule(1, 11) == "Rejected"
        await two.settle()
    assert len(profiles(two)) == 5
    assert await two.notify_charging_schedule(1, 10) == "Accepted"
    assert await two.notify_charging_schedule(1, 11) == "Rejected"
    await at(station, two, lambda: len(profiles(two)) == 6)


async def test_k16_what_people_sent_for_the_session_is_kept_to(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    running = two.evses[1].transaction
    assert running is not None
    chosen = written(
        chargingProfilePurpose="TxProfile",
        chargingProfileKind="Absolute",
        transactionId=running.id,
        stackLevel=8,
        chargingSchedule=for_hours(12, 9),
    )
    await station.smart_charging.set_profile(1, chosen)
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 2)
    assert limits(profiles(two)[-1]) == [12, 9]
    await station.smart_charging.set_limit(0, 10)
    await at(station, two, lambda: len(profiles(two)) == 4)
    assert limits(profiles(two)[-1]) == [10, 9]


async def test_k17_a_car_may_want_something_else_later(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    for number, amount in enumerate((20_000, 5_000), 2):
        needs = {
            "requestedEnergyTransfer": "AC_three_phase",
            "acChargingParameters": {
                "energyAmount": amount,
                "evMinCurrent": 6,
                "evMaxCurrent": 16,
                "evMaxVoltage": 230,
            },
        }
        payload = {"evseId": 1, "chargingNeeds": needs}
        answer = await two.call("NotifyEVChargingNeeds", payload)
        assert answer == {"status": "Accepted"}
        await at(station, two, lambda number=number: len(profiles(two)) == number)
        assert limits(profiles(two)[-1]) == [10]
        assert station.smart_charging.needs[1].energy == amount
    assert len(held(two)) == 1
    assert station.smart_charging.amperes(1) == 10


async def test_k15_a_station_that_takes_no_offer_is_left_alone(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    two.answers[SET] = {"status": "Rejected"}
    assert await two.notify_charging_needs(1) == "Accepted"
    await at(station, two, lambda: len(profiles(two)) == 8)
    async with station.smart_charging._order:
        assert station.notes["offer to a car: refused"] == 1
    assert two.connected


async def test_k01_somebody_elses_profile_at_the_place_of_a_limit_gives_way(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    two.profiles.installed.clear()
    two.profiles.install(1, written(16, number=50, stackLevel=8), datetime.now(UTC))
    await two.restore_power()
    await prepared(station)
    await two.settle()
    assert held(two) == known(station) == [(1, 50, "TxDefaultProfile", 8)]
    assert limits(profiles(two)[-1]) == [10]
    assert len(profiles(two)) == 3


async def test_k09_somebody_elses_limit_in_the_place_of_ours_is_replaced(
    station: ChargingStation, two: Two
) -> None:
    """Another central system may use the same ids."""
    await station.smart_charging.set_limit(1, 10)
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    other = written(16, number=3, stackLevel=8)
    two.profiles.install(1, other, datetime.now(UTC))
    await two.connect()
    await prepared(station)
    await two.settle()
    assert [limits(it) for it in profiles(two)] == [[10], [10]]
    assert limits(two.profiles.installed[0].profile) == [10]


async def test_k15_a_car_that_stays_is_told_of_the_next_change_in_time(
    station: ChargingStation, two: Two
) -> None:
    """A limit that ends while the car charges is one that changed (K16)."""
    await begin(two)
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 1)
    await station.smart_charging.set_limit(1, 10, duration=1)
    assert limits(profiles(two)[-1]) == [10]
    await at(station, two, lambda: len(profiles(two)) == 3)
    assert limits(profiles(two)[-1]) == [32]
    assert station.smart_charging.amperes(1) is None


async def test_k09_what_can_not_be_understood_of_a_report_is_left_out(
    station: ChargingStation, two: Two
) -> None:
    good = written(12, number=60)
    part = {"requestId": 1, "chargingLimitSource": "CSO", "evseId": 1}
    daft = written(12, number=61)
    daft["chargingSchedule"][0]["chargingSchedulePeriod"] = [{"startPeriod": 0}]
    for profile in (daft, "profile", good | {"id": "x"}, good):
        message = part | {"chargingProfile": [profile]}
        answer = await two.call("ReportChargingProfiles", message, validate=False)
        assert answer == {}
    there_is_none = part | {"evseId": 5000, "chargingProfile": [good | {"id": 62}]}
    assert await two.call("ReportChargingProfiles", there_is_none) == {}
    assert [it[1] for it in known(station)] == [60]
    assert station.notes["ReportChargingProfiles: not a profile"] == 3


async def test_k09_a_model_that_is_not_to_be_asked_is_not(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    never = {"compatibility": {"never_sent": frozenset({GET})}}
    station.apply_settings(StationSettings(**never))
    two = await connect_station()
    await two.power_up()
    await prepared(station)
    assert commands(two, GET) == []


async def test_k11_a_limit_of_others_that_is_no_longer_valid_is_gone(
    station: ChargingStation, two: Two
) -> None:
    installed = station.smart_charging.installed
    soon = timestamp(utcnow() + timedelta(seconds=1))
    grid = written(7, number=-2, chargingProfilePurpose=EXTERNAL, validTo=soon)
    part = {"requestId": 1, "chargingLimitSource": "SO", "evseId": 0}
    await two.call("ReportChargingProfiles", part | {"chargingProfile": [grid]})
    assert installed.external(1)[:2] == (7, "SO")
    await until(
        station,
        Part(Topic.LIMIT, 1, "external"),
        lambda: installed.external(1).amperes is None,
    )
    assert installed.profiles == []


async def test_k16_a_car_whose_profile_people_removed_is_told_nothing_more(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 1)
    assert await station.smart_charging.clear(1) is True
    assert held(two) == known(station) == []
    await station.smart_charging.set_limit(0, 10)
    await two.settle()
    assert [it["chargingProfilePurpose"] for it in profiles(two)] == [
        "TxProfile",
        "ChargingStationMaxProfile",
    ]
    # Until it says again what it wants.
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 3)
    assert limits(profiles(two)[-1]) == [10]


async def test_k16_a_car_is_told_when_its_station_is_back(
    station: ChargingStation, two: Two
) -> None:
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "true"
    await begin(two)
    await two.notify_charging_needs(1)
    await at(station, two, lambda: len(profiles(two)) == 1)
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    grid = written(9, number=-2, chargingProfilePurpose=EXTERNAL)
    two.profiles.install(1, grid, datetime.now(UTC), "SO")
    await two.connect()
    await prepared(station)
    await at(station, two, lambda: len(profiles(two)) == 2)
    assert limits(profiles(two)[-1]) == [9]
