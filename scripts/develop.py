"""Start a Home Assistant to develop with; called by scripts/develop.

The configuration stays in .homeassistant/, so that a second start finds the same user,
charger and history. Delete the directory to begin anew.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any

from .dev.client import FLOWS, Client, until
from .dev.config_directory import ConfigDirectory
from .dev.errors import DevelopError
from .dev.network import free_port, lan_address, reachable
from .dev.process import Process

ROOT = Path(__file__).resolve().parent.parent
COMPONENT = ROOT / "custom_components" / "ocpp"
DOMAIN = "ocpp"
SIMULATOR = "simulator"
# What runs the simulated charger, by the version of OCPP that it speaks.
SIMULATORS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "1.6": lambda url: (
        *("-m", "tests.simulator"),
        *("--url", url, "--identity", SIMULATOR),
    ),
    "2.0.1": lambda url: ("-m", "tests.simulator_v2", url, SIMULATOR),
    "2.1": lambda url: (
        *("-m", "tests.simulator_v2", url, SIMULATOR),
        *("--version", "ocpp2.1"),
    ),
}
USER = PASSWORD = "dev"

# Home Assistant ends with this code to be started again.
RESTART_EXIT_CODE = 100

# The first start in a new environment may install packages.
START_SECONDS = 600
STEP_SECONDS = 60


class Development:
    """A Home Assistant, its central system and a charger."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Choose the ports; nothing starts until `run`."""
        self._directory = ConfigDirectory(options.config.absolute(), COMPONENT)
        self._directory.lock()
        configured = self._directory.central_system()
        self._host: str = (
            options.host or (configured and configured.host) or "127.0.0.1"
        )
        self._port = free_port(
            self._host, options.port or (configured and configured.port) or 9000
        )
        self._http_port = free_port("127.0.0.1", options.http_port)
        self._with_charger: bool = options.charger
        self._version: str = options.ocpp
        self._url = f"http://127.0.0.1:{self._http_port}"
        self._hass: Process | None = None

    async def run(self) -> None:
        """Run until Home Assistant ends, or until cancelled."""
        async with AsyncExitStack() as stack:
            self._directory.write(http_port=self._http_port)
            self._log("console.log").unlink(missing_ok=True)
            print("Starting Home Assistant …", flush=True)
            hass = await self._start_hass()
            stack.push_async_callback(self._stop_hass)
            await self._unless_ended(hass, self._bring_up(stack))
            self._print_summary()
            await self._keep_running(hass)

    def _log(self, name: str) -> Path:
        return self._directory.path / name

    async def _start_hass(self) -> Process:
        # Home Assistant installs packages with the uv of its environment.
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": sys.prefix,
        }
        self._hass = await Process.start(
            *(sys.executable, "-m", "homeassistant", "--log-no-color"),
            *("--config", self._directory.path),
            log=self._log("console.log"),
            environment=environment,
        )
        return self._hass

    async def _stop_hass(self) -> None:
        if self._hass:
            print("Stopping Home Assistant …", flush=True)
            await self._hass.stop()

    async def _unless_ended(
        self, hass: Process, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work, but give up when Home Assistant ends meanwhile."""
        working = asyncio.create_task(work)
        ended = asyncio.create_task(hass.wait())
        try:
            await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise DevelopError(f"Home Assistant ended:\n{hass.last_lines()}")
            await working
        finally:
            working.cancel()
            ended.cancel()
            await asyncio.gather(working, ended, return_exceptions=True)

    async def _keep_running(self, hass: Process) -> None:
        """Start Home Assistant again when it is restarted from its user interface."""
        while (code := await hass.wait()) == RESTART_EXIT_CODE:
            print("Restarting Home Assistant …", flush=True)
            hass = await self._start_hass()
        if code:
            raise DevelopError(
                f"Home Assistant ended with code {code}:\n{hass.last_lines()}"
            )

    async def _bring_up(self, stack: AsyncExitStack) -> None:
        """Create what a new configuration lacks, then let the charger connect."""
        async with Client.open(self._url) as client:
            await client.wait_listening(START_SECONDS)
            await client.log_in(USER, PASSWORD)
            await client.wait_running(START_SECONDS)
            entry_id = await self._set_up_central_system(client)
            await client.wait_loaded(entry_id, STEP_SECONDS)
            if self._with_charger:
                await self._start_simulator(stack)
                await self._adopt_simulator(client, entry_id)

    async def _set_up_central_system(self, client: Client) -> str:
        """Create the config entry, or move it to the address that is free now."""
        address: dict[str, Any] = {"host": self._host, "port": self._port}
        entries = await client.entries(DOMAIN)
        if not entries:
            form = await client.start_flow(DOMAIN)
            result = await client.submit(form, **address)
            if result["type"] != "create_entry":
                raise DevelopError(f"The config flow did not end: {result}")
            return str(result["result"]["entry_id"])
        entry_id = str(entries[0]["entry_id"])
        configured = self._directory.central_system()
        if configured is None or address != {
            "host": configured.host,
            "port": configured.port,
        }:
            form = await client.start_flow(DOMAIN, entry_id=entry_id)
            await client.submit(form, **address)
        return entry_id

    async def _start_simulator(self, stack: AsyncExitStack) -> None:
        url = f"ws://{reachable(self._host)}:{self._port}/"
        log = self._log("simulator.log")
        log.unlink(missing_ok=True)
        simulator = await Process.start(
            sys.executable,
            *SIMULATORS[self._version](url),
            log=log,
            environment=os.environ,
        )
        stack.push_async_callback(simulator.stop)

    async def _adopt_simulator(self, client: Client, entry_id: str) -> None:
        """Confirm the discovery of the charger, unless it is known already."""
        charger = await until(
            lambda: self._find_charger(client, entry_id),
            seconds=STEP_SECONDS,
            what=f"the simulated charger is discovered, see {self._log('simulator.log')}",
        )
        if flow_id := charger.get("flow_id"):
            form = await client.request("GET", f"{FLOWS}/{flow_id}")
            await client.submit(form)

    async def _find_charger(
        self, client: Client, entry_id: str
    ) -> dict[str, Any] | None:
        """Return the charger's subentry, or else its discovery."""
        subentries = await client.command(
            "config_entries/subentries/list", entry_id=entry_id
        )
        discoveries = [
            flow
            for flow in await client.command("config_entries/flow/progress")
            if flow["handler"] == DOMAIN
            and flow["context"]["source"] == "integration_discovery"
        ]
        return next(
            (item for item in (*subentries, *discoveries) if _is_simulator(item)), None
        )

    def _print_summary(self) -> None:
        lan = self._host not in ("127.0.0.1", "localhost")
        address = (lan_address() if lan else None) or reachable(self._host)
        if lan:
            hint = "(it adds its name; else add one yourself)"
        else:
            address = lan_address() or address
            hint = "(only when started with --host 0.0.0.0)"
        print(
            "",
            f"Home Assistant   {self._url}",
            f"Login            user {USER}, password {PASSWORD}",
            f"Charger's URL    ws://{address}:{self._port}/ {hint}",
            f"Logs             {os.path.relpath(self._directory.path)}/*.log",
            "",
            "Ctrl-C ends it all.",
            sep="\n",
            flush=True,
        )


def _is_simulator(item: dict[str, Any]) -> bool:
    """Return if a subentry or a discovery flow is about our charger."""
    return SIMULATOR in json.dumps(item)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="scripts/develop", description=__doc__)
    parser.add_argument(
        "--no-charger",
        dest="charger",
        action="store_false",
        help="leave the simulated charger out",
    )
    parser.add_argument(
        "--ocpp",
        choices=SIMULATORS,
        default="1.6",
        help="version of OCPP that the simulated charger speaks (%(default)s)",
    )
    parser.add_argument(
        "--host",
        help="address chargers connect to (127.0.0.1; 0.0.0.0 lets real chargers in); kept",
    )
    parser.add_argument(
        "--port",
        type=int,
        help="port chargers connect to (9000 or the next free one); kept",
    )
    parser.add_argument(
        "--http-port",
        type=int,
        default=8123,
        help="port of the user interface (%(default)s or the next free one)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=ROOT / ".homeassistant",
        help="configuration directory (.homeassistant)",
    )
    options = parser.parse_args()
    if options.charger and reachable(options.host or "") not in (
        "127.0.0.1",
        "localhost",
    ):
        parser.error("the simulated charger needs loopback: add --no-charger")
    return options


async def develop(options: argparse.Namespace) -> None:
    """Run until the first signal; what has been started is then stopped in order."""
    running = asyncio.create_task(Development(options).run())
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not stopping:
            raise


def main() -> int:
    """Run the command line."""
    try:
        asyncio.run(develop(parse_arguments()))
    except DevelopError as error:
        print(f"scripts/develop: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
