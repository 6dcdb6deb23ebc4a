"""A station that says what a fixture tells it to, and what the product makes of it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Transaction
from custom_components.ocpp.csms.store import engine

from .conftest import PATIENCE, Wire

FIXTURES = Path(__file__).parent / "fixtures"
_MOMENT = re.compile(r"@now([+-]\d+)?(?:/(\w+))?@")
PRESENT = "@present@"
_ACCEPTED = {"status": "Accepted"}
# What a station answers unless the fixture has something else.
_ANSWERS: dict[str, Any] = {"GetConfiguration": {"configurationKey": []}}


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the debug mode off that Home Assistant's plugin turns on: it costs half."""


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: what survives a power cut is for the store's tests."""
    monkeypatch.setattr(engine, "synchronous", "OFF")


def fill(text: str, now: datetime, numbers: dict[str, int] | None = None) -> str:
    """Put moments and transaction numbers into the text of a fixture.

    `@now-60@` is a minute ago with milliseconds and Z; `/seconds` leaves out the
    fraction, `/naive` also the zone.
    """

    def moment(match: re.Match[str]) -> str:
        at = now + timedelta(seconds=int(match[1] or 0))
        match match[2]:
            case "naive":
                return at.strftime("%Y-%m-%dT%H:%M:%S")
            case "seconds":
                return at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"

    text = _MOMENT.sub(moment, text)
    for name, number in (numbers or {}).items():
        text = text.replace(f'"${name}"', str(number)).replace(f"${name}", str(number))
    return text


def differences(expected: Any, actual: Any, place: str = "") -> list[str]:
    """Return where the actual value is not as expected.

    Of an object only the members named are compared, and one without any stands for
    itself; null means that it is not there, and `@present@` is a moment about now.
    """
    if expected and isinstance(expected, dict) and isinstance(actual, dict):
        return [
            found
            for key, value in expected.items()
            for found in differences(value, actual.get(key), f"{place}/{key}")
        ]
    if expected == PRESENT:
        same = _is_present(actual)
    elif isinstance(expected, float) and isinstance(actual, int | float):
        same = abs(expected - actual) < 1e-6
    else:
        same = expected == actual
    return [] if same else [f"{place}: expected {expected!r}, got {actual!r}"]


def _is_present(text: Any) -> bool:
    """Return whether it is the time of a moment ago, in the way OCPP writes it."""
    if not isinstance(text, str) or not text.endswith("Z"):
        return False
    return abs(datetime.now(UTC) - datetime.fromisoformat(text)) < timedelta(minutes=1)


def picture(station: ChargingStation) -> dict[str, Any]:
    """Return the model of a station as JSON."""
    limits = station.smart_charging.limits
    return {
        "connected": station.connected,
        "evses": station.evses,
        "info": vars(station.provisioning.info) if station.provisioning.info else None,
        "keys": {
            name: known.value for name, known in station.provisioning.keys.items()
        },
        "operative": station.availability.operative,
        "status": {
            str(evse): {
                "is": state.status.value,
                "error": state.error_code,
                "vendor_error": state.vendor_error,
            }
            for evse, state in station.availability.states.items()
        },
        "readings": {
            str(evse): values
            for evse, values in station.metering.values.items()
            if values
        },
        "sessions": {
            str(evse): session(transaction)
            for evse in (0, *station.evses)
            if (transaction := station.transactions.session(evse)) is not None
        },
        "limits": {
            str(evse): [limit.value, limit.unit.value, limit.purpose]
            for evse, limit in limits.items()
        },
        "security": [event.type for event in station.security.events],
        "firmware": station.firmware.status,
        "diagnostics": station.diagnostics.status,
        "notes": station.notes,
    }


def session(transaction: Transaction) -> dict[str, Any]:
    """Return a transaction as JSON."""
    return {
        "id": int(transaction.id),
        "running": transaction.running,
        "token": transaction.id_token,
        "energy": transaction.energy,
        "meter_start": transaction.meter_start,
        "meter_stop": transaction.meter_stop,
        "reason": transaction.stop_reason,
        # To ten seconds.
        "started_ago": round(
            (datetime.now(UTC) - transaction.started).total_seconds(), -1
        ),
    }


async def at_rest(station: ChargingStation) -> None:
    """Wait until the station has nothing left to do in the background."""
    async with asyncio.timeout(PATIENCE):
        while station._tasks:
            await asyncio.wait(station._tasks)


class Talk:
    """One socket of a station that answers every command."""

    def __init__(self, wire: Wire, answers: dict[str, Any] | None = None) -> None:
        """Begin to read; `answers` are by action, a list is used up one by one.

        A string is sent as it is, with the message id in place of `$id`; a list within a
        list is the rest of a CALLERROR; null is silence.
        """
        self.wire = wire
        self.answers: dict[str, Any] = _ANSWERS | (answers or {})
        self.commands: list[tuple[str, Any]] = []
        self.replies: dict[Any, list[Any]] = {}
        # The message ids of all answers, in the order they came.
        self.answered: list[Any] = []
        # Commands the test wants to answer itself: their message ids by action.
        self.held: dict[str, asyncio.Future[str]] = {}
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            await self._listen()

    async def _listen(self) -> None:
        async for text in self.wire.socket:
            frame = json.loads(text)
            if frame[0] == 2:
                self.commands.append((frame[2], frame[3]))
                await self._answer(frame[1], frame[2])
            else:
                self.replies[frame[1]] = frame
                self.answered.append(frame[1])
            self._changed.set()

    async def _answer(self, message_id: str, action: str) -> None:
        if (held := self.held.get(action)) is not None and not held.done():
            held.set_result(message_id)
            return
        answer = self.answers.get(action, _ACCEPTED)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, str):
            await self.wire.send(answer.replace("$id", message_id))
        elif isinstance(answer, list):
            await self.wire.send([4, message_id, *answer])
        elif answer is not None:
            await self.wire.send([3, message_id, answer])

    async def until[T](self, find: Any) -> Any:
        """Wait for something that frames bring about."""
        async with asyncio.timeout(PATIENCE):
            while not (found := find()):
                self._changed.clear()
                await self._changed.wait()
        return found

    async def reply(self, message_id: Any) -> list[Any]:
        """Return the answer to a message, each one once."""
        await self.until(lambda: message_id in self.replies)
        return self.replies.pop(message_id)

    async def command(self, action: str) -> Any:
        """Return the payload of the next command of that action, each one once."""

        def find() -> int | None:
            return next(
                (n for n, (name, _) in enumerate(self.commands, 1) if name == action),
                None,
            )

        return self.commands.pop(await self.until(find) - 1)[1]

    async def say(self, action: str, payload: Any, message_id: str = "t") -> Any:
        """Send a message and return the payload of its answer."""
        await self.wire.send([2, message_id, action, payload])
        reply = await self.reply(message_id)
        assert reply[0] == 3, reply
        return reply[2]

    async def say_unanswered(self, frame: list[Any] | str) -> None:
        """Send what gets no answer: the next one is that to the message behind it."""
        before = len(self.answered)
        await self.wire.send(frame)
        await self.say("Heartbeat", {}, "behind")
        assert self.answered[before:] == ["behind"]

    async def close(self) -> None:
        """Leave."""
        await self.wire.socket.close()
        await self._reader
