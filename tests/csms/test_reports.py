"""Prove how answers that come in parts are put together."""

from typing import Any

import pytest

from custom_components.ocpp.csms.reports import LATER, Report


def part(number: int | None, *items: Any, more: bool = False) -> dict[str, Any]:
    """Return a part of a report."""
    payload: dict[str, Any] = {"requestId": 1, "reportData": list(items)}
    if number is not None:
        payload["seqNo"] = number
    return payload | ({"tbc": True} if more else {})


def gathered(*parts: dict[str, Any]) -> Report:
    """Return a report with these parts."""
    report = Report()
    for one in parts:
        report.take(one, len(one.get("reportData", [])))
    return report


def test_parts_may_come_in_any_order_and_twice() -> None:
    report = gathered(
        part(0, "a", more=True), part(2, "c"), part(1, "b", more=True), part(0, "x")
    )
    assert report.complete
    assert report.result(LATER["GetReport"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (part(0, "a", more=True),),
        (part(0, "a", more=True), part(2, "c")),
        (part(1, "b", more=True), part(2, "c")),
    ],
)
def test_it_is_not_complete_while_a_part_is_missing(parts: Any) -> None:
    assert not gathered(*parts).complete


def test_an_only_part_may_have_any_number() -> None:
    assert gathered(part(1, "a")).complete


def test_what_is_not_numbered_counts_in_the_order_it_came() -> None:
    report = gathered(part(None, "a", more=True), part(None, "b"))
    assert report.complete
    assert report.result(LATER["GetReport"]) == ["a", "b"]


def test_a_text_is_joined() -> None:
    report = Report()
    report.take({"requestId": 1, "seqNo": 1, "data": "world"}, 0)
    report.take({"requestId": 1, "seqNo": 0, "tbc": True, "data": "hello "}, 0)
    assert report.result(LATER["CustomerInformation"]) == "hello world"


def test_profiles_are_told_with_their_place() -> None:
    report = Report()
    told = {"evseId": 1, "chargingLimitSource": "CSO", "chargingProfile": [{"id": 1}]}
    report.take({"requestId": 1, "tbc": False} | told, 1)
    assert report.result(LATER["GetChargingProfiles"]) == [told]


async def test_it_is_waited_for_only_as_long_as_parts_come() -> None:
    assert not await gathered(part(0, more=True)).wait(0.01)
    assert await gathered(part(0)).wait(0.01)


def test_an_endless_report_is_followed_up_to_a_limit() -> None:
    report = Report()
    for number in range(20_000):
        report.take(part(number, more=True), 10)
    assert len(report.parts()) == 5_000


def test_what_comes_in_several_lists_is_told_by_their_names() -> None:
    report = Report()
    report.take({"requestId": 1, "tbc": True, "curve": [1], "freqDroop": [2]}, 2)
    report.take({"requestId": 1, "curve": [3], "gradient": "odd"}, 1)
    assert report.complete
    told = report.told(LATER["GetDERControl"])
    assert told == {"curve": [1, 3], "freqDroop": [2]}


def test_the_list_that_is_always_there_is_empty_where_nothing_was_told() -> None:
    assert Report().told(LATER["GetDERControl"]) == {"curve": []}
    assert Report().told(LATER["GetReport"]) == {"reportData": []}
