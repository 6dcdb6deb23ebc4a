"""A session's record depends on the session alone, not on how its messages came."""

from datetime import UTC, datetime, timedelta
import os
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ocpp.csms import clock

from .histories import MOMENTS, REASONS, Central, Session, happen, rows_of, written

# `scripts/torture --histories` tries others each time, and more of them.
EXAMPLES = int(os.environ.get("HISTORIES", "0"))
settings.register_profile(
    "histories",
    deadline=None,
    derandomize=not EXAMPLES,
    max_examples=EXAMPLES or 60,
    database=None,
    suppress_health_check=list(HealthCheck),
)
histories = settings.get_profile("histories")

STATUSES = ("Available", "Preparing", "Charging", "SuspendedEV", "Finishing", "Faulted")


drawn_sessions = st.fixed_dictionaries(
    {
        "card": st.sampled_from(("CARD1", "card1", "HomeAssistant")),
        "reason": st.sampled_from(tuple(REASONS)),
        "begins": st.integers(0, 600),
        "register": st.integers(1, 5_000_000),
        "steps": st.lists(st.integers(0, 20_000), min_size=1, max_size=5),
    }
)

# What may happen at any time, without a word about the session.
incidents = st.one_of(
    st.tuples(st.just("status"), st.sampled_from(STATUSES)),
    st.tuples(st.sampled_from(("killed", "restarted", "reconnected", "waited"))),
)


# For each message how often it is told, and what happens before each time.
tellings = st.lists(st.lists(st.lists(incidents, max_size=2), max_size=2), max_size=7)


async def tell_repeatedly(
    central: Central, session: Session, telling: list[list[list[tuple[str, ...]]]]
) -> None:
    """Tell a session as a station does whose answers get lost."""
    for number, (action, payload) in enumerate(session.messages):
        attempts = telling[number] if number < len(telling) else []
        for before in [*attempts, []]:
            await session.tell(central, action, payload)
            for incident in before:
                await happen(central, incident)


@histories
@given(drawn_sessions, tellings)
def test_a_session_is_one_record_however_its_messages_come(
    drawn: dict[str, Any], telling: list[list[list[tuple[str, ...]]]]
) -> None:
    """A session is one record with its own energy, times, registers and reason.

    However often the station repeats a message, because its answers get lost with the
    connection, or because Home Assistant is restarted or killed, and whatever it says of
    the connector's present meanwhile.
    """
    session = Session(drawn)
    history = lambda central: tell_repeatedly(central, session, telling)  # noqa: E731
    assert rows_of(history) == [session.record]


