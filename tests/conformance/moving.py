"""Moving a station to another security profile, as both versions play it."""

import socket
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp import security_profile
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN

__all__ = ["loopback", "move", "options"]


@pytest.fixture
def options(socket_enabled: None) -> dict[str, Any]:
    """Have an encrypted listener beside the other."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return {"tls_port": tried.getsockname()[1]}


@pytest.fixture(autouse=True)
def loopback() -> Any:
    """Have stations come in by this machine's own address."""
    with patch.object(security_profile, "async_own_address", return_value="127.0.0.1"):
        yield


async def move(hass: HomeAssistant, garage: HubCharger, profile: int) -> Any:
    """Move a station, and return what was done."""
    answer = await hass.services.async_call(
        DOMAIN,
        "set_security_profile",
        {"device_id": garage.device_id, "profile": profile},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()
    return answer
