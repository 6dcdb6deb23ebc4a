"""A Home Assistant that can be killed at any moment, and what it shows while it lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import re
import signal
import sys
from typing import Any, Self

import aiohttp
import jwt

from scripts.dev.network import free_port

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
# In seconds, for anything that takes part of one when all is well.
PATIENCE = 30
_KEY = "a key that only signs the tokens of one test on one machine's loopback"
_BEGAN = "2026-01-01T00:00:00+00:00"


class Lost(Exception):
    """What the project promises was not kept; the message says what."""


class Zygote:
    """The process that Home Assistant is forked from."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to a running one."""
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        """Return one that has imported everything; it and what it started end after."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"{__package__}.zygote"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        zygote = cls(process)
        try:
            await zygote._answer()
            yield zygote
        finally:
            # Its children end with it.
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def start(self, directory: Path) -> int:
        """Start a Home Assistant; return its process id."""
        return int(await self._ask({"start": str(directory)}))

    async def reap(self, pid: int) -> int:
        """Return the exit code of one that ends now; negative for a signal."""
        return int(await self._ask({"reap": pid}))

    async def _ask(self, command: dict[str, Any]) -> Any:
        async with self._turn:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            return await self._answer()

    async def _answer(self) -> Any:
        assert self._process.stdout is not None
        async with asyncio.timeout(4 * PATIENCE):
            line = await self._process.stdout.readline()
        if not line:
            raise Lost("The zygote ended")
        return json.loads(line)


class Home:
    """One configuration directory, and the lives of Home Assistant in it."""

    def __init__(self, directory: Path, zygote: Zygote, identities: list[str]) -> None:
        """Write the configuration: these chargers are set up, and nobody else's."""
        self.directory = directory
        self.http_port = free_port(HOST, 18300)
        self.ocpp_port = free_port(HOST, 19300)
        self.database = directory / "ocpp.db"
        self.alive = False
        self.ended = asyncio.Event()
        self._zygote = zygote
        self._pid = 0
        self._pidfd = -1
        self._log_read = 0
        self._write(identities)

    # --- its lives ----------------------------------------------------------------------

    async def start(self) -> None:
        """Begin a life; what happens in it happens meanwhile."""
        self._pid = await self._zygote.start(self.directory)
        # It can't be reaped, and its number not be another's, before `gone`.
        self._pidfd = os.pidfd_open(self._pid)
        self.alive = True
        self.ended.clear()
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_end)

    def _on_end(self) -> None:
        self.alive = False
        self.ended.set()
        asyncio.get_running_loop().remove_reader(self._pidfd)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the life that is."""
        if self.alive:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    async def gone(self) -> int:
        """Wait for its end; return the exit code, which is negative for a signal."""
        async with asyncio.timeout(2 * PATIENCE):
            await self.ended.wait()
        os.close(self._pidfd)
        return await self._zygote.reap(self._pid)

    async def close(self) -> None:
        """Leave nothing running."""
        if self.alive:
            self.signal(signal.SIGKILL)
            await self.gone()

    async def listening(self) -> None:
        """Wait until chargers can connect; raise `Lost` if it ends before."""
        async with asyncio.timeout(2 * PATIENCE):
            while self.alive:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection(HOST, self.ocpp_port)
                    writer.close()
                    return
                await asyncio.sleep(0.01)
        raise Lost(f"Home Assistant ended while it started:\n{self.console()}")

    def console(self) -> str:
        """Return the end of what was logged."""
        log = self.directory / "console.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-40:])

    def faults(self) -> list[str]:
        """Return the errors of ours that were logged since last asked."""
        log = self.directory / "console.log"
        text = log.read_text(errors="replace")[self._log_read :]
        self._log_read += len(text)
        # A record begins with its time; what follows belongs to it.
        records = re.split(r"^(?=\d{4}-\d\d-\d\d )", text, flags=re.MULTILINE)
        return [
            record
            for record in records
            if "custom_components.ocpp" in record and " ERROR " in record
        ]

    # --- what it shows ------------------------------------------------------------------

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return every state, once Home Assistant says it runs."""
        async with asyncio.timeout(2 * PATIENCE):
            while not await self._running():
                await asyncio.sleep(0.02)
        states = await self._request("GET", "states")
        return {state["entity_id"]: state for state in states}

    async def _running(self) -> bool:
        # The central system listens before the user interface does.
        with suppress(aiohttp.ClientConnectionError):
            config = await self._request("GET", "config")
            return bool(config["state"] == "RUNNING")
        return False

    async def act(self, domain: str, action: str, **fields: Any) -> None:
        """Call an action."""
        await self._request("POST", f"services/{domain}/{action}", json=fields)

    async def _request(self, method: str, path: str, **options: Any) -> Any:
        now = datetime.now(UTC)
        token = jwt.encode(
            {"iss": "token", "iat": now, "exp": now + timedelta(hours=1)},
            _KEY,
            algorithm="HS256",
        )
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method,
                f"http://{HOST}:{self.http_port}/api/{path}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=aiohttp.ClientTimeout(total=PATIENCE),
                raise_for_status=True,
                **options,
            ) as response,
        ):
            return await response.json()

    # --- its configuration --------------------------------------------------------------

    def _write(self, identities: list[str]) -> None:
        storage = self.directory / ".storage"
        storage.mkdir(parents=True)
        (self.directory / "configuration.yaml").write_text(
            "api:\nlogger:\n  default: warning\n"
        )
        self._store("http", 2, 2, _http(self.http_port))
        self._store("auth", 1, 1, _AUTH)
        entry = {
            "created_at": _BEGAN,
            "data": {"host": HOST, "port": self.ocpp_port},
            "disabled_by": None,
            "discovery_keys": {},
            "domain": "ocpp",
            "entry_id": "central_system",
            "minor_version": 1,
            "modified_at": _BEGAN,
            "options": {},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "source": "user",
            "subentries": [_subentry(identity) for identity in identities],
            "title": "OCPP",
            "unique_id": None,
            "version": 3,
        }
        self._store("core.config_entries", 1, 5, {"entries": [entry]})

    def _store(self, key: str, version: int, minor: int, data: dict[str, Any]) -> None:
        content = {
            "version": version,
            "minor_version": minor,
            "key": key,
            "data": data,
        }
        (self.directory / ".storage" / key).write_text(json.dumps(content))


