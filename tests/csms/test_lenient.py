"""Prove what is repaired of what real chargers send, and what is not."""

import json
import math
import random
from typing import Any

import jsonschema_rs
import pytest

from custom_components.ocpp.csms.errors import ErrorCode
from custom_components.ocpp.csms.lenient import (
    Violation,
    error_code,
    read_broken,
    repair,
    transaction_id,
)
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V16

SCHEMAS = load_schemas(V16)
STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
STOP = {"transactionId": 7, "meterStop": 100, "timestamp": "2026-05-04T12:00:00Z"}
METER = {
    "connectorId": 1,
    "meterValue": [
        {"timestamp": "2026-05-04T12:00:00Z", "sampledValue": [{"value": "1"}]}
    ],
}


# --- JSON ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[2,"1","A",{"a":,"b":1}]', [2, "1", "A", {"a": None, "b": 1}]),
        ('[2,"1","A",{"a":}]', [2, "1", "A", {"a": None}]),
        ('[2,"1","A",{"a":[1,]}]', [2, "1", "A", {"a": [1]}]),
        ('[2,"1","A",{"a":1,}]', [2, "1", "A", {"a": 1}]),
        ('[2,"1","A",{"a":[,{"b":1}]}]', [2, "1", "A", {"a": [{"b": 1}]}]),
        ('[2,"1","A",{,"a":1}]', [2, "1", "A", {"a": 1}]),
        ('[2,"1","A",{"a":1,,"b":2}]', [2, "1", "A", {"a": 1, "b": 2}]),
        ('[2,"1","A",{"a":1 "b":2}]', [2, "1", "A", {"a": 1, "b": 2}]),
        ('[2,"1","A",{"a":[{}{}]}]', [2, "1", "A", {"a": [{}, {}]}]),
        ('[2,"1","A",{"a":"x"}', [2, "1", "A", {"a": "x"}]),
        ('[2,"1","A",{"a":[{"b":1}', [2, "1", "A", {"a": [{"b": 1}]}]),
        ('[2,"1","A",{"a":,"b":"}]{[,,:"}', [2, "1", "A", {"a": None, "b": "}]{[,,:"}]),
        ('[2,"1","A",{"a":"\\"}","b":}]', [2, "1", "A", {"a": '"}', "b": None}]),
        ('[2,"1","A","a":1,"b":"x"}]', [2, "1", "A", {"a": 1, "b": "x"}]),
        ('[2,"1","A","a":1,"b":{}}]', [2, "1", "A", {"a": 1, "b": {}}]),
        ('[2,"1","A",{"a":"x\x10\x0e"}]', [2, "1", "A", {"a": "x\x10\x0e"}]),
        ('[2,"1","A",{"a":"x\ny","b":1}]', [2, "1", "A", {"a": "x\ny", "b": 1}]),
        (r'[2,"1","A",{"a":"x\\\","b":1}]', [2, "1", "A", {"a": "x\\\\", "b": 1}]),
        (r'[2,"1","A",{"b":1,"a":"x\"}]', [2, "1", "A", {"b": 1, "a": "x\\"}]),
        ('[2,"1","A",{}]\0', [2, "1", "A", {}]),
        ('\ufeff[2,"1","A",{}]\r\n\0', [2, "1", "A", {}]),
        (b'\xef\xbb\xbf[2,"1","A",{}]', [2, "1", "A", {}]),
        (b'[2,"1","A",{"info":"25 \xb0C"}]', [2, "1", "A", {"info": "25 \ufffdC"}]),
    ],
)
def test_json_faults_of_real_chargers_are_mended(text: str | bytes, value: Any) -> None:
    """Missing values, stray and missing commas, missing closers, foreign characters."""
    assert read_broken(text) == value


