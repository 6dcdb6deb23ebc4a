"""Answers that come later, and in parts: reports that stations send after saying yes."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from .model import Payload

if TYPE_CHECKING:
    from .charging_station import ChargingStation
    from .sending import Answer

# What a station that goes on and on is not followed beyond.
_MOST_ITEMS = 50_000
_MOST_PARTS = 10_000


class Later(NamedTuple):
    """Which message brings the answer, and in which of its fields.

    A `text` is cut into pieces; of what comes as a `whole` the other fields count as well.
    `others` are further fields that are lists of their own.
    """

    message: str
    field: str
    text: bool = False
    whole: bool = False
    others: tuple[str, ...] = ()


# By the command that asks for it.
LATER: Mapping[str, Later] = {
    "CustomerInformation": Later("NotifyCustomerInformation", "data", text=True),
    "GetBaseReport": Later("NotifyReport", "reportData"),
    "GetChargingProfiles": Later(
        "ReportChargingProfiles", "chargingProfile", whole=True
    ),
    "GetDERControl": Later(
        "ReportDERControl",
        "curve",
        others=(
            *("enterService", "fixedPFAbsorb", "fixedPFInject", "fixedVar"),
            *("freqDroop", "gradient", "limitMaxDischarge"),
        ),
    ),
    "GetDisplayMessages": Later("NotifyDisplayMessages", "messageInfo"),
    "GetMonitoringReport": Later("NotifyMonitoringReport", "monitor"),
    "GetReport": Later("NotifyReport", "reportData"),
}
_FIELDS = {later.message: (later.field, *later.others) for later in LATER.values()}
_ENVELOPE = frozenset({"requestId", "tbc"})
# With these the request was taken, but nothing comes.
_NOTHING_TO_TELL = frozenset({"EmptyResultSet", "NoProfiles", "NotFound", "Unknown"})


class Report:
    """One answer, as far as it has come. Parts may come in any order, and twice."""

    def __init__(self) -> None:
        """Begin with no part."""
        # Those of the messages that one command took.
        self._several: list[Report] = []
        self._parts: dict[int, Payload] = {}
        self._end: int | None = None
        self._items = 0
        self._news = asyncio.Event()

    def take(self, payload: Payload, items: int) -> None:
        """Take up one part. Some messages do not number theirs."""
        number = payload.get("seqNo")
        if isinstance(number, bool) or not isinstance(number, int):
            number = len(self._parts)
        if (
            len(self._parts) >= _MOST_PARTS
            or (self._items + items > _MOST_ITEMS)
            or number in self._parts
        ):
            return
        self._parts[number] = payload
        self._items += items
        if not payload.get("tbc"):
            self._end = number
        self._news.set()

    def add(self, report: Report) -> None:
        """Be the report of several messages together, this one the last."""
        self._several.append(report)

    def finish(self) -> None:
        """Expect no part."""
        self._end = -1

    @property
    def complete(self) -> bool:
        """Return whether all parts are there, up to the one that says it is the last.

        The first has number 0; some give another one to an only part.
        """
        if self._several:
            return all(report.complete for report in self._several)
        if self._end is None or not self._parts:
            return self._end is not None
        first = min(self._parts)
        return first in (0, self._end) and all(
            number in self._parts for number in range(first, self._end + 1)
        )

    def parts(self) -> list[Payload]:
        """Return what came, in the order it was written."""
        if self._several:
            return [part for report in self._several for part in report.parts()]
        return [self._parts[number] for number in sorted(self._parts)]

    def result(self, later: Later) -> Any:
        """Return what the parts say together: a list, or one text."""
        if later.whole:
            return [
                {key: value for key, value in part.items() if key not in _ENVELOPE}
                for part in self.parts()
            ]
        if later.text:
            found = [part.get(later.field) for part in self.parts()]
            return "".join(text for text in found if isinstance(text, str))
        return self._listed(later.field)

    def _listed(self, field: str) -> list[Any]:
        found = [part.get(field) for part in self.parts()]
        return [item for items in found if isinstance(items, list) for item in items]

    def told(self, later: Later) -> Payload:
        """Return what the parts say together, by field; of `others` those that say anything."""
        others = {field: self._listed(field) for field in later.others}
        return {later.field: self.result(later)} | {
            field: items for field, items in others.items() if items
        }

    async def wait(self, silence: float) -> bool:
        """Wait until it is complete, or nothing came for some seconds; return which."""
        while not self.complete:
            self._news.clear()
            try:
                async with asyncio.timeout(silence):
                    await self._news.wait()
            except TimeoutError:
                return False
        return True


class Reports:
    """The answers of one station that are still to come."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self._station = station
        self._expected: dict[tuple[str, int], Report] = {}

    @contextmanager
    def expect(self, action: str, request_id: int) -> Iterator[Report]:
        """Gather what a command will bring; parts can be here before its answer is."""
        key = LATER[action].message, request_id
        report = self._expected[key] = Report()
        # Also a station that is still kept waiting may send what it was asked for.
        asked_for = self._station.remote_control.asked_for
        asked_for.add(key[0])
        try:
            yield report
        finally:
            if self._expected.get(key) is report:
                del self._expected[key]

    def take(self, message: str, payload: Payload) -> list[Any]:
        """Take up a part of an answer; return its items, also where nobody waits."""
        listed = [payload.get(field) for field in _FIELDS[message]]
        items = [it for part in listed if isinstance(part, list) for it in part]
        request_id = payload.get("requestId")
        if isinstance(request_id, int):
            report = self._expected.get((message, request_id))
            if report is not None:
                report.take(payload, len(items))
        return items

    async def command(
        self, action: str, payload: Payload, *, silence: float
    ) -> tuple[Answer, Report]:
        """Send a command that is answered later, and wait for that.

        The report may be incomplete: `silence` is for how many seconds nothing may come.
        Raises what `Sending.command` does.
        """
        model, sent = self._station.device_model, []
        whole = Report()
        for part in model.in_parts(action, payload):
            with self.expect(action, part["requestId"]) as report:
                answer = await self._station.sending.command(action, part)
                if answer.repaired.get("status") not in _NOTHING_TO_TELL:
                    await report.wait(silence)
                else:
                    report.finish()
            sent.append(answer)
            whole.add(report)
        return model.as_one(action, sent), whole