@histories
@given(drawn_sessions, st.data())
def test_what_is_told_again_later_changes_nothing(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    """A session that is over stays as it was, whatever is told of it again.

    Starts, samples and ends may come again in any order, and between restarts: nothing is
    counted twice, and no second session begins.
    """
    session = Session(drawn)
    again = data.draw(
        st.lists(st.one_of(st.sampled_from(session.messages), incidents), max_size=8)
    )

    async def history(central: Central) -> None:
        await session.tell_all(central)
        for something in again:
            match something:
                case (str(action), dict(payload)):
                    await session.tell(central, action, payload)
                case _:
                    await happen(central, something)

    assert rows_of(history) == [session.record]


@histories
@given(drawn_sessions, st.data())
def test_the_order_of_samples_does_not_matter(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    """A session's energy is what its registers say, in whatever order samples come.

    Some never come, some twice, some after the end.
    """
    session = Session(drawn)
    before = data.draw(st.lists(st.sampled_from(session.samples or [{}]), max_size=6))
    after = data.draw(st.lists(st.sampled_from(session.samples or [{}]), max_size=3))

    async def history(central: Central) -> None:
        await session.tell(central, "StartTransaction", session.start)
        for sample in filter(None, before):
            await session.tell(central, "MeterValues", sample)
        await session.tell(central, "StopTransaction", session.stop)
        for sample in filter(None, after):
            await session.tell(central, "MeterValues", sample)

    assert rows_of(history) == [session.record]


@histories
@given(drawn_sessions, drawn_sessions, st.data())
def test_a_stop_that_comes_after_the_next_start_belongs_to_its_own_session(
    first_drawn: dict[str, Any], second_drawn: dict[str, Any], data: st.DataObject
) -> None:
    """Two sessions in a row are right, also when the end of the first comes too late.

    Wherever between the messages of the second it comes, and whatever restarts: both have
    their own energy, times and reasons.
    """
    first = Session(first_drawn)
    after = first.ended - first.began + timedelta(seconds=first_drawn["begins"] + 1)
    second = Session(
        second_drawn
        | {"register": first.registers[-1], "begins": int(after.total_seconds())}
    )
    place = data.draw(st.integers(1, len(second.messages)))
    between = data.draw(st.lists(incidents, max_size=4))

    async def history(central: Central) -> None:
        for action, payload in first.messages[:-1]:
            await first.tell(central, action, payload)
        for number, (action, payload) in enumerate(second.messages, 1):
            await second.tell(central, action, payload)
            if between:
                await happen(central, between.pop())
            if number == place:
                await first.tell(central, "StopTransaction", first.stop)

    assert rows_of(history) == [first.record, second.record]


@histories
@given(drawn_sessions, st.sampled_from((-1, 0)), tellings)
def test_a_session_without_an_id_ends_as_one_with_it(
    drawn: dict[str, Any],
    no_id: int,
    telling: list[list[list[tuple[str, ...]]]],
) -> None:
    """A station that never got its session's id ends it all the same.

    It sends -1 or 0 in its place; the end is the end of the one session that can be meant.
    """
    session = Session(drawn)

    async def history(central: Central) -> None:
        await session.tell(central, "StartTransaction", session.start)
        session.id = no_id
        for attempts, (action, payload) in zip(
            telling, session.messages[1:], strict=False
        ):
            for before in attempts:
                await session.tell(central, action, payload)
                for incident in before:
                    await happen(central, incident)
        await session.tell(central, "StopTransaction", session.stop)
        await session.tell(central, "StopTransaction", session.stop)

    stored = rows_of(history)
    assert session.record in stored
    assert [row for row in stored if row["evse"]] == [session.record]


@histories
@given(drawn_sessions, st.integers(1, 2**31 - 1), st.lists(incidents, max_size=3))
def test_an_end_of_an_unknown_session_is_kept_once(
    drawn: dict[str, Any], unknown: int, between: list[tuple[str, ...]]
) -> None:
    """The end of a session that nobody here knows is kept, once, and ends no other."""
    running, session = Session(drawn | {"begins": 0}), Session(drawn)
    session.id = unknown

    async def history(central: Central) -> None:
        await running.tell(central, "StartTransaction", running.start)
        await session.tell(central, "StopTransaction", session.stop)
        for incident in between:
            await happen(central, incident)
        await session.tell(central, "StopTransaction", session.stop)
        await running.tell_all(central)

    stored = rows_of(history)
    assert running.record in stored
    (orphan,) = [row for row in stored if row != running.record]
    assert orphan["evse"] == 0
    assert orphan["meter_stop"] == session.registers[-1]
    assert orphan["end"] == session.ended


@histories
@given(drawn_sessions, drawn_sessions, st.lists(incidents, max_size=3), st.data())
def test_a_refused_start_leaves_the_running_session_alone(
    drawn: dict[str, Any],
    refused_drawn: dict[str, Any],
    between: list[tuple[str, ...]],
    data: st.DataObject,
) -> None:
    """A start that is refused neither ends the running session nor adds to it."""
    session = Session(drawn)
    refused = Session(refused_drawn | {"begins": drawn["begins"] + 1, "card": "OTHER"})
    place = data.draw(st.integers(0, len(session.messages) - 2))

    async def history(central: Central) -> None:
        for number, (action, payload) in enumerate(session.messages):
            await session.tell(central, action, payload)
            if number == place:
                central.refuse(refuse=True)
                answer = await central.say("StartTransaction", refused.start)
                assert answer["transactionId"] > 0
                assert answer["idTagInfo"]["status"] != "Accepted"
                central.refuse(refuse=False)
                for incident in between:
                    await happen(central, incident)

    stored = rows_of(history)
    assert [row for row in stored if row["card"] != "OTHER"] == [session.record]


@histories
@given(
    drawn_sessions,
    st.sampled_from(("no zone", "other zone", "1970", "ahead")),
    tellings,
)
def test_a_clock_that_is_wrong_costs_no_session(
    drawn: dict[str, Any],
    spelling: str,
    telling: list[list[list[tuple[str, ...]]]],
) -> None:
    """A session is one record with its own energy, whatever the station's clock says.

    A time without a zone is UTC, any zone is understood. A clock that was never set, or
    is ahead, tells nothing of when; still no message counts twice.
    """
    session = Session(drawn | {"spelling": spelling})
    stored = rows_of(lambda central: tell_repeatedly(central, session, telling))
    if spelling in ("no zone", "other zone"):
        assert stored == [session.record]
        return
    undated = [
        {key: value for key, value in row.items() if key not in MOMENTS}
        for row in stored
    ]
    assert undated == [session.undated_record]


# --- single histories, each of which once went wrong or easily could ------------------------

SESSION = {
    "card": "CARD1",
    "reason": "Local",
    "begins": 0,
    "register": 10_000,
    "steps": [500, 500],
}


def test_an_end_without_id_finds_the_session_that_looked_over() -> None:
    """The connector was said to be free before the queued end, which has no id, came."""
    session = Session(SESSION)

    async def history(central: Central) -> None:
        await session.tell(central, "StartTransaction", session.start)
        await happen(central, ("status", "Available"))
        await central.at_rest()
        session.id = -1
        await session.tell(central, "StopTransaction", session.stop)

    assert rows_of(history) == [session.record]


@pytest.mark.parametrize("spelling", ["1970", "ahead"])
def test_a_repeated_start_is_known_by_what_the_station_wrote(spelling: str) -> None:
    """Also when its clock is wrong and the session looked over meanwhile."""
    session = Session(SESSION | {"spelling": spelling})

    async def history(central: Central) -> None:
        await session.tell(central, "StartTransaction", session.start)
        await happen(central, ("status", "Available"))
        await central.at_rest()
        await session.tell(central, "StartTransaction", session.start)
        await session.tell(central, "StopTransaction", session.stop)

    assert len(rows_of(history)) == 1


def test_a_start_from_the_future_is_the_same_when_it_is_not_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clock six minutes ahead: two minutes later its time can be believed."""
    session = Session(SESSION)
    now = datetime.now(UTC)
    session.start["timestamp"] = written(now + timedelta(minutes=6))

    async def history(central: Central) -> None:
        await session.tell(central, "StartTransaction", session.start)
        monkeypatch.setattr(clock, "utcnow", lambda: now + timedelta(minutes=2))
        await session.tell(central, "StartTransaction", session.start)

    assert len(rows_of(history)) == 1


@pytest.mark.parametrize("unknown", [4711, -1, 0])
def test_an_end_of_an_unknown_session_without_a_time_is_kept_once(unknown: int) -> None:
    """Its repetition is the same end, though neither can be dated."""
    session = Session(SESSION | {"spelling": "1970"})
    session.id = unknown

    async def history(central: Central) -> None:
        await session.tell(central, "StopTransaction", session.stop)
        await session.tell(central, "StopTransaction", session.stop)

    assert len(rows_of(history)) == 1


def test_a_kill_does_not_make_the_register_before_the_session_its_energy() -> None:
    """A station that writes 0 for every start is known to; its meter reads 150 kWh."""
    earlier = Session(SESSION | {"register": 150_000, "steps": [0]})
    session = Session(
        SESSION | {"begins": 600, "register": 150_000, "steps": [500, 500, 500]}
    )
    session.start["meterStart"] = 0

    async def history(central: Central) -> None:
        await earlier.tell_all(central)
        await session.tell(central, "StartTransaction", session.start)
        await central.restart(killed=True)
        await session.tell(central, "MeterValues", session.samples[0])
        await session.tell(central, "StopTransaction", session.stop)

    assert rows_of(history)[1]["energy"] == 1500


def test_a_kill_between_two_records_leaves_no_session_running_for_ever() -> None:
    """It came after the next start was stored, and before its lost predecessor's end was."""
    lost = Session(SESSION)
    session = Session(SESSION | {"begins": 600, "register": 12_000})

    async def history(central: Central) -> None:
        await lost.tell(central, "StartTransaction", lost.start)
        await central.die_before_saving(session.start)
        await session.tell_all(central)

    stored = rows_of(history)
    assert [row["reason"] for row in stored] == ["unknown_end", "local"]
    assert stored[1] == session.record


@pytest.mark.parametrize("killed", [True, False])
def test_a_running_session_is_there_after_a_restart(killed: bool) -> None:
    """With its connector, start and card, before the station says anything."""
    session = Session(SESSION, connector=2)

    async def history(central: Central) -> None:
        await session.tell(central, "StartTransaction", session.start)
        await central.restart(killed=killed)
        running = central.station.transactions.running(2)
        assert running is not None
        assert (running.id, running.id_token) == (str(session.id), session.card)
        assert running.started == session.began
        assert 2 in central.station.evses

    rows_of(history)
