"""A session's record depends on the session alone, also where 2.x tells of it by events."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp.csms.versions import V201

from .histories import REASONS, Central, Row, happen, rows_of
from .histories_2x import LATE, Session2, knows_all, knows_nothing
from .test_histories import (
    EXAMPLES,
    SESSION,
    drawn_sessions,
    histories as histories_16,
    incidents,
    tellings,
)

histories = settings(histories_16, max_examples=EXAMPLES or 30)

drawn_2x = st.builds(
    lambda session, traits: session | traits,
    drawn_sessions,
    st.fixed_dictionaries(
        {
            "late": st.sampled_from(LATE),
            "first": st.sampled_from((0, 1, 17)),
            "offline": st.booleans(),
            "all registers": st.booleans(),
        }
    ),
)


def rows(history: Callable[[Central], Awaitable[None]]) -> list[Row]:
    """Return what people see after a history of a station that has two EVSEs."""

    async def begin(central: Central) -> None:
        central.obey = knows_all
        for evse in (1, 2):
            central.station.add_evse(evse)
        await history(central)

    return rows_of(begin, V201)


@histories
@given(drawn_2x, tellings)
def test_a_session_is_one_record_however_often_its_events_come(
    drawn: dict[str, Any], telling: list[list[list[tuple[str, ...]]]]
) -> None:
    """A session is one record with its own token, place, energy, times and reason.

    However often the station repeats an event, and whatever else happens.
    """
    session = Session2(drawn)

    async def history(central: Central) -> None:
        for number, event in enumerate(session.events):
            attempts = telling[number] if number < len(telling) else []
            for before in [*attempts, []]:
                await session.tell_event(central, event)
                for incident in before:
                    await happen(central, incident)

    assert rows(history) == [session.record]


@histories
@given(drawn_2x, st.data())
def test_what_is_told_again_later_changes_nothing(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    """A session that is over stays as it was, whatever is told of it again."""
    session = Session2(drawn)
    again = data.draw(
        st.lists(st.one_of(st.sampled_from(session.events), incidents), max_size=8)
    )

    async def history(central: Central) -> None:
        await session.tell_all(central)
        for something in again:
            if isinstance(something, dict):
                await session.tell_event(central, something)
            else:
                await happen(central, something)

    assert rows(history) == [session.record]


@histories
@given(drawn_2x, st.data())
def test_the_order_of_events_does_not_matter(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    """A session is the same record in whatever order its events come.

    Some samples never come, some events come twice, and anything may be restarted.
    """
    session = Session2(drawn)
    lost = data.draw(st.lists(st.sampled_from([*session.samples_only, {}])))
    told = [event for event in session.events if event not in lost]
    told += data.draw(st.lists(st.sampled_from(told), max_size=3))
    order = data.draw(st.permutations(told))
    between = data.draw(st.lists(st.none() | incidents, max_size=len(order)))

    async def history(central: Central) -> None:
        for number, event in enumerate(order):
            await session.tell_event(central, event)
            if number < len(between) and (incident := between[number]):
                await happen(central, incident)

    assert rows(history) == [session.record]


@histories
@given(drawn_2x, drawn_2x, st.data())
def test_an_end_that_comes_after_the_next_start_belongs_to_its_own_session(
    first_drawn: dict[str, Any], second_drawn: dict[str, Any], data: st.DataObject
) -> None:
    """Two sessions in a row are right, also when the end of the first comes too late."""
    first = Session2(first_drawn, name="first")
    after = first.ended - first.began + timedelta(seconds=first_drawn["begins"] + 1)
    second = Session2(
        second_drawn
        | {"register": first.registers[-1], "begins": int(after.total_seconds())},
        name="second",
    )
    place = data.draw(st.integers(1, len(second.events)))
    between = data.draw(st.lists(incidents, max_size=4))

    async def history(central: Central) -> None:
        for event in first.events[:-1]:
            await first.tell_event(central, event)
        for number, event in enumerate(second.events, 1):
            await second.tell_event(central, event)
            if between:
                await happen(central, between.pop())
            if number == place:
                await first.tell_event(central, first.events[-1])

    assert rows(history) == [first.record, second.record]


@histories
@given(drawn_2x, drawn_2x, st.data())
def test_two_sessions_at_a_time_do_not_touch_each_other(
    first_drawn: dict[str, Any], second_drawn: dict[str, Any], data: st.DataObject
) -> None:
    """Each has its own EVSE, energy and end, also where that EVSE is told late."""
    sessions = [
        Session2(first_drawn, connector=1, name="first"),
        Session2(second_drawn, connector=2, name="second"),
    ]
    turns = data.draw(
        st.permutations([0] * len(sessions[0].events) + [1] * len(sessions[1].events))
    )
    between = data.draw(st.lists(st.none() | incidents, max_size=len(turns)))

    async def history(central: Central) -> None:
        waiting = [list(session.events) for session in sessions]
        for number, turn in enumerate(turns):
            await sessions[turn].tell_event(central, waiting[turn].pop(0))
            if number < len(between) and (incident := between[number]):
                await happen(central, incident)

    stored = sorted(rows(history), key=lambda row: row["evse"])
    assert stored == [session.record for session in sessions]


@histories
@given(drawn_2x, st.lists(incidents, max_size=3), st.data())
def test_an_end_counts_that_comes_after_the_station_said_it_was_over(
    drawn: dict[str, Any], between: list[tuple[str, ...]], data: st.DataObject
) -> None:
    """Where a station forgets and yet remembers, its session is right in the end."""
    session = Session2(drawn)
    place = data.draw(st.integers(0, len(session.events) - 2))

    async def history(central: Central) -> None:
        for number, event in enumerate(session.events):
            await session.tell_event(central, event)
            if number == place:
                central.obey = knows_nothing
                await happen(central, ("status", "Available"))
                await central.at_rest()
                central.obey = knows_all
                for incident in between:
                    await happen(central, incident)

    assert rows(history) == [session.record]


@histories
@given(drawn_2x, st.lists(incidents, max_size=3))
def test_an_end_of_an_unknown_session_is_kept_once(
    drawn: dict[str, Any], between: list[tuple[str, ...]]
) -> None:
    """With its id, end, register and reason; it ends no other."""
    running = Session2(drawn | {"late": None})
    session = Session2(drawn, name="unknown")

    async def history(central: Central) -> None:
        await running.tell_event(central, running.events[0])
        await session.tell_event(central, session.events[-1])
        for incident in between:
            await happen(central, incident)
        await session.tell_event(central, session.events[-1])
        for event in running.events[1:]:
            await running.tell_event(central, event)

    stored = rows(history)
    assert running.record in stored
    (orphan,) = [row for row in stored if row != running.record]
    assert orphan["end"] == session.ended
    assert orphan["meter_stop"] == session.registers[-1]
    assert orphan["reason"] == REASONS[session.reason]


# --- single histories, each of which once went wrong ----------------------------------------


def test_what_comes_after_the_end_stays() -> None:
    """The start comes last, and then a sample again: the card is not forgotten."""
    session = Session2(SESSION)
    start, sample, end = session.events

    async def history(central: Central) -> None:
        for event in (sample, end, start, sample):
            await session.tell_event(central, event)

    assert rows(history) == [session.record]


def test_a_session_that_never_said_where_it_is_stays_over() -> None:
    """Somebody presented a card and went away again."""
    session = Session2(SESSION | {"late": "place"})
    start, *_, end = session.events

    async def history(central: Central) -> None:
        await session.tell_event(central, start)
        await session.tell_event(central, end)
        central.obey = knows_nothing
        await central.station.transactions.prepare(booted=False)

    (stored,) = rows(history)
    assert (stored["evse"], stored["reason"]) == (0, "local")
    assert stored["end"] == session.ended


def test_a_place_that_is_told_after_the_end_begins_nothing() -> None:
    session = Session2(SESSION | {"late": "place"})
    start, place, _, end = session.events

    async def history(central: Central) -> None:
        for event in (start, end, place):
            await session.tell_event(central, event)
        assert central.station.transactions.running(1) is None

    assert rows(history) == [session.record]


def test_a_place_that_was_guessed_is_corrected() -> None:
    """Only one EVSE was known of when the session began, and it was at another."""
    session = Session2(SESSION | {"late": "place"}, connector=2)

    async def history(central: Central) -> None:
        central.obey = knows_all
        central.station.add_evse(1)
        await session.tell_all(central)
        assert central.station.transactions.session(1) is None

    assert rows_of(history, V201) == [session.record]


@pytest.mark.parametrize("all_registers", [True, False])
def test_a_register_from_before_a_kill_does_not_become_energy(
    all_registers: bool,
) -> None:
    """What the session before charged is not counted again by one without a register."""
    before = Session2(SESSION, name="before")
    session = Session2(
        SESSION
        | {"late": "place", "begins": 600, "register": before.registers[-1]}
        | {"all registers": all_registers},
        name="session",
    )

    async def history(central: Central) -> None:
        await before.tell_event(central, before.events[0])
        await central.restart(killed=False)
        for event in before.events[1:]:
            await before.tell_event(central, event)
        await central.restart(killed=True)
        await session.tell_all(central)

    assert rows(history) == [before.record, session.record]
