"""Reading by the words of the message before, which must change nothing."""

from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp.csms.blocks.metering.pattern import Pattern
from custom_components.ocpp.csms.blocks.metering.spelling import read_meter_values
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.lenient import is_too_deep
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V16
from tests.csms.conftest import IDENTITY, MakeWire
from tests.fuzz import messages

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


# --- whether a message is valid ----------------------------------------------------------

VALIDATOR = load_schemas(V16).requests["MeterValues"]
VOLTS = {"measurand": "Voltage", "unit": "V", "phase": "L1", "value": "230"}
ENERGY = {"value": "7"}


class Asked:
    """A validator that counts how often it is asked."""

    def __init__(self) -> None:
        """Begin without a question."""
        self.times = 0

    def is_valid(self, payload: Any) -> bool:
        """Return what the schema says."""
        self.times += 1
        return VALIDATOR.is_valid(payload)


def meter_values(value: str = "230", **more: Any) -> dict[str, Any]:
    """Return a MeterValues of a session."""
    return {
        "connectorId": 1,
        "transactionId": 1,
        "meterValue": message([VOLTS | {"value": value}, ENERGY]),
    } | more


def with_other_values(rng: Random, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a message like that, of another moment."""
    said = deepcopy(payload)
    for element in said["meterValue"]:
        element["timestamp"] = messages.moment(rng)
        for sample in element["sampledValue"]:
            sample["value"] = str(rng.randrange(500))
    return said


async def test_a_message_is_as_valid_as_its_schema_says_whatever_came_before(
    station: ChargingStation,
) -> None:
    """With the words of a valid one before, with faults in it, and with both."""
    rng, metering, asked = Random(5), station.metering, Asked()
    schema = messages.schemas(V16)["MeterValues"]
    spelling, verdicts = meter_values(), {True: 0, False: 0}
    for _ in range(6_000):
        if rng.random() < 0.02:
            spelling = messages.valid(rng, schema)
            # As most stations do: one moment in a message.
            del spelling["meterValue"][1:]
        said: Any = with_other_values(rng, spelling)
        if rng.random() < 0.3:
            said = messages.mutated(rng, said)
        if not isinstance(said, dict) or is_too_deep([said]):
            continue
        valid = VALIDATOR.is_valid(said)
        verdicts[valid] += 1
        assert metering.is_valid(said, asked) is valid, said
        if rng.random() < 0.3:
            samples, evse = said.get("meterValue"), said.get("connectorId")
            read = metering._pattern(evse if type(evse) is int else 1).values
            expected = read_meter_values(samples, NOW)
            assert read_meter_values(samples, NOW, read) == expected
    assert min(verdicts.values()) > 500
    # The others were known by their spelling.
    assert asked.times < 0.6 * sum(verdicts.values())


async def test_only_the_first_message_of_a_spelling_is_looked_up_in_the_schema(
    station: ChargingStation,
) -> None:
    """Also after its values were read; another session is another spelling."""
    asked = Asked()
    for value in ("230", "231", "232"):
        said = meter_values(value)
        assert station.metering.is_valid(said, asked)
        station.metering.take_up(1, said["meterValue"], None)
        assert station.metering.value(1, "Voltage/L1") == float(value)
    assert asked.times == 1
    assert station.metering.is_valid(meter_values(transactionId=2), asked)
    assert asked.times == 2


def test_a_valid_message_means_the_same_after_another_came() -> None:
    """Whatever comes before it is read."""
    pattern, valid = Pattern(), meter_values()
    pattern.learn(valid)
    assert pattern.is_valid(valid)
    others = meter_values(
        meterValue=message([{"value": "230", "measurand": "Current.Import"}] * 2)
    )
    pattern.learn(others)
    for said in (valid["meterValue"], others["meterValue"]):
        expected = read_meter_values(said, NOW)
        assert read_meter_values(said, NOW, pattern.values) == expected


def test_a_valid_message_means_the_same_after_another_was_read() -> None:
    """Its words were learned once, but are not the last any more."""
    pattern, valid = Pattern(), meter_values()
    pattern.learn(valid)
    assert pattern.is_valid(valid)
    others = message([{"value": "230", "measurand": "Current.Import"}, {"value": "7"}])
    read_meter_values(others, NOW, pattern.values)
    assert not pattern.is_valid(valid)
    expected = read_meter_values(valid["meterValue"], NOW)
    assert read_meter_values(valid["meterValue"], NOW, pattern.values) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"connectorId": True},
        {"transactionId": True},
        {"transactionId": "1"},
        {"more": 1},
        {"meterValue": []},
        {"meterValue": message([])},
        {"meterValue": [*message([VOLTS, ENERGY]), {}]},
        {"meterValue": [{"timestamp": None, "sampledValue": [VOLTS, ENERGY]}]},
        {"meterValue": [message([VOLTS, ENERGY])[0] | {"more": ""}]},
        {"meterValue": message([VOLTS, ENERGY | {"value": 7}])},
        {"meterValue": message([VOLTS, ENERGY | {"value": 7.5}])},
        {"meterValue": message([VOLTS, ENERGY | {"more": ""}])},
        {"meterValue": message([VOLTS | {"unit": "Volts"}, ENERGY])},
    ],
    ids=str,
)
def test_what_looks_like_the_message_before_and_is_not_valid(
    station: ChargingStation, wrong: dict[str, Any]
) -> None:
    assert station.metering.is_valid(meter_values(), VALIDATOR)
    assert not station.metering.is_valid(meter_values() | wrong, VALIDATOR)


async def test_an_oddity_is_counted_each_time_it_comes(
    station: ChargingStation, wire: MakeWire
) -> None:
    """Also by a station that spells all its messages in the same wrong way."""
    socket = await wire(IDENTITY)
    for number in range(3):
        odd = [{"value": str(number), "measurand": "Voltage", "unit": "Volts"}]
        payload = {"connectorId": 1, "meterValue": message(odd)}
        await socket.send([2, str(number), "MeterValues", payload])
        assert await socket.answer_to(str(number)) == [3, str(number), {}]
    (times,) = [n for note, n in station.notes.items() if "MeterValues" in note]
    assert times == 3
