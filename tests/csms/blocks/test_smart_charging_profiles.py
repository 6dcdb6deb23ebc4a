"""The profiles a charger holds: what is known of them, and the rules they follow."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, RateUnit, StationSettings, Topic
from tests.csms.conftest import IDENTITY, MakeCharger, prepared, until
from tests.csms.talk import at_rest
from tests.simulator import Charger, ConfigKey

from .test_smart_charging import SET, Profiles

CLEAR = "ClearChargingProfile"
START = "RemoteStartTransaction"
type Restart = Callable[[], Awaitable[ChargingStation]]


def written(
    limit: float = 8,
    *,
    number: int = 100,
    level: int = 1,
    purpose: str = "TxDefaultProfile",
    kind: str = "Relative",
    schedule: dict[str, Any] | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """Return a profile as people write one."""
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        }
        | (schedule or {}),
    } | rest


async def send(
    station: ChargingStation, profile: dict[str, Any], connector: int = 1
) -> None:
    """Send a profile as an action does."""
    payload = {"connectorId": connector, "csChargingProfiles": profile}
    await station.sending.command(SET, payload)


async def start_with(
    station: ChargingStation, profile: dict[str, Any], connector: int | None = 1
) -> None:
    """Start a session with a profile as an action does."""
    payload = {"idTag": "CARD1", "chargingProfile": profile}
    if connector is not None:
        payload["connectorId"] = connector
    await station.sending.command(START, payload)


def known(station: ChargingStation) -> list[tuple[int, int, str, int]]:
    """Return EVSE, id, purpose and level of what is known."""
    return sorted(
        (it.evse, it.id, it.purpose, it.stack_level)
        for it in station.smart_charging.installed.profiles
    )


def held(charger: Charger) -> list[tuple[int, int, str, int]]:
    """Return the same of what the charger holds."""
    names = {"ChargePointMaxProfile": "ChargingStationMaxProfile"}
    return sorted(
        (
            it.connector,
            it.profile["chargingProfileId"],
            names.get(
                it.profile["chargingProfilePurpose"],
                it.profile["chargingProfilePurpose"],
            ),
            it.profile["stackLevel"],
        )
        for it in charger.profiles.installed
    )


@pytest.fixture
async def restart(central: CentralSystem) -> AsyncGenerator[Restart]:
    """Return what begins anew with what was stored; chargers can connect again."""
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


# --- what is known ----------------------------------------------------------------------


async def test_whoever_sent_a_profile_it_is_known(
    station: ChargingStation, charger: Charger
) -> None:
    await station.smart_charging.set_limit(0, 25)
    await station.smart_charging.set_limit(1, 16)
    await send(station, written(number=100))
    await station.smart_charging.set_profile(1, written(number=101, level=2))
    await charger.plug_in()
    await start_with(station, written(number=102, purpose="TxProfile"))
    await charger.settle()
    await at_rest(station)
    assert len(known(station)) == 5
    assert known(station) == held(charger)


async def test_a_profile_that_was_refused_is_not_known(
    station: ChargingStation, charger: Charger
) -> None:
    charger.answers[SET] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await send(station, written())
    charger.answers[START] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await start_with(station, written(purpose="TxProfile"))
    await charger.start()
    await at_rest(station)
    assert known(station) == []


async def test_the_same_id_and_the_same_level_replace(
    station: ChargingStation, charger: Charger
) -> None:
    """On the same connector, that is."""
    await send(station, written(number=100, level=1))
    await send(station, written(number=101, level=1))
    await send(station, written(number=102, level=1), connector=0)
    await send(station, written(number=103, level=2))
    assert known(station) == held(charger)
    assert [number for _, number, *_ in known(station)] == [102, 101, 103]
    await send(station, written(number=103, level=0), connector=0)
    assert known(station) == held(charger)
    assert len(known(station)) == 3


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({}, set()),
        ({"id": 101}, {100, 102, 103}),
        ({"id": 55}, {100, 101, 102, 103}),
        ({"connectorId": 0}, {100, 101}),
        ({"connectorId": 1}, {102, 103}),
        ({"stackLevel": 1}, {101, 103}),
        ({"chargingProfilePurpose": "ChargePointMaxProfile"}, {100, 101, 102}),
        ({"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 2}, {100, 102, 103}),
        ({"connectorId": 1, "chargingProfilePurpose": "TxProfile"}, {100, 101, 102, 103}),
    ],
)  # fmt: skip
async def test_what_is_cleared_is_what_fits_all_that_was_said(
    station: ChargingStation, charger: Charger, filters: dict[str, Any], left: set[int]
) -> None:
    """Rule 45: the fields of a clearing are joined by "and"."""
    await send(station, written(number=100, level=1))
    await send(station, written(number=101, level=2))
    await send(station, written(number=102, level=1), connector=0)
    station_wide = written(
        number=103,
        level=3,
        purpose="ChargePointMaxProfile",
        kind="Absolute",
        schedule={"startSchedule": "2026-01-01T00:00:00Z"},
    )
    await send(station, station_wide, connector=0)
    await station.sending.command(CLEAR, filters)
    assert {number for _, number, *_ in known(station)} == left
    assert known(station) == held(charger)


async def test_to_clear_what_is_not_there_is_as_good(
    station: ChargingStation, charger: Charger
) -> None:
    """Rule 45: "Unknown" is no failure; what was known in vain is known no more."""
    assert await station.smart_charging.clear(1) is False
    await send(station, written())
    charger.profiles.installed.clear()
    assert await station.smart_charging.clear(1) is False
    assert known(station) == []


async def test_profiles_of_a_session_end_with_it(
    station: ChargingStation, charger: Charger
) -> None:
    await send(station, written(number=100))
    number = await charger.start()
    await send(station, written(number=101, purpose="TxProfile", transactionId=number))
    (of_session,) = (
        it for it in station.smart_charging.installed.profiles if it.id == 101
    )
    assert of_session.transaction == number
    await charger.stop()
    await at_rest(station)
    assert known(station) == held(charger) == [(1, 100, "TxDefaultProfile", 1)]


async def test_profiles_that_are_no_longer_valid_are_gone(
    station: ChargingStation, charger: Charger
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    await send(station, written(number=100))
    await send(station, written(number=101, level=2, validTo=soon.isoformat()))
    assert len(known(station)) == 2
    await until(
        station,
        Part(Topic.LIMIT, 1, "schedule"),
        lambda: known(station) == [(1, 100, "TxDefaultProfile", 1)],
    )


# --- over restarts ----------------------------------------------------------------------


async def test_profiles_are_known_after_a_restart(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """With those of a session that still runs."""
    number = await charger.start()
    await station.smart_charging.set_limit(0, 25)
    await station.smart_charging.set_limit(1, 16)
    night = written(
        number=100,
        kind="Recurring",
        recurrencyKind="Daily",
        validFrom="2026-01-01T00:00:00Z",
        validTo="2036-01-01T00:00:00+01:00",
        schedule={"startSchedule": "2026-01-01T22:00:00Z", "duration": 3600},
    )
    await send(station, night)
    before = station.smart_charging.installed.profiles
    assert known(station) == held(charger)
    reborn = await restart()
    assert reborn.smart_charging.installed.profiles == before
    assert reborn.smart_charging.installed.shows(1)
    assert {it.transaction for it in before} == {None, number}
    await charger.connect()
    await prepared(reborn)
    await charger.stop()
    await at_rest(reborn)
    assert known(reborn) == held(charger)


async def test_what_ended_while_nobody_listened_is_known_no_more(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    await charger.start()
    await station.smart_charging.set_limit(1, 16)
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    await send(station, written(number=100, validTo=soon.isoformat()))
    await charger.disconnect()
    await charger.stop()
    reborn = await restart()
    await charger.connect()
    await charger.settle()
    await until(reborn, Part(Topic.LIMIT, 1, "schedule"), lambda: not known(reborn))
    # And it stays so.
    reborn = await restart()
    assert known(reborn) == []


async def test_numbers_that_no_database_takes_stop_nothing(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """They are known until the restart."""
    await send(station, written(number=2**40))
    await send(station, written(number=7, level=2))
    assert len(known(station)) == 2
    reborn = await restart()
    assert known(reborn) == [(1, 7, "TxDefaultProfile", 2)]


async def test_a_charger_that_is_removed_leaves_no_profiles(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    await send(station, written())
    await central.remove_station(IDENTITY)
    await central.shared.store.forget_station(IDENTITY)
    assert await central.shared.store.load_charging_profiles(IDENTITY) == []


# --- the rules --------------------------------------------------------------------------


async def test_purposes_are_at_the_connectors_where_they_belong(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Rule 42: the station's at 0; a session's at its own, by its id once it has one."""
    charger = await connect_charger(connectors=2)
    await charger.power_up()
    await prepared(station)
    await station.smart_charging.set_limit(0, 25)
    await station.smart_charging.set_limit(2, 16)
    number = await charger.start(2)
    await station.smart_charging.set_limit(2, 12)
    sent = [
        (it["connectorId"], it["csChargingProfiles"])
        for it in [await charger.wait_for_call(SET) for _ in range(3)]
    ]
    assert [
        (connector, it["chargingProfilePurpose"], it.get("transactionId"))
        for connector, it in sent
    ] == [
        (0, "ChargePointMaxProfile", None),
        (2, "TxDefaultProfile", None),
        (2, "TxProfile", number),
    ]
    await station.remote_control.start(1, limit=10)
    start = (await charger.wait_for_call(START))["chargingProfile"]
    assert start["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in start


async def test_two_hundred_limits_leave_no_more_than_one_profile_of_each_purpose(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """Rule 43: an id is used again, over reconnects, boots, sessions and restarts."""
    # Ours at first; another central system's were there before, and stay.
    foreign = written(number=900, level=3)
    charger.profiles.install(0, foreign, charger.clock())
    most = 0
    for turn in range(200):
        match turn % 20:
            case 3:
                charger.drop()
                await charger.connect()
                await prepared(station)
            case 5:
                await charger.start()
            case 9:
                await charger.boot()
                await prepared(station)
            case 11:
                await charger.stop()
            case 13:
                await station.smart_charging.set_limit(0, 20 + turn % 3)
            case 15 if turn > 100:
                station = await restart()
                await charger.connect()
                await prepared(station)
            case 17:
                # Another level works from now on.
                key = charger.configuration["ChargeProfileMaxStackLevel"]
                key.value = "8" if key.value != "8" else "4"
                await charger.boot()
                await prepared(station)
        await at_rest(station)
        await station.smart_charging.set_limit(1, 6 + turn % 11)
        ours = [it for it in held(charger) if it[1] != 900]
        assert len({purpose for _, _, purpose, _ in ours}) == len(ours)
        assert all(it in known(station) for it in ours)
        most = max(most, len(ours))
    # The station's, the default one and the session's.
    assert most == 3
    assert len([it for it in held(charger) if it[1] == 900]) == 1


async def test_profiles_have_the_shape_that_is_asked_for(
    station: ChargingStation, charger: Charger
) -> None:
    """Rule 44: one period from 0, one decimal, a start just where it is not relative."""
    seen = Profiles(charger, lambda _: False)
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10.06)
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(0, 9.94)
    assert len(seen.seen) > 20
    for payload in seen.seen:
        profile = payload["csChargingProfiles"]
        schedule = profile["chargingSchedule"]
        (period,) = schedule["chargingSchedulePeriod"]
        assert period["startPeriod"] == 0
        assert round(period["limit"], 1) == period["limit"]
        relative = profile["chargingProfileKind"] == "Relative"
        assert ("startSchedule" in schedule) is not relative
        assert schedule["chargingRateUnit"] in ("A", "W")


async def test_the_limit_of_the_station_is_relative_to_nothing_where_that_is_taken(
    station: ChargingStation, charger: Charger
) -> None:
    """Rule 44: a charger that keeps to it is never sent another."""
    await station.smart_charging.set_limit(0, 20)
    (sent,) = charger.profiles.installed
    assert sent.profile["chargingProfileKind"] == "Absolute"


async def test_units_that_are_not_allowed_are_not_sent_to_whoever_keeps_to_it(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Rule 44: keys say "Power" where messages say "W"."""
    charger = await connect_charger(
        configuration={
            "ChargingScheduleAllowedChargingRateUnit": ConfigKey("Power", readonly=True)
        }
    )
    await charger.power_up()
    await prepared(station)
    await station.smart_charging.set_limit(1, 10)
    assert len(charger.profiles.installed) == 1
    schedule = charger.profiles.installed[0].schedule
    assert schedule["chargingRateUnit"] == "W"
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 6900


# --- starts of others with a profile ----------------------------------------------------


async def test_a_constant_limit_that_people_start_with_is_the_one_shown(
    station: ChargingStation, charger: Charger
) -> None:
    """For the session; then the one before counts again."""
    await station.smart_charging.set_limit(1, 16)
    await charger.plug_in()
    profile = written(9, purpose="TxProfile")
    profile["chargingSchedule"]["chargingSchedulePeriod"][0]["numberPhases"] = 1
    await start_with(station, profile)
    await charger.settle()
    await at_rest(station)
    limit = station.smart_charging.limit(1)
    assert limit is not None
    assert (limit.value, limit.unit, limit.phases) == (9, RateUnit.AMPERE, 1)
    assert known(station) == held(charger)
    await charger.stop()
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 16
    assert known(station) == held(charger)


@pytest.mark.parametrize(
    "profile",
    [
        written(
            purpose="TxProfile",
            schedule={
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 6},
                    {"startPeriod": 600, "limit": 16},
                ]
            },
        ),
        written(purpose="TxProfile", schedule={"duration": 600}),
        written(purpose="TxProfile", validTo="2036-01-01T00:00:00Z"),
        written(
            purpose="TxProfile",
            kind="Absolute",
            schedule={"startSchedule": "2036-01-01T00:00:00Z"},
        ),
    ],
    ids=["periods", "duration", "validity", "later"],
)
async def test_of_a_schedule_that_people_start_with_no_limit_is_shown(
    station: ChargingStation, charger: Charger, profile: dict[str, Any]
) -> None:
    """It would be told wrong; the one before counts again after the session."""
    await station.smart_charging.set_limit(1, 16)
    await charger.plug_in()
    await start_with(station, profile, connector=None)
    await charger.settle()
    await at_rest(station)
    assert station.transactions.running(1)
    assert station.smart_charging.amperes(1) is None
    assert station.smart_charging.installed.shows(1)
    assert known(station) == held(charger)
    await charger.stop()
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 16


async def test_a_limit_within_such_a_session_is_shown(
    station: ChargingStation, charger: Charger
) -> None:
    await charger.plug_in()
    await start_with(station, written(purpose="TxProfile", schedule={"duration": 600}))
    await charger.settle()
    await station.smart_charging.set_limit(1, 7)
    assert station.smart_charging.amperes(1) == 7
    await charger.stop()
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 7


async def test_a_session_may_be_there_before_its_start_is_answered(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    began = charger.call

    async def answer(payload: dict[str, Any]) -> dict[str, str]:
        await began(
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": payload["idTag"],
                "meterStart": 0,
                "timestamp": datetime.now(UTC).isoformat(),
            },
        )
        return {"status": "Accepted"}

    charger.answers[START] = answer
    await start_with(station, written(9, purpose="TxProfile"))
    assert station.transactions.running(1)
    assert station.smart_charging.amperes(1) == 9
    assert [number for _, number, *_ in known(station)] == [100]


# --- what is shown ----------------------------------------------------------------------


def steps(now: datetime, seconds: float, *limits: float) -> dict[str, Any]:
    """Return a schedule that changes in so many seconds, and every minute from then on."""
    return {
        "startSchedule": (now - timedelta(seconds=60 - seconds)).isoformat(),
        "chargingSchedulePeriod": [
            {"startPeriod": 60 * number, "limit": limit}
            for number, limit in enumerate(limits)
        ],
    }


async def test_the_scheduled_limit_changes_when_the_schedule_says_so(
    station: ChargingStation, charger: Charger
) -> None:
    now = datetime.now(UTC)
    installed = station.smart_charging.installed
    assert not installed.shows(1)
    await send(station, written(kind="Absolute", schedule=steps(now, 0.4, 6, 16, 10)))
    assert installed.shows(1)
    first = installed.scheduled(1)
    assert first.amperes == 6
    assert first.until is not None
    assert abs(first.until - now - timedelta(seconds=0.4)) < timedelta(seconds=0.001)
    await until(
        station,
        Part(Topic.LIMIT, 1, "schedule"),
        lambda: installed.scheduled(1).amperes == 16,
    )
    assert installed.scheduled(1).until == first.until + timedelta(seconds=60)


async def test_a_household_without_schedules_has_none_to_look_at(
    station: ChargingStation, charger: Charger
) -> None:
    """Neither a limit, nor one for some time, nor a start with one, is a schedule."""
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await send(station, written(10))
    await charger.plug_in()
    await station.remote_control.start(1, limit=6)
    await charger.settle()
    await at_rest(station)
    assert known(station) == held(charger)
    assert not station.smart_charging.installed.shows(1)


async def test_a_schedule_for_the_station_is_shown_at_each_evse(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await connect_charger(connectors=2)
    await charger.power_up()
    await prepared(station)
    night = written(
        kind="Recurring",
        recurrencyKind="Daily",
        schedule={"startSchedule": "2026-01-01T00:00:00Z", "duration": 3600},
    )
    await send(station, night, connector=0)
    installed = station.smart_charging.installed
    assert installed.shows(1)
    assert installed.shows(2)
    assert installed.scheduled(2).until is not None


async def test_what_is_relative_counts_from_the_start_of_the_session(
    station: ChargingStation, charger: Charger
) -> None:
    schedule = {
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 6},
            {"startPeriod": 600, "limit": 16},
        ]
    }
    await send(station, written(schedule=schedule))
    installed = station.smart_charging.installed
    assert installed.scheduled(1) == (6, None)
    await charger.start(
        timestamp=(datetime.now(UTC) - timedelta(minutes=9)).isoformat()
    )
    session = station.transactions.running(1)
    assert session is not None
    assert installed.scheduled(1) == (6, session.started + timedelta(seconds=600))
