"""A station that tells of all it may: what is kept of it grows to its bounds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched

from custom_components.ocpp.csms.blocks.metering import MEASURANDS, PHASES
from custom_components.ocpp.csms.model import MOST_EVSES, timestamp
from custom_components.ocpp.csms.versions import V16

from . import messages
from .bench import Bench

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Reports and the variables in each; transactions; samples of a message.
_REPORTS, _VARIABLES, _TRANSACTIONS, _SAMPLES = 110, 100, 1_100, 50
# Messages that are sent before the answers are waited for.
_AT_ONCE = 50


async def fill(bench: Bench, messages: int) -> None:
    """Have a station tell of all that there are bounds for, and then so many at random."""
    bench.line.honest = True
    bench.say("BootNotification", spoilt=0)
    await bench.settle()
    for some in batched(_told(bench), _AT_ONCE, strict=False):
        for action, payload in some:
            bench.tell(action, payload)
        await bench.settle()
        bench.check()
    telling = [it for it in bench.actions if it.startswith(("Notify", "Report"))]
    for _ in range(messages // _AT_ONCE if telling else 0):
        for _ in range(_AT_ONCE):
            bench.say(bench.rng.choice(telling), spoilt=0)
        await bench.settle()
        bench.check()


def _told(bench: Bench) -> Iterator[tuple[str, messages.Payload]]:
    old = bench.version is V16
    for evse in range(1, MOST_EVSES + 1):
        for some in batched(_samples(old=old), _SAMPLES, strict=False):
            values = [{"timestamp": timestamp(_BEGIN), "sampledValue": [*some]}]
            place = "connectorId" if old else "evseId"
            yield "MeterValues", {place: evse, "meterValue": values}
    for number in range(_TRANSACTIONS):
        yield _start_of_16(number) if old else _start(number)
    for number in range(0 if old else _REPORTS):
        yield "NotifyReport", _report(number)


def _samples(*, old: bool) -> Iterator[messages.Payload]:
    """Return a sample of each measurand and phase."""
    for measurand in MEASURANDS:
        for phase in PHASES:
            sample = {"value": "1" if old else 1, "measurand": measurand}
            yield sample | ({"phase": phase} if phase else {})


def _at(number: int) -> str:
    return timestamp(_BEGIN + timedelta(minutes=number))


def _start_of_16(number: int) -> tuple[str, messages.Payload]:
    return "StartTransaction", {
        "connectorId": 1,
        "idTag": "CARD1",
        "meterStart": number,
        "timestamp": _at(number),
    }


def _start(number: int) -> tuple[str, messages.Payload]:
    return "TransactionEvent", {
        "eventType": "Started",
        "timestamp": _at(number),
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": f"T{number}"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "CARD1", "type": "ISO14443"},
    }


def _report(number: int) -> messages.Payload:
    """Return a report of variables that no other one tells of."""
    return {
        "requestId": 0,
        "generatedAt": _at(0),
        "seqNo": number,
        "reportData": [
            {
                "component": {"name": f"Component{number}"},
                "variable": {"name": f"Variable{place}"},
                "variableAttribute": [{"value": "1"}],
            }
            for place in range(_VARIABLES)
        ],
    }
