"""What profiles add up to: stacking, purposes, recurrence, validity and units."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp.csms.blocks.smart_charging import v16
from custom_components.ocpp.csms.blocks.smart_charging.composite import (
    Scheduled,
    Situation,
    scheduled,
    varies,
)
from custom_components.ocpp.csms.blocks.smart_charging.rate import Wiring
from custom_components.ocpp.csms.model import ChargingProfile
from tests.simulator.car import Transaction
from tests.simulator.profiles import Profiles

# A Wednesday.
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STATION, DEFAULT, SESSION = (
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
)


def schedule(
    *periods: tuple[int, float], start: datetime | None = None, **rest: Any
) -> dict[str, Any]:
    """Return a schedule of periods: when each begins, and its limit."""
    written: dict[str, Any] = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": begin, "limit": limit} for begin, limit in periods
        ],
    }
    if start is not None:
        written["startSchedule"] = start.isoformat()
    return written | rest


def profile(
    written: dict[str, Any], purpose: str = DEFAULT, level: int = 0, **rest: Any
) -> ChargingProfile:
    """Return a profile that a station holds."""
    return ChargingProfile(
        **{
            "id": 1,
            "station": "CP1",
            "evse": 0 if purpose == STATION else 1,
            "stack_level": level,
            "purpose": purpose,
            "kind": "Absolute" if "startSchedule" in written else "Relative",
            "schedules": [written],
            "installed": NOON - 7 * DAY,
        }
        | rest
    )


def constant(limit: float, *args: Any, **rest: Any) -> ChargingProfile:
    """Return a profile of one limit."""
    return profile(schedule((0, limit), start=NOON - 30 * DAY), *args, **rest)


def look(
    *profiles: ChargingProfile,
    at: datetime = NOON,
    began: datetime | None = None,
    evse: int = 1,
    wiring: Wiring = Wiring(3),  # noqa: B008 - it can't be changed
) -> Scheduled:
    """Return what applies."""
    return scheduled(profiles, Situation(evse=evse, wiring=wiring, began=began), at)


def test_nothing_limits() -> None:
    assert look() == (None, None)


def test_a_limit_holds_until_it_is_replaced() -> None:
    assert look(constant(16)) == (16, None)


# --- stack levels -----------------------------------------------------------------------


def test_the_highest_stack_level_goes_first_also_where_it_allows_more() -> None:
    assert look(constant(6, level=0), constant(20, level=3, id=2)) == (20, None)


def test_a_lower_level_comes_back_when_the_higher_one_is_over() -> None:
    night = schedule((0, 32), start=NOON - HOUR, duration=7200)
    held = constant(10), profile(night, level=1, id=2)
    assert look(*held, at=NOON - 2 * HOUR) == (10, NOON - HOUR)
    assert look(*held) == (32, NOON + HOUR)
    assert look(*held, at=NOON + HOUR) == (10, None)


def test_a_higher_level_without_a_duration_never_gives_way() -> None:
    held = constant(10), profile(schedule((0, 32), start=NOON), level=1, id=2)
    assert look(*held, at=NOON - HOUR) == (10, NOON)
    assert look(*held, at=NOON + 300 * DAY) == (32, None)


def test_what_is_not_valid_yet_or_any_more_leaves_the_level_below() -> None:
    above = constant(8, level=2, id=2, valid_from=NOON, valid_to=NOON + HOUR)
    held = constant(16), above
    assert look(*held, at=NOON - HOUR) == (16, NOON)
    assert look(*held) == (8, NOON + HOUR)
    assert look(*held, at=NOON + HOUR) == (16, None)


def test_at_the_same_level_the_own_evse_goes_before_all_of_them() -> None:
    held = constant(16, evse=0), constant(8, evse=1, id=2)
    assert look(*held, evse=1).amperes == 8
    assert look(*held, evse=2).amperes == 16
    higher = constant(20, evse=0, level=1, id=3)
    assert look(*held, higher, evse=1).amperes == 20


# --- purposes ---------------------------------------------------------------------------


def test_the_lowest_of_the_purposes_counts() -> None:
    assert look(constant(16), constant(25, STATION, id=2)).amperes == 16
    assert look(constant(16), constant(10, STATION, id=2)).amperes == 10


def test_the_station_as_a_whole_limits_also_where_nothing_else_does() -> None:
    assert look(constant(10, STATION), evse=2).amperes == 10


def test_a_profile_of_the_session_overrules_the_default_even_with_more() -> None:
    held = constant(6), constant(20, SESSION, id=2)
    assert look(*held, began=NOON - HOUR).amperes == 20
    # There is none without a session.
    assert look(*held).amperes == 6


def test_the_default_applies_where_the_profile_of_the_session_says_nothing() -> None:
    first = profile(schedule((0, 20), duration=3600), SESSION, level=5, id=2)
    held = constant(6), first
    assert look(*held, began=NOON) == (20, NOON + HOUR)
    assert look(*held, began=NOON - HOUR) == (6, None)


def test_what_the_grid_demands_is_a_limit_of_its_own() -> None:
    grid = constant(12, "ChargingStationExternalConstraints", id=9, evse=0)
    held = constant(16), constant(25, STATION, id=2), grid
    assert look(*held).amperes == 12


def test_purposes_that_set_no_limit_are_left_out() -> None:
    """Nobody has priority here."""
    assert look(constant(16), constant(1, "PriorityCharging", id=2)).amperes == 16


def test_what_is_generated_in_the_house_comes_on_top() -> None:
    """On top of the lowest limit, for as long as there is one (2.1: K27, SC.01)."""
    sun = profile(
        schedule((0, 4), (3600, 8), start=NOON, duration=7200),
        "LocalGeneration",
        id=5,
        evse=0,
    )
    held = constant(16), constant(10, STATION, id=2), sun
    assert look(*held, at=NOON - HOUR) == (10, NOON)
    assert look(*held) == (14, NOON + HOUR)
    assert look(*held, at=NOON + HOUR) == (18, NOON + 2 * HOUR)
    assert look(*held, at=NOON + 3 * HOUR) == (10, None)
    # Where nothing limits there is nothing to be more than.
    assert look(sun).amperes is None
    # Nobody says how much that is.
    unknown = schedule((0, 0))
    unknown["chargingSchedulePeriod"][0] = {
        "startPeriod": 0,
        "operationMode": "ExternalLimits",
    }
    assert look(constant(16), profile(unknown, "LocalGeneration", id=5)).amperes == 16


def test_with_priority_its_profile_is_in_the_place_of_the_limits() -> None:
    """That of the station, and those of others, hold on (2.1: K21.FR.04)."""
    held = [
        constant(6),
        constant(8, SESSION, id=2),
        constant(25, "PriorityCharging", id=3, evse=0),
    ]
    where = Situation(evse=1, wiring=Wiring(3, 230), began=NOON - HOUR, priority=True)
    assert scheduled(held, where, NOON).amperes == 25
    held.append(constant(20, STATION, id=4))
    assert scheduled(held, where, NOON).amperes == 20


def test_a_dynamic_profile_counts_from_its_last_change() -> None:
    """Without a duration it holds for ever (2.1: K28.FR.13)."""
    dynamic = {"kind": "Dynamic", "installed": NOON - HOUR}
    assert look(profile(schedule((0, 10)), **dynamic)) == (10, None)
    ends = profile(schedule((0, 10), duration=7200), **dynamic)
    began = NOON - 5 * HOUR
    assert look(ends, constant(6, id=2), began=began) == (10, NOON + HOUR)
    assert look(ends, constant(6, id=2), began=began, at=NOON + HOUR) == (6, None)


@pytest.mark.parametrize(
    ("unit", "limits", "amperes"),
    [("A", (10, 8, 12), 8), ("A", (10, 11), 10), ("W", (2300, 1840, 4600), 8)],
)
def test_of_limits_of_phases_the_lowest_counts(
    unit: str, limits: tuple[float, ...], amperes: float
) -> None:
    names = ("limit", "limit_L2", "limit_L3")
    written = schedule((0, 0)) | {"chargingRateUnit": unit}
    written["chargingSchedulePeriod"] = [
        {"startPeriod": 0} | dict(zip(names, limits, strict=False))
    ]
    assert look(profile(written)).amperes == amperes


# --- kinds ------------------------------------------------------------------------------


def test_an_absolute_schedule_goes_through_its_periods() -> None:
    held = profile(schedule((0, 6), (3600, 16), (7200, 10), start=NOON))
    assert look(held, at=NOON - HOUR) == (None, NOON)
    assert look(held) == (6, NOON + HOUR)
    assert look(held, at=NOON + HOUR) == (16, NOON + 2 * HOUR)
    assert look(held, at=NOON + 9 * HOUR) == (10, None)


def test_a_relative_schedule_begins_with_the_session() -> None:
    held = profile(schedule((0, 6), (600, 16)))
    assert look(held, began=NOON) == (6, NOON + timedelta(minutes=10))
    assert look(held, began=NOON - HOUR) == (16, None)
    # Without one it is what one that began now would get, however long it is there.
    assert look(held, at=NOON + 99 * DAY) == (6, None)


def test_an_absolute_schedule_without_a_start_begins_with_the_session() -> None:
    held = profile(schedule((0, 6), (3600, 16)), kind="Absolute", installed=NOON)
    assert look(held, at=NOON + 2 * HOUR, began=NOON + HOUR) == (16, None)
    assert look(held, at=NOON + 2 * HOUR, began=NOON + 2 * HOUR) == (
        6,
        NOON + 3 * HOUR,
    )
    assert look(held, at=NOON + HOUR / 2) == (6, NOON + HOUR)


def test_a_daily_schedule_repeats_also_over_midnight() -> None:
    # From 18:00: 16 A, from 22:00 on 32 A, and from 06:00 of the next day 6 A.
    held = profile(
        schedule(
            (0, 16), (4 * 3600, 32), (12 * 3600, 6), start=NOON - 90 * DAY + 6 * HOUR
        ),
        kind="Recurring",
        recurrency="Daily",
    )
    midnight = NOON + 12 * HOUR
    assert look(held) == (6, NOON + 6 * HOUR)
    assert look(held, at=NOON + 6 * HOUR) == (16, NOON + 10 * HOUR)
    assert look(held, at=midnight) == (32, NOON + 18 * HOUR)
    assert look(held, at=midnight + 6 * HOUR) == (6, NOON + 30 * HOUR)


def test_a_weekly_schedule_repeats_on_its_day() -> None:
    sunday = datetime(2026, 2, 1, tzinfo=UTC)
    held = (
        constant(10),
        profile(
            schedule((0, 32), start=sunday, duration=86400),
            level=1,
            id=2,
            kind="Recurring",
            recurrency="Weekly",
        ),
    )
    assert look(*held) == (10, datetime(2026, 3, 8, tzinfo=UTC))
    assert look(*held, at=datetime(2026, 3, 8, 23, tzinfo=UTC)) == (
        32,
        datetime(2026, 3, 9, tzinfo=UTC),
    )


def test_a_recurring_schedule_says_nothing_before_it_begins() -> None:
    held = profile(
        schedule((0, 10), start=NOON + 30 * DAY), kind="Recurring", recurrency="Daily"
    )
    assert look(held) == (None, NOON + 30 * DAY)


def test_periods_beyond_the_recurrence_never_come() -> None:
    held = profile(
        schedule((0, 10), (90_000, 32), start=NOON - 9 * DAY),
        kind="Recurring",
        recurrency="Daily",
    )
    assert look(held) == (10, None)
    assert look(held, at=NOON + timedelta(hours=23)).amperes == 10


def test_a_gap_of_a_recurring_schedule_is_filled_from_below() -> None:
    night = profile(
        schedule((0, 32), start=NOON - 9 * DAY, duration=3600),
        level=4,
        id=2,
        kind="Recurring",
        recurrency="Daily",
    )
    assert look(constant(6), night) == (32, NOON + HOUR)
    assert look(constant(6), night, at=NOON + HOUR) == (6, NOON + DAY)


# --- what does not change, and what can't be -----------------------------------------------


def test_a_boundary_that_changes_nothing_is_no_change() -> None:
    held = profile(schedule((0, 10), (60, 10), (120, 10), (180, 11), start=NOON))
    assert look(held) == (10, NOON + timedelta(seconds=180))
    capped = held, constant(8, STATION, id=2)
    assert look(*capped) == (8, None)


def test_limits_in_watts_are_shown_in_ampere_per_phase() -> None:
    three = schedule((0, 6900), start=NOON) | {"chargingRateUnit": "W"}
    assert look(profile(three)).amperes == 10
    assert look(profile(three), wiring=Wiring(1, 230)).amperes == 30
    assert look(profile(three), wiring=Wiring(3, 240)).amperes == 9.6
    one = schedule(start=NOON) | {
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 2300, "numberPhases": 1}
        ],
    }
    assert look(profile(one)).amperes == 10


def test_of_several_schedules_the_first_is_meant() -> None:
    held = constant(8, schedules=[schedule((0, 8)), schedule((0, 16))], kind="Relative")
    assert look(held).amperes == 8
    assert varies(held)


def test_a_period_without_a_limit_hides_the_levels_below_it() -> None:
    free = schedule(start=NOON) | {"chargingSchedulePeriod": [{"startPeriod": 0}]}
    held = constant(6), profile(free, level=1, id=2)
    assert look(*held) == (None, None)
    assert look(*held, constant(20, STATION, id=3)).amperes == 20


@pytest.mark.parametrize(
    "written",
    [
        schedule((0, 10)) | {"startSchedule": "tomorrow"},
        schedule((0, 10)) | {"startSchedule": "9999-12-31T23:59:59-23:00"},
        schedule((5, 10), start=NOON),
        schedule((0, 10), start=NOON, duration=0),
        schedule(start=NOON),
    ],
    ids=["no time", "beyond all times", "late", "no duration", "no periods"],
)
@pytest.mark.parametrize("kind", ["Absolute", "Recurring"])
def test_what_says_nothing_limits_nothing(written: dict[str, Any], kind: str) -> None:
    held = profile(written, kind=kind, recurrency="Daily", level=9)
    assert look(held).amperes is None
    assert look(held, constant(16, id=2)).amperes == 16


def test_times_that_no_date_can_hold_are_no_harm() -> None:
    far = schedule((0, 10), (10**18, 16), start=NOON, duration=10**19)
    assert look(profile(far)) == (10, None)


def test_what_people_need_a_schedule_for() -> None:
    assert not varies(constant(16))
    assert not varies(constant(16, kind="Recurring", recurrency="Daily"))
    assert varies(constant(16, valid_to=NOON))
    assert varies(constant(16, valid_from=NOON))
    assert varies(profile(schedule((0, 6), (60, 16))))
    assert varies(profile(schedule((0, 6), duration=60)))
    assert varies(profile(schedule((0, 6), start=NOON)))


# --- as the charger sees it -------------------------------------------------------------

_PERIODS = st.lists(
    st.tuples(st.integers(1, 200_000), st.integers(0, 320)), max_size=4, unique_by=min
).map(sorted)
_MOMENTS = st.integers(-400_000, 400_000).map(lambda it: NOON + timedelta(seconds=it))


@st.composite
def written_profiles(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """Return a connector and a profile of 1.6."""
    purpose = draw(
        st.sampled_from(["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"])
    )
    connector = {"ChargePointMaxProfile": 0, "TxProfile": 1}.get(
        purpose, draw(st.integers(0, 2))
    )
    kind = draw(st.sampled_from(["Absolute", "Recurring", "Relative"]))
    periods = [(0, draw(st.integers(0, 320))), *draw(_PERIODS)]
    rest: dict[str, Any] = {}
    if draw(st.booleans()):
        rest["duration"] = draw(st.integers(1, 300_000))
    written = schedule(
        *((begin, limit / 10) for begin, limit in periods),
        start=draw(_MOMENTS) if kind != "Relative" else None,
        **rest,
    )
    if draw(st.booleans()):
        written["chargingRateUnit"] = "W"
        for period in written["chargingSchedulePeriod"]:
            period["limit"] *= 690
    found: dict[str, Any] = {
        "chargingProfileId": draw(st.integers(1, 9)),
        "stackLevel": draw(st.integers(0, 3)),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": written,
    }
    if kind == "Recurring":
        found["recurrencyKind"] = draw(st.sampled_from(["Daily", "Weekly"]))
    for name in ("validFrom", "validTo"):
        if draw(st.integers(0, 3)) == 0:
            found[name] = draw(_MOMENTS).isoformat()
    return connector, found


@settings(max_examples=300, deadline=None)
@given(
    written=st.lists(written_profiles(), max_size=5),
    at=_MOMENTS,
    running=st.booleans(),
    ago=st.integers(0, 100_000),
)
def test_a_charger_that_does_its_own_sums_comes_to_the_same(
    written: list[tuple[int, dict[str, Any]]],
    at: datetime,
    running: bool,
    ago: int,
) -> None:
    """Now, and at the moment that is said to be the next change."""
    began = at - timedelta(seconds=ago) if running else None
    session = Transaction(1, "CARD1", 0, began) if began is not None else None
    charger = Profiles({}, 1_000)  # type: ignore[arg-type]
    held: dict[int, ChargingProfile] = {}
    for connector, one in written:
        charger.install(connector, one, at)
        read = v16.read_profile(one, station="CP1", evse=connector)
        gone = [
            it.id
            for it in held.values()
            if (it.evse, it.purpose, it.stack_level)
            == (read.evse, read.purpose, read.stack_level)
        ]
        for number in gone:
            del held[number]
        held[read.id] = read

    def expected(moment: datetime) -> float | None:
        amps = charger.limit(1, moment, transaction=session, began=began).amps
        return round(amps, 1) if amps < 1_000 else None

    found = look(*held.values(), at=at, began=began)
    assert found.amperes == pytest.approx(expected(at))
    if found.until is not None:
        assert found.until > at
        before = found.until - timedelta(seconds=0.5)
        if before > at:
            assert expected(before) == pytest.approx(found.amperes)
        assert expected(found.until) != pytest.approx(found.amperes)
