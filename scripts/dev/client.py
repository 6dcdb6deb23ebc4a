"""A client of Home Assistant's public API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import aiohttp

from .errors import DevelopError

FLOWS = "/api/config/config_entries/flow"
POLL_INTERVAL = 0.25


class Refused(DevelopError):
    """Home Assistant answered with an error."""


async def until[T](
    check: Callable[[], Awaitable[T | None]], *, seconds: float, what: str
) -> T:
    """Ask again and again until there is an answer."""
    try:
        async with asyncio.timeout(seconds):
            while (answer := await check()) is None:
                await asyncio.sleep(POLL_INTERVAL)
            return answer
    except TimeoutError as error:
        raise DevelopError(f"Timed out after {seconds:.0f} s: {what}") from error


class Client:
    """One logged-in user of one Home Assistant."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Remember where Home Assistant is; `log_in` comes before anything else."""
        self.url = url
        self._session = session
        self._client_id = f"{url}/"
        self._token: str | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Return a client for as long as it is needed."""
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield cls(session, url)

    async def wait_listening(self, seconds: float) -> None:
        """Wait until the HTTP server answers anything at all."""

        async def answered() -> bool | None:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self._session.get(f"{self.url}/manifest.json"):
                    return True
            return None

        await until(answered, seconds=seconds, what="the user interface listens")

    async def wait_running(self, seconds: float) -> None:
        """Wait until every integration has been set up."""

        async def running() -> bool | None:
            config = await self.request("GET", "/api/config")
            if config.get("recovery_mode"):
                raise DevelopError("Home Assistant started in recovery mode")
            return True if config["state"] == "RUNNING" else None

        await until(running, seconds=seconds, what="Home Assistant runs")

    async def log_in(self, name: str, password: str) -> None:
        """Log in; the first time, create this user as the owner."""
        if await self._has_owner():
            code = await self._log_in(name, password)
        else:
            owner = await self.request(
                "POST",
                "/api/onboarding/users",
                json={
                    "name": name.capitalize(),
                    "username": name,
                    "password": password,
                    "client_id": self._client_id,
                    "language": "en",
                },
            )
            code = owner["auth_code"]
        tokens = await self.request(
            "POST",
            "/auth/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self._client_id,
            },
        )
        self._token = tokens["access_token"]

    async def _has_owner(self) -> bool:
        try:
            steps = await self.request("GET", "/api/onboarding")
        except Refused:
            # The path is gone once every step has been done.
            return True
        return any(step["step"] == "user" and step["done"] for step in steps)

    async def _log_in(self, name: str, password: str) -> str:
        flow = await self.request(
            "POST",
            "/auth/login_flow",
            json={
                "client_id": self._client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self._client_id,
            },
        )
        result = await self.request(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            json={
                "client_id": self._client_id,
                "username": name,
                "password": password,
            },
        )
        if result["type"] != "create_entry":
            raise DevelopError(f"The user {name} has another password by now")
        return str(result["result"])

    async def request(self, method: str, path: str, **options: Any) -> Any:
        """Send one request and return the answer; `Refused` on an error status."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(
            method, f"{self.url}{path}", headers=headers, **options
        ) as response:
            if response.status >= 400:
                text = await response.text()
                raise Refused(f"{method} {path}: {response.status} {text}")
            return await response.json(content_type=None)

    async def command(self, command: str, **fields: Any) -> Any:
        """Send one WebSocket command and return its result."""
        async with self._session.ws_connect(f"{self.url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._token})
            if (await socket.receive_json())["type"] != "auth_ok":
                raise Refused("The WebSocket did not accept the access token")
            await socket.send_json({"id": 1, "type": command, **fields})
            answer = await socket.receive_json()
        if not answer["success"]:
            raise Refused(f"{command}: {answer['error']}")
        return answer["result"]

    async def entries(self, domain: str) -> list[dict[str, Any]]:
        """Return the config entries of an integration, ignored discoveries left out."""
        entries = await self.request(
            "GET", f"/api/config/config_entries/entry?domain={domain}"
        )
        return [entry for entry in entries if entry["source"] != "ignore"]

    async def wait_loaded(self, entry_id: str, seconds: float) -> None:
        """Wait until a config entry is set up."""

        async def loaded() -> bool | None:
            entry = (
                await self.command("config_entries/get_single", entry_id=entry_id)
            )["config_entry"]
            return True if entry["state"] == "loaded" else None

        await until(loaded, seconds=seconds, what=f"config entry {entry_id} is loaded")

    async def start_flow(self, handler: str, **context: Any) -> dict[str, Any]:
        """Start a config flow and return its first step."""
        step: dict[str, Any] = await self.request(
            "POST", FLOWS, json={"handler": handler, **context}
        )
        return step

    async def submit(
        self, step: Mapping[str, Any], *, flows: str = FLOWS, **wanted: Any
    ) -> dict[str, Any]:
        """Answer a form with its defaults and the wanted values; return what follows.

        Wanted fields that the form does not have are left out. `flows` is where its kind
        of flow is answered.
        """
        if step["type"] != "form":
            raise DevelopError(f"Expected a form, got {step['type']}: {_reason(step)}")
        answer = fill_in(step["data_schema"], wanted)
        result: dict[str, Any] = await self.request(
            "POST", f"{flows}/{step['flow_id']}", json=answer
        )
        if result.get("errors"):
            raise DevelopError(f"{step['step_id']} does not take {answer}: {result}")
        return result


def fill_in(schema: list[dict[str, Any]], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer to a form: wanted values before suggestions and defaults."""
    answer: dict[str, Any] = {}
    for field in schema:
        name = field["name"]
        suggested = (field.get("description") or {}).get("suggested_value")
        if field.get("type") == "expandable":
            answer[name] = fill_in(field["schema"], wanted)
        elif name in wanted:
            answer[name] = wanted[name]
        elif suggested is not None:
            answer[name] = suggested
        elif "default" in field:
            answer[name] = field["default"]
    return answer


def _reason(step: Mapping[str, Any]) -> str:
    return str(step.get("reason") or step.get("step_id") or "")
