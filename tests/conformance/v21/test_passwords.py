"""A00: what passwords are made of."""

from pathlib import Path
import socket
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.passwords import fits
from custom_components.ocpp.hub import OcppHub
from tests.conformance.v201.conversation import act, requests
from tests.csms.conftest import prepared
from tests.csms.papers import client_context
from tests.simulator_v2 import Station


@pytest.fixture
def options(socket_enabled: None) -> dict[str, Any]:
    """Have an encrypted listener beside the other."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return {"tls_port": tried.getsockname()[1]}


@pytest.mark.parametrize(
    ("says", "longest"), [(40, 40), (64, 64), (50, 50), (100, 64), (None, 40)]
)
@pytest.mark.parametrize(
    "encrypted",
    [
        pytest.param(False, marks=pytest.mark.proves("A00.FR.205", ocpp="2.1")),
        pytest.param(True, marks=pytest.mark.proves("A00.FR.304", ocpp="2.1")),
    ],
)
async def test_passwords_are_random_and_as_long_as_the_station_takes(
    hass: HomeAssistant,
    hub: OcppHub,
    garage: HubCharger,
    tmp_path: Path,
    encrypted: bool,
    says: int | None,
    longest: int,
) -> None:
    url, how = f"ws://127.0.0.1:{hub.central.port}/", {}
    if encrypted:
        assert hub.central.tls is not None
        root = hub.central.tls.authority.root_file
        url = f"wss://localhost:{hub.central.tls_port}/"
        how = {"tls": client_context(root, tmp_path)}
    async with Station(url, "CP1", version="ocpp2.1", **how) as two:
        two.variables["SecurityCtrlr.BasicAuthPassword"].maximum = says
        await two.power_up()
        await prepared(garage.station)
        made = {
            (await act(hass, garage, "update_password"))["password"] for _ in range(2)
        }
        told = [
            item["attributeValue"]
            for request in requests(two, "SetVariables")
            for item in request["setVariableData"]
            if item["variable"]["name"] == "BasicAuthPassword"
        ]
        assert len(made) == 2
        assert made == set(told)
        for password in made:
            assert len(password) == longest
            assert fits(password, longest)
        for wrong in ("x" * 15, "x" * (longest + 1)):
            with pytest.raises(ServiceValidationError):
                await act(hass, garage, "update_password", password=wrong)