@pytest.mark.parametrize(
    "text", ['[2,"1","A",{}]', b'[2,"1","A",{}]', ' [2,"1","A",{}]\n']
)
def test_what_is_json_stays_as_it_is(text: str | bytes) -> None:
    """Also with white space around it."""
    assert read_broken(text) == [2, "1", "A", {}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\0",
        "hello",
        '[2,"1","A",{"meterStop":12',
        '[2,"1","A",{"meterStop":12,',
        '[2,"1","A",{"a":"b"',
        '[2,"1","A",{"a":"b',
        '[2,"1","A",{"meterStop":"12}]',
        '[2,"1","A",{"meterStop":12"}]',
        '[2,"1","A",{"a":1]}',
        '[2,"1","A"]]',
        '[2,"1","A",{"a"::1}]',
        '[2,"1","A",{a:1}]',
        "[2,'1','A',{}]",
        '[2,"1","A",{"a":NaN}]',
        '[2,"1","A",{"a":1 2}]',
        "[" + "1," * 40_000 + "]",
        b"\xff\xfe\x00",
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(text: str | bytes) -> None:
    """Half a number would pass for a whole one."""
    with pytest.raises(ValueError):
        read_broken(text)


def test_no_prefix_of_a_frame_is_read_as_another_number() -> None:
    """Wherever a frame is cut: what is understood of it is what it said."""
    whole = json.dumps([2, "1", "MeterValues", METER | {"transactionId": 12345}])
    readable = 0
    for length in range(len(whole)):
        try:
            value = read_broken(whole[:length])
        except ValueError:
            continue
        readable += 1
        payload = value[3]
        assert payload["connectorId"] == 1
        assert payload.get("transactionId") in (None, 12345)
        assert payload["meterValue"][0]["sampledValue"][0]["value"] == "1"
    assert readable


# --- payloads -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload", "repaired"),
    [
        ("Heartbeat", None, {}),
        ("StatusNotification", STATUS | {"status": "available"}, STATUS),
        ("StatusNotification", STATUS | {"status": " AVAILABLE "}, STATUS),
        ("StatusNotification", STATUS | {"errorCode": "noerror"}, STATUS),
        ("StatusNotification", STATUS | {"connectorId": "1"}, STATUS),
        ("StatusNotification", STATUS | {"connectorId": " 1 "}, STATUS),
        ("StatusNotification", STATUS | {"connectorId": 1.0}, STATUS),
        ("StatusNotification", STATUS | {"connectorId": "1.0"}, STATUS),
        ("StatusNotification", STATUS | {"info": None}, STATUS),
        ("StatusNotification", STATUS | {"info": []}, STATUS),
        ("StatusNotification", STATUS | {"info": {}}, STATUS),
        ("StatusNotification", STATUS | {"info": 7}, STATUS | {"info": "7"}),
        ("StatusNotification", STATUS | {"info": 1.5}, STATUS | {"info": "1.5"}),
        ("StatusNotification", STATUS | {"info": True}, STATUS | {"info": "true"}),
        ("StopTransaction", STOP | {"transactionId": "7"}, STOP),
        ("StopTransaction", STOP | {"meterStop": "100"}, STOP),
        ("StopTransaction", STOP | {"reason": ""}, STOP),
        ("StopTransaction", STOP | {"reason": None}, STOP),
        ("StopTransaction", STOP | {"reason": "null"}, STOP),
        ("StopTransaction", STOP | {"idTag": None}, STOP),
        (
            "StopTransaction",
            STOP | {"reason": "evdisconnected"},
            STOP | {"reason": "EVDisconnected"},
        ),
        ("MeterValues", METER | {"meterValue": METER["meterValue"][0]}, METER),
        (
            "MeterValues",
            {
                "connectorId": "1",
                "meterValue": {
                    "timestamp": "2026-05-04T12:00:00Z",
                    "sampledValue": {"value": 1, "unit": "", "phase": None},
                },
            },
            METER,
        ),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": 12345, "meterStart": "0", "timestamp": "x"},
            {"connectorId": 1, "idTag": "12345", "meterStart": 0, "timestamp": "x"},
        ),
    ],
)
def test_a_payload_is_brought_to_its_schema(
    action: str, payload: Any, repaired: dict[str, Any]
) -> None:
    """Letter case, numbers as text, text as numbers, empty fields, lonely objects."""
    payload = json.loads(json.dumps(payload))
    result = repair(payload, SCHEMAS.requests[action])
    assert result.payload == repaired
    assert result.left == ()
    assert bool(result.notes) == (payload is not None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1,5", 1.5),
        ("1.5", 1.5),
        ("-3", -3),
        ("90071992547409931", 90071992547409931),
        (" 7 ", 7),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1e999", "1e999"),
        ("abc", "abc"),
        (True, True),
        ([1], [1]),
    ],
)
def test_text_becomes_a_number_only_where_it_is_a_finite_one(
    value: Any, expected: Any
) -> None:
    """A comma is a decimal point."""
    validator = jsonschema_rs.validator_for({"properties": {"a": {"type": "number"}}})
    assert repair({"a": value}, validator).payload == {"a": expected}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("False", False), (1, True), ("0", False), ("yes", "yes"), (2, 2)],
)
def test_truth_is_recognised_in_words_and_numbers(value: Any, expected: Any) -> None:
    """What is neither stays as it is."""
    validator = jsonschema_rs.validator_for({"properties": {"a": {"type": "boolean"}}})
    repaired = repair({"a": value}, validator)
    assert repaired.payload == {"a": expected} and type(repaired.payload["a"]) is type(
        expected
    )


