"""Whole conversations with stations, as they really go: out of order, and interrupted."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from custom_components.ocpp.csms import errors
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Options, StationSettings
from custom_components.ocpp.csms.store import Store

from .conftest import IDENTITY, PATIENCE, Wire, prepared
from .talk import (
    FIXTURES,
    Talk,
    at_rest,
    differences,
    enable_event_loop_debug,
    fill,
    no_fsync,
    picture,
)

__all__ = ["enable_event_loop_debug", "no_fsync"]

FILES = sorted((FIXTURES / "conversations").glob("*.json"))


class Replay:
    """Plays the station's part of a conversation, and looks on."""

    def __init__(self, store: Store, options: Options) -> None:
        """Begin at the present moment."""
        self.now = datetime.now(UTC)
        self.numbers: dict[str, int] = {}
        self.station: ChargingStation
        self.talk: Talk
        self._store = store
        self._options = options
        self._central: CentralSystem | None = None
        self._port = 0
        self._wished_for: asyncio.Task[Any]

    async def start(self) -> None:
        """Start the central system, or another one in its place."""
        if self._central is not None:
            await self._central.close()
        self._central = CentralSystem(
            host="127.0.0.1", port=self._port, store=self._store, options=self._options
        )
        await self._central.open()
        self.station = await self._central.add_station(IDENTITY, StationSettings())
        await self._central.listen()
        self._port = self._central.port

    async def stop(self) -> None:
        """End everything."""
        self.talk.wire.socket.transport.abort()
        if self._central is not None:
            await self._central.close()

    def filled(self, value: Any) -> Any:
        """Return a part of the fixture with its moments and numbers."""
        return json.loads(fill(json.dumps(value), self.now, self.numbers))

    async def step(self, step: dict[str, Any]) -> None:
        """Take one step."""
        (kind, value), *_ = step.items()
        await getattr(self, f"_{kind}")(self.filled(value), step)

    async def _connect(self, _: Any, step: dict[str, Any]) -> None:
        socket = await connect(
            f"ws://127.0.0.1:{self._port}/{IDENTITY}",
            subprotocols=[Subprotocol("ocpp1.6")],
            proxy=None,
            ping_interval=None,
        )
        self.talk = Talk(Wire(socket), step.get("answers"))

    async def _drop(self, *_: Any) -> None:
        self.talk.wire.socket.transport.abort()
        async with asyncio.timeout(PATIENCE):
            await self.talk._reader
            while self.station.connected:
                await asyncio.sleep(0)

    async def _restart(self, *_: Any) -> None:
        await self.start()

    async def _prepared(self, *_: Any) -> None:
        await prepared(self.station)

    async def _send(self, frame: list[Any], _: dict[str, Any]) -> None:
        await self.talk.wire.send(frame)

    async def _answered(self, message_id: str, step: dict[str, Any]) -> None:
        reply = await self.talk.reply(message_id)
        assert reply[0] == 3, reply
        if "with" in step:
            assert differences(self.filled(step["with"]), reply[2]) == []
        if "as" in step:
            self.numbers[step["as"]] = reply[2]["transactionId"]

    async def _say(self, frame: list[Any], step: dict[str, Any]) -> None:
        await self._send(frame, step)
        await self._answered(frame[1], step)

    async def _wish(self, wish: dict[str, Any], step: dict[str, Any]) -> None:
        for action in step.get("held", []):
            self.talk.held[action] = asyncio.get_running_loop().create_future()
        block, _, method = wish["method"].partition(".")
        work = getattr(getattr(self.station, block), method)
        self._wished_for = asyncio.create_task(work(**wish.get("with", {})))

    async def _command(self, action: str, step: dict[str, Any]) -> None:
        payload = await self.talk.command(action)
        if "with" in step:
            assert differences(self.filled(step["with"]), payload) == []

    async def _answer(self, action: str, step: dict[str, Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            message_id = await self.talk.held.pop(action)
        await self.talk.wire.send([3, message_id, step["with"]])

    async def _wished(self, outcome: Any, _: dict[str, Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            if isinstance(outcome, str):
                with pytest.raises(getattr(errors, outcome)):
                    await self._wished_for
            else:
                await self._wished_for

    async def _state(self, expected: Any, _: dict[str, Any]) -> None:
        await at_rest(self.station)
        actual = json.loads(json.dumps(picture(self.station)))
        assert differences(expected, actual) == []


@pytest.fixture
async def replay(store: Store, options: Options) -> AsyncGenerator[Replay]:
    """Return what replays a conversation."""
    replay = Replay(store, options)
    await replay.start()
    yield replay
    await replay.stop()


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_conversation(
    file: Path, replay: Replay, caplog: pytest.LogCaptureFixture
) -> None:
    """Every message is answered, and in the end the model is what happened."""
    for number, step in enumerate(json.loads(file.read_text())["steps"]):
        try:
            await replay.step(step)
        except BaseException as error:
            error.add_note(f"at step {number}: {step}")
            raise
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == []
