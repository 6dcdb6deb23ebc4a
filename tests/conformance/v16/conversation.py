"""What the conversations have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger

# The cards that people have; nobody listed the last one.
ANNA = "04A1B2C3"
BEN = "0401"
EXPIRED = "0402"
BLOCKED = "0403"
UNKNOWN = "FFEEDDCC"

CONNECTED = "binary_sensor.garage_connected"
STATUS = "sensor.garage_status"
STOP_REASON = "sensor.garage_stop_reason"
CARD = "sensor.garage_id_token"


async def act(
    hass: HomeAssistant, garage: HubCharger, action: str, **fields: Any
) -> Any:
    """Have a person do something; return what is answered."""
    return await hass.services.async_call(
        "ocpp",
        action,
        {"device_id": garage.device_id, **fields},
        blocking=True,
        return_response=True,
    )


async def use(hass: HomeAssistant, entity_id: str, action: str, **fields: Any) -> None:
    """Have a person use an entity."""
    domain = entity_id.partition(".")[0]
    await hass.services.async_call(
        domain, action, {"entity_id": entity_id, **fields}, blocking=True
    )


async def settled(hass: HomeAssistant, charger: Charger) -> None:
    """Wait until everything that the charger sent is shown, all of it valid."""
    await charger.settle()
    await hass.async_block_till_done()
    assert charger.violations == []


def found(hass: HomeAssistant, entity_id: str) -> State:
    """Return the whole state of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


def shown(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    return found(hass, entity_id).state


async def sessions(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the sessions that are kept, the oldest first."""
    answer: Any = await hass.services.async_call(
        "ocpp", "get_sessions", {}, blocking=True, return_response=True
    )
    return list(answer["sessions"])


def requests(charger: Charger, action: str) -> list[dict[str, Any]]:
    """Return what the charger was asked for with an action."""
    return [
        frame[3] for frame in charger.received if frame[0] == 2 and frame[2] == action
    ]


def answers(charger: Charger, action: str) -> list[dict[str, Any]]:
    """Return what the charger was answered to an action."""
    ids = [frame[1] for frame in charger.sent if frame[0] == 2 and frame[2] == action]
    return [frame[2] for frame in charger.received if frame[0] == 3 and frame[1] in ids]


@contextmanager
def failure(key: str, **words: str) -> Iterator[None]:
    """Expect that a person is told of a failure, in these words."""
    with pytest.raises(HomeAssistantError) as error:
        yield
    assert error.value.translation_key == key
    placeholders = error.value.translation_placeholders
    assert placeholders is not None
    assert {"charger": "Garage", **words}.items() <= placeholders.items()
