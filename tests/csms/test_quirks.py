"""Every oddity of a real charger, as a fixture: what it sends and what becomes of it."""

import asyncio
from datetime import UTC, datetime
import json
import logging
from typing import Any

import pytest

from custom_components.ocpp.csms import errors
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.id_tokens import IdToken

from .conftest import MakeWire, prepared
from .talk import (
    FIXTURES,
    PRESENT,
    Talk,
    at_rest,
    differences,
    enable_event_loop_debug,
    fill,
    no_fsync,
    picture,
)

__all__ = ["enable_event_loop_debug", "no_fsync"]

_FILES = ("meter_values", "messages", "transactions", "answers")
QUIRKS = [
    pytest.param(quirk, id=f"{name}-{number}")
    for name in _FILES
    for number, quirk in enumerate(
        json.loads((FIXTURES / f"quirks_1_6_{name}.json").read_text())
    )
]
BOOT = {"chargePointVendor": "Acme", "chargePointModel": "Box"}


@pytest.mark.parametrize("quirk", QUIRKS)
async def test_a_quirk_costs_nothing(
    quirk: dict[str, Any],
    station: ChargingStation,
    wire: MakeWire,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The station gets the answer it needs, and the model shows what it meant."""
    now = datetime.now(UTC)
    # Without any that are listed, all may charge.
    station.shared.id_tokens.replace(
        IdToken(token=token, name=token) for token in quirk.get("cards", [])
    )
    talk = Talk(
        await wire(), json.loads(fill(json.dumps(quirk.get("answers", {})), now))
    )
    if quirk.get("boots", True):
        await talk.say("BootNotification", BOOT, "boot")
        await prepared(station)
        await at_rest(station)
    talk.commands.clear()
    expected = quirk["expect"]
    numbers: dict[str, int] = {}
    replies: list[Any] = []
    for step in quirk.get("frames", []):
        if isinstance(step, dict):
            await talk.say_unanswered(step["silent"])
            continue
        text = step if isinstance(step, str) else json.dumps(step)
        await talk.wire.send(fill(text, now, numbers))
        if isinstance(step, str) or step[0] == 2:
            reply = await talk.reply("q" if isinstance(step, str) else step[1])
            replies.append(reply[2] if reply[0] == 3 else reply[:1] + reply[2:3])
            if reply[0] == 3 and "transactionId" in reply[2]:
                numbers["transaction"] = reply[2]["transactionId"]
                numbers.setdefault("first", numbers["transaction"])
    if (wish := quirk.get("do")) is not None:
        await _do(station, wish, expected)
    # Whatever it sent, the socket is as good as before.
    assert differences({"currentTime": PRESENT}, await talk.say("Heartbeat", {})) == []
    if quirk.get("boots_last"):
        await talk.say("BootNotification", BOOT, "again")
        await prepared(station)
    await at_rest(station)

    # Each message was answered once.
    assert talk.replies == {}
    if "model" in expected:
        actual = json.loads(json.dumps(picture(station)))
        model = json.loads(fill(json.dumps(expected["model"]), now, numbers))
        assert differences(model, actual) == [], quirk["quirk"]
    for answer, reply in zip(expected.get("answers", []), replies, strict=True):
        wanted = json.loads(fill(json.dumps(answer), now, numbers))
        assert differences(wanted, reply) == [], quirk["quirk"]
    sent = iter(talk.commands)
    for action, payload in expected.get("commands", []):
        # In this order, whatever else was sent between them.
        assert any(
            name == action and differences(payload, got) == [] for name, got in sent
        ), (quirk["quirk"], action, talk.commands)
    for action in expected.get("never_commands", []):
        assert action not in [name for name, _ in talk.commands]
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == []


async def _do(station: ChargingStation, wish: dict[str, Any], expected: Any) -> None:
    """Carry out a wish of a person, and see it succeed or fail as expected."""
    block, _, method = wish["method"].partition(".")
    work = getattr(getattr(station, block), method)
    arguments = wish.get("with", {})
    async with asyncio.timeout(5):
        if (error := expected.get("raises")) is not None:
            with pytest.raises(getattr(errors, error)):
                await work(**arguments)
        else:
            result = await work(**arguments)
            if "returns" in expected:
                assert differences(expected["returns"], result) == []