def _subentry(identity: str) -> dict[str, Any]:
    return {
        "data": {"identity": identity, "maximum_current": 32, "phases": 3},
        "subentry_id": f"subentry_{identity}",
        "subentry_type": "charger",
        "title": identity,
        "unique_id": identity,
    }


def _http(port: int) -> dict[str, Any]:
    return {
        "stable": {
            "server_host": [HOST],
            "server_port": port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": _BEGAN,
            "error": None,
            "error_message": None,
        },
        "pending": None,
        "yaml_migration_done": True,
    }


_AUTH: dict[str, Any] = {
    "users": [
        {
            "id": "owner",
            "group_ids": ["system-admin"],
            "is_owner": True,
            "is_active": True,
            "name": "Owner",
            "system_generated": False,
            "local_only": False,
        }
    ],
    "groups": [
        {"id": "system-admin", "name": "Administrators"},
        {"id": "system-users", "name": "Users"},
        {"id": "system-read-only", "name": "Read Only"},
    ],
    "credentials": [],
    "refresh_tokens": [
        {
            "id": "token",
            "user_id": "owner",
            "client_id": None,
            "client_name": "torture",
            "client_icon": None,
            "token_type": "long_lived_access_token",
            "created_at": _BEGAN,
            "access_token_expiration": 315360000.0,
            "token": "0" * 128,
            "jwt_key": _KEY,
            "last_used_at": None,
            "last_used_ip": None,
            "expire_at": None,
            "credential_id": None,
            "version": "2026.10.4",
        }
    ],
}
