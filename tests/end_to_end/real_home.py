"""A Home Assistant process of its own, driven as a person and an automation would."""

import os
from pathlib import Path
import sys
from typing import Any

from scripts.dev.client import Client, until
from scripts.dev.config_directory import ConfigDirectory
from scripts.dev.network import free_port
from scripts.dev.process import Process

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "ocpp"
SECONDS = 60
# The first start in a new environment may install packages.
START_SECONDS = 300


class RealHome:
    """A Home Assistant process of its own and a client of it."""

    def __init__(self, directory: Path) -> None:
        """Choose ports: others than a test that another worker runs at the same time."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        self.http_port = free_port("127.0.0.1", 18123 + 20 * int(worker))
        self.ocpp_port = free_port("127.0.0.1", 19000 + 20 * int(worker))
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

    async def set_up(self) -> None:
        """Set the central system up as a person does."""
        form = await self.client.start_flow(DOMAIN)
        assert form["description_placeholders"]["url"].startswith("ws://")
        result = await self.client.submit(form, host="127.0.0.1", port=self.ocpp_port)
        await self.client.wait_loaded(result["result"]["entry_id"], SECONDS)

    async def discovered(self) -> dict[str, Any]:
        """Wait for the card of a charger that waits to be adopted, and return its form."""

        async def shown() -> dict[str, Any] | None:
            flows = await self.client.command("config_entries/flow/progress")
            return next((flow for flow in flows if flow["handler"] == DOMAIN), None)

        card = await until(shown, seconds=SECONDS, what="the card is shown")
        form: dict[str, Any] = await self.client.request(
            "GET", f"/api/config/config_entries/flow/{card['flow_id']}"
        )
        return form | {"title": card["context"]["title_placeholders"]["name"]}

    async def device(self, identifier: str) -> str:
        """Return the id of the device with an identifier."""
        devices = await self.client.command("config/device_registry/list")
        return next(
            str(device["id"])
            for device in devices
            if [DOMAIN, identifier] in device["identifiers"]
        )

    async def choose(self, menu_option: str, **wanted: Any) -> None:
        """Change the options of the central system, as a person does."""
        (entry,) = await self.client.entries(DOMAIN)
        flows = "/api/config/config_entries/options/flow"
        menu = await self.client.request(
            "POST", flows, json={"handler": entry["entry_id"]}
        )
        form = await self.client.request(
            "POST", f"{flows}/{menu['flow_id']}", json={"next_step_id": menu_option}
        )
        await self.client.submit(form, flows=flows, **wanted)

    async def reconfigure(self, subentry_type: str, **wanted: Any) -> None:
        """Change the only charger or card there is, as a person does."""
        (entry,) = await self.client.entries(DOMAIN)
        subentries = await self.client.command(
            "config_entries/subentries/list", entry_id=entry["entry_id"]
        )
        (subentry,) = (it for it in subentries if it["subentry_type"] == subentry_type)
        flows = "/api/config/config_entries/subentries/flow"
        form = await self.client.request(
            "POST",
            flows,
            json={
                "handler": [entry["entry_id"], subentry_type],
                "subentry_id": subentry["subentry_id"],
            },
        )
        await self.client.submit(form, flows=flows, **wanted)

    def faults(self) -> list[str]:
        """Return what of the integration is in the log that should not be."""
        return [
            line
            for line in self.log().splitlines()
            if "custom_components.ocpp" in line
            and (" ERROR " in line or "WARNING" in line)
        ]
