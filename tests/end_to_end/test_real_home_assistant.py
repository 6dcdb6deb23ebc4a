"""The whole story in a real Home Assistant process, over its public interfaces."""

from collections.abc import AsyncIterator
import os
from pathlib import Path
import sys
from typing import Any

import pytest

from scripts.dev.client import Client, until
from scripts.dev.config_directory import ConfigDirectory
from scripts.dev.network import free_port
from scripts.dev.process import Process
from tests.simulator import Charger

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "ocpp"
SECONDS = 60
# The first start in a new environment may install packages.
START_SECONDS = 300

pytestmark = pytest.mark.timeout(600)


class RealHome:
    """A Home Assistant process of its own and a client of it."""

    def __init__(self, directory: Path) -> None:
        """Choose ports."""
        self.http_port = free_port("127.0.0.1", 18123)
        self.ocpp_port = free_port("127.0.0.1", 19000)
        self.directory = ConfigDirectory(directory, ROOT / "custom_components" / DOMAIN)
        self.client: Client
        self.process: Process

    async def start(self, client: Client) -> None:
        """Start, or start again, and wait until everything is set up."""
        self.client = client
        self.directory.write(http_port=self.http_port)
        self.process = await Process.start(
            *(sys.executable, "-m", "homeassistant", "--log-no-color"),
            *("--config", self.directory.path),
            log=self.directory.path / "console.log",
            environment={
                **os.environ,
                "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
            },
        )
        await client.wait_listening(START_SECONDS)
        await client.log_in("owner", "owner")
        await client.wait_running(START_SECONDS)

    async def states(self) -> dict[str, str]:
        """Return what every entity shows."""
        states = await self.client.request("GET", "/api/states")
        return {state["entity_id"]: state["state"] for state in states}

    async def shows(self, entity_id: str, *expected: str) -> str:
        """Wait until an entity shows one of the expected states."""

        async def shown() -> str | None:
            state = (await self.states()).get(entity_id)
            return state if state in expected else None

        return await until(
            shown, seconds=SECONDS, what=f"{entity_id} shows {' or '.join(expected)}"
        )

    async def act(self, domain: str, action: str, **fields: Any) -> Any:
        """Call an action and return its response."""
        response = "?return_response" if domain == DOMAIN else ""
        return await self.client.request(
            "POST", f"/api/services/{domain}/{action}{response}", json=fields
        )

    def log(self) -> str:
        """Return what Home Assistant logged."""
        return (self.directory.path / "home-assistant.log").read_text()


@pytest.fixture
async def home(tmp_path: Path, socket_enabled: None) -> AsyncIterator[RealHome]:
    """Return a running Home Assistant; it is ended at the end."""
    home = RealHome(tmp_path / "config")
    async with Client.open(f"http://127.0.0.1:{home.http_port}") as client:
        await home.start(client)
        try:
            yield home
        finally:
            await home.process.stop()


async def test_a_charger_is_adopted_charges_and_survives_everything(
    home: RealHome,
) -> None:
    client = home.client
    # Set up as a person does.
    form = await client.start_flow(DOMAIN)
    assert form["description_placeholders"]["url"].startswith("ws://")
    result = await client.submit(form, host="127.0.0.1", port=home.ocpp_port)
    entry_id = result["result"]["entry_id"]
    await client.wait_loaded(entry_id, SECONDS)

    async with Charger(
        f"ws://127.0.0.1:{home.ocpp_port}/ocpp/",
        "000123",
        vendor="go-e",
        model="Charger",
        serial="000123",
    ) as charger:
        # It connects, waits, and is adopted with one click.
        assert (await charger.boot())["status"] == "Pending"

        async def discovered() -> dict[str, Any] | None:
            flows = await client.command("config_entries/flow/progress")
            return next((flow for flow in flows if flow["handler"] == DOMAIN), None)

        card = await until(discovered, seconds=SECONDS, what="the card is shown")
        assert card["context"]["title_placeholders"]["name"] == "go-e Charger (000123)"
        form = await client.request(
            "GET", f"/api/config/config_entries/flow/{card['flow_id']}"
        )
        assert form["description_placeholders"]["serial"] == "000123"
        await client.submit(form, name="Garage", maximum_current=16, phases="3")
        await charger.until(lambda: charger.boot_status == "Accepted", SECONDS)
        await charger.report_status()
        await home.shows("sensor.garage_status", "available")

        # It charges.
        await charger.plug_in()
        await charger.present_card("CARD1")
        await charger.tick(3600)
        await home.shows("sensor.garage_status", "charging")
        await home.shows("sensor.garage_power", "11040.0")
        await home.shows("sensor.garage_session_energy", "11.04")

        # An automation limits it, and the profile arrives.
        devices = await client.command("config/device_registry/list")
        device = next(
            device for device in devices if [DOMAIN, "000123"] in device["identifiers"]
        )
        answer = await home.act(
            DOMAIN, "set_charging_rate", device_id=device["id"], limit_amps=10
        )
        assert answer["service_response"] == {
            "value": 10.0,
            "unit": "A",
            "purpose": "TxProfile",
        }
        sent = await charger.wait_for_call("SetChargingProfile", SECONDS)
        assert sent["csChargingProfiles"]["chargingSchedule"][
            "chargingSchedulePeriod"
        ] == [{"startPeriod": 0, "limit": 10.0}]
        await charger.tick(10)
        await home.shows("sensor.garage_current", "10.0")
        await home.shows("number.garage_current_limit", "10.0")

        # Its network is gone, and comes back.
        charger.drop()
        await home.shows("binary_sensor.garage_connected", "off")
        assert (await home.states())["sensor.garage_power"] == "unavailable"
        await charger.connect()
        await home.shows("binary_sensor.garage_connected", "on")
        await home.shows("sensor.garage_status", "charging")
        session = (await home.states())["sensor.garage_session_energy"]
        transaction = charger.connectors[1].transaction

        # Home Assistant is restarted in the middle of the session.
        await home.process.stop()
        await charger.wait_closed(SECONDS)
        await charger.tick(60)  # Queued, as nobody listens.
        await home.start(client)
        await home.shows("binary_sensor.garage_connected", "off")
        await charger.connect()
        await home.shows("binary_sensor.garage_connected", "on")
        states = await home.states()
        assert states["switch.garage_charging"] == "on"
        assert states["sensor.garage_id_token"] == "…D1"
        assert float(states["sensor.garage_session_energy"]) >= float(session)
        await charger.flush()
        await home.shows("sensor.garage_session_energy", "11.174", "11.173")

        # The session is ended from here.
        await home.act("switch", "turn_off", entity_id="switch.garage_charging")
        stop = await charger.wait_for_call("RemoteStopTransaction", SECONDS)
        assert stop["transactionId"] == transaction.id
        await home.shows("switch.garage_charging", "off")
        await home.shows("sensor.garage_stop_reason", "remote")
        assert charger.violations == []

    faults = [
        line
        for line in home.log().splitlines()
        if "custom_components.ocpp" in line and (" ERROR " in line or "WARNING" in line)
    ]
    assert faults == []
    assert "CARD1" not in home.log()
