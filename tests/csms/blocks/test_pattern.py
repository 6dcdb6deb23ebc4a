"""Reading by the words of the message before, which must change nothing."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp.csms.blocks.metering.pattern import Pattern
from custom_components.ocpp.csms.blocks.metering.spelling import read_meter_values

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WORDS = st.fixed_dictionaries(
    {},
    optional={
        "measurand": st.sampled_from(
            [
                "Energy.Active.Import.Register",
                "Current.Import",
                "Voltage",
                "Temperature",
                "Nonsense",
            ]
        ),
        "phase": st.sampled_from(["L1", "L2", "L3", "L1-N"]),
        "unit": st.sampled_from(["Wh", "kWh", "A", "V", "K", "Celsius"]),
        "context": st.sampled_from(["Sample.Periodic", "Transaction.Begin"]),
        "format": st.sampled_from(["Raw", "SignedData"]),
    },
)
VALUES = st.sampled_from(
    ["1", "2.5", "3,5", "", "NaN", "inf", "1e400", " 7 ", 4, 4.5, True, None, [], {}]
)
SPELLING = st.lists(WORDS, min_size=1, max_size=6)


def message(sampled: Any) -> list[dict[str, Any]]:
    """Return samples of one moment as they come."""
    return [{"timestamp": "2026-05-04T12:00:00Z", "sampledValue": sampled}]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_a_message_means_the_same_whatever_came_before(data: st.DataObject) -> None:
    """With the words of the message before, with others, and with odd values."""
    pattern = Pattern()
    spelling = data.draw(SPELLING)
    for _ in range(4):
        if data.draw(st.integers(0, 3)) == 0:
            spelling = data.draw(SPELLING)
        sampled = [words | {"value": data.draw(VALUES)} for words in spelling]
        expected = read_meter_values(message([dict(item) for item in sampled]), NOW)
        assert read_meter_values(message(sampled), NOW, pattern.values) == expected


@pytest.mark.parametrize(
    "sampled",
    [
        [{"value": "1", "measurand": "Voltage", "more": "x" * 51}],
        [{"value": "1", "measurand": "Voltage", "x" * 51: "more"}],
        [{"value": "1", "measurand": "Voltage", "more": {"deep": 1}}],
        [{"value": "1", "measurand": "Voltage"} | {str(i): "" for i in range(10)}],
        [{"value": "1", "measurand": "Voltage"}] * 101,
        [{"value": "1", "measurand": "Voltage"}, "text"],
        ["text"],
        [],
    ],
    ids=range(8),
)
def test_what_is_no_spelling_is_not_remembered(sampled: list[Any]) -> None:
    """It could be of any size; and it is read each time as if it were the first."""
    pattern = Pattern()
    expected = read_meter_values(message(sampled), NOW)
    for _ in range(2):
        assert read_meter_values(message(sampled), NOW, pattern.values) == expected
    assert pattern._samples == []


def test_a_message_without_samples_says_nothing_whatever_came_before() -> None:
    """Some firmware of old sends an empty list; it cost the end of a session."""
    pattern = Pattern()
    words = {"measurand": "Voltage", "value": "230"}
    assert read_meter_values(message([words]), NOW, pattern.values)
    assert read_meter_values(message([words | {"customData": {}}]), NOW, pattern.values)
    assert read_meter_values([{"values": []}], NOW, pattern.values) == []
