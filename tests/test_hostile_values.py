"""What a hostile charger sends ends neither in states that are too long nor in errors."""

from collections.abc import Iterator
import json
import logging
from random import Random
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_dumps
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.versions import SPOKEN, Version
from custom_components.ocpp.hub import OcppHub
from tests.fuzz import messages

LONGEST_STATE = 255
# In bytes: the recorder leaves out what is longer.
LONGEST_ATTRIBUTES = 16_384


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Have also the entities that are rarely wanted."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", new=True
    ):
        yield


def _spoilt(rng: Random, schema: Any) -> Any:
    payload = messages.valid(rng, schema)
    return messages.mutated(rng, payload) if rng.random() < 0.5 else payload


@pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
@pytest.mark.usefixtures("all_enabled", "entry")
async def test_every_state_can_be_shown_and_recorded(
    hass: HomeAssistant,
    hub: OcppHub,
    garage: HubCharger,
    version: Version,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    rng, numbers = Random(2), iter(range(1, 10**9))
    schemas = messages.schemas(version)
    async with connect(
        f"ws://127.0.0.1:{hub.central.port}/CP1",
        subprotocols=[Subprotocol(version.subprotocol)],
        proxy=None,
    ) as socket:
        for turn in range(6):
            for action, schema in schemas.items():
                payload = (
                    messages.new(rng, schema, numbers)
                    if turn % 2
                    else _spoilt(rng, schema)
                )
                message_id = f"{turn}{action}"
                await socket.send(json.dumps([2, message_id, action, payload]))
                while json.loads(await socket.recv())[1] != message_id:
                    pass
            await hass.async_block_till_done()
    await hass.async_block_till_done()
    assert len(hass.states.async_all()) > 20
    for state in hass.states.async_all():
        assert len(state.state) <= LONGEST_STATE, state.entity_id
        attributes = json_dumps(dict(state.attributes))
        assert len(attributes) <= LONGEST_ATTRIBUTES, state.entity_id
    faults = [record.getMessage() for record in caplog.records if record.levelno > 30]
    assert faults == []