@pytest.mark.parametrize(
    ("action", "payload", "left"),
    [
        (
            "StatusNotification",
            {"status": "Available", "errorCode": "NoError"},
            ["connectorId: required"],
        ),
        ("StatusNotification", STATUS | {"connectorId": "one"}, ["connectorId: type"]),
        ("StatusNotification", STATUS | {"connectorId": 1.5}, ["connectorId: type"]),
        (
            "StatusNotification",
            STATUS | {"connectorId": None},
            ["connectorId: required"],
        ),
        ("StatusNotification", STATUS | {"status": "Sleeping"}, ["status: enum"]),
        ("StatusNotification", STATUS | {"info": "x" * 60}, ["info: maxLength"]),
        ("StatusNotification", STATUS | {"new": 1}, ["payload: additionalProperties"]),
        ("Heartbeat", [], ["payload: type"]),
        ("Heartbeat", "x", ["payload: type"]),
        ("Heartbeat", 7, ["payload: type"]),
        (
            "MeterValues",
            {
                "connectorId": 1,
                "meterValue": [{"timestamp": "x", "sampledValue": [None]}],
            },
            ["meterValue.[].sampledValue.[]: type"],
        ),
    ],
)
def test_what_cant_be_repaired_is_told(
    action: str, payload: Any, left: list[str]
) -> None:
    """By its place and kind; whether it matters is for the caller to say."""
    repaired = repair(payload, SCHEMAS.requests[action])
    assert [str(violation) for violation in repaired.left] == left
    assert isinstance(repaired.payload, dict)


def test_notes_never_contain_values() -> None:
    """They can be card numbers."""
    payload = {
        "connectorId": "SECRET",
        "idTag": ["SECRET"],
        "meterStart": {"SECRET": "SECRET"},
        "timestamp": 4711,
        "SECRET": "SECRET",
        "reservationId": "4711",
    }
    repaired = repair(payload, SCHEMAS.requests["StartTransaction"])
    assert repaired.notes and repaired.left
    told = " ".join([*repaired.notes, *map(str, repaired.left)])
    assert "SECRET" not in told and "4711" not in told


def test_the_notes_of_a_long_list_are_as_few_as_its_kinds() -> None:
    """Places in a list are not told apart."""
    sample = {"timestamp": "x", "sampledValue": [{"value": 1} for _ in range(50)]}
    payload = {"connectorId": 1, "meterValue": [sample]}
    repaired = repair(payload, SCHEMAS.requests["MeterValues"])
    assert repaired.notes == ("meterValue.[].sampledValue.[].value: type",)


def test_nothing_that_parses_makes_repair_fail() -> None:
    """A thousand random payloads with values of every kind in every place."""
    odd = random.Random(16)
    values: list[Any] = [
        None, "", "null", "x", "7", "nan", 0, -1, 1.5, 10**18, 1e300, True, [], {}, [None],
        {"a": 1}, [[]], [{"timestamp": None}], {"sampledValue": [{}]}, "x" * 600,
    ]  # fmt: skip
    seeds = {
        "StatusNotification": STATUS,
        "StopTransaction": STOP | {"transactionData": METER["meterValue"]},
        "MeterValues": METER,
    }

    def spoil(value: Any) -> Any:
        if odd.random() < 0.25:
            return odd.choice(values)
        if isinstance(value, dict):
            spoilt = {key: spoil(item) for key, item in value.items()}
            return spoilt | {odd.choice(["info", "idTag", "x"]): odd.choice(values)}
        return [spoil(item) for item in value] if isinstance(value, list) else value

    for number in range(1000):
        action = list(seeds)[number % 3]
        payload = json.loads(json.dumps(spoil(seeds[action])))
        repaired = repair(payload, SCHEMAS.requests[action])
        assert isinstance(repaired.payload, dict)
        assert not any("x" * 600 in note for note in repaired.notes)


@pytest.mark.parametrize(
    ("violation", "code"),
    [
        (Violation((), "required", "idTag"), ErrorCode.PROTOCOL_ERROR),
        (Violation(("a",), "type"), ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        (Violation((), "type"), ErrorCode.FORMAT_VIOLATION),
        (Violation(("a",), "minItems"), ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        (Violation((), "additionalProperties"), ErrorCode.FORMAT_VIOLATION),
        (Violation(("a",), "enum"), ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        (Violation(("a",), "maxLength"), ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
    ],
)
def test_each_violation_has_its_error_code(
    violation: Violation, code: ErrorCode
) -> None:
    """As the specification divides them."""
    assert error_code(violation) is code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, "7"), ("7", "7"), (7.0, "7"), (-1, None), (0, None), ("-1", None), ("0", None),
        (None, None), ("", None), ("x", None), (True, None), ([], None), (math.inf, None),
        (math.nan, None), (2**40, str(2**40)),
    ],
)  # fmt: skip
def test_a_transaction_id_is_a_number_other_than_the_two_that_mean_none(
    value: object, expected: str | None
) -> None:
    """Stations that were given none send -1, or 0."""
    assert transaction_id(value) == expected


@pytest.mark.parametrize("count", [600, 100_000])
def test_a_flood_of_faults_is_not_followed_to_its_end(count: int) -> None:
    """One message must not hold everybody else up; it is left as it is."""
    validator = load_schemas(V16).requests["MeterValues"]
    samples = [{"value": number} for number in range(count)]
    payload = {
        "connectorId": 1,
        "meterValue": [{"timestamp": "2026-05-04T11:00:00Z", "sampledValue": samples}],
    }
    repaired = repair(payload, validator)
    assert repaired.payload is payload
    assert 1 <= len(repaired.left) <= 500
    assert len(repaired.notes) == 1
    assert samples[0] == {"value": 0}
