"""A central system of nothing but `websockets` and `orjson`.

It checks nothing, or no more than whether what chargers send is as the schemas say.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
import itertools
from pathlib import Path
import time
from typing import Any

import jsonschema_rs
import ocpp
import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .charger import Charger


async def listen(
    chargers: dict[str, Charger], port: int, *, checked: bool = False
) -> None:
    """Serve the chargers; where what they say is `checked`, until it is not valid."""
    validators = await asyncio.to_thread(_validators) if checked else {}

    async def handle(connection: ServerConnection) -> None:
        assert connection.request
        charger = chargers[connection.request.path[1:]]
        await _Conversation(charger, connection, validators).run()

    await serve(handle, "127.0.0.1", port, subprotocols=["ocpp1.6"], compression=None)


def _validators() -> dict[str, jsonschema_rs.Validator]:
    """Return what checks the messages, by action."""
    assert ocpp.__file__
    schemas = (Path(ocpp.__file__).parent / "v16" / "schemas").glob("*.json")
    return {
        path.stem: jsonschema_rs.validator_for(
            orjson.loads(path.read_text(encoding="utf-8-sig")), validate_formats=False
        )
        for path in schemas
    }


class _Conversation:
    def __init__(
        self,
        charger: Charger,
        connection: ServerConnection,
        validators: Mapping[str, jsonschema_rs.Validator],
    ) -> None:
        self._charger = charger
        self._connection = connection
        self._validators = validators
        self._open: dict[str, asyncio.Future[Any]] = {}
        self._ids = itertools.count()
        charger.set_limit = self._set_limit

    async def run(self) -> None:
        soon = asyncio.get_running_loop().call_soon
        try:
            while True:
                data = await self._connection.recv(decode=False)
                kind, message_id, *rest = orjson.loads(data)
                if kind == 2:
                    if self._validators:
                        self._validators[rest[0]].validate(rest[1])
                    answer = getattr(self, rest[0])(rest[1])
                    await self._connection.send(
                        orjson.dumps([3, message_id, answer]), text=True
                    )
                    if (show := getattr(self, f"show_{rest[0]}", None)) is not None:
                        soon(show, rest[1])
                elif (open_ := self._open.pop(message_id, None)) is not None:
                    open_.set_result(rest[0])
        except ConnectionClosed:
            self._charger.connected(False)

    async def _set_limit(self, limit: float) -> None:
        message_id = str(next(self._ids))
        answer = self._open[message_id] = asyncio.Future()
        schedule = {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        }
        payload = {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": schedule,
            },
        }
        await self._connection.send(
            orjson.dumps([2, message_id, "SetChargingProfile", payload]), text=True
        )
        await answer

    # Methods have the names of the messages they answer.

    def BootNotification(self, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"status": "Accepted", "currentTime": _now(), "interval": 300}

    def show_BootNotification(self, payload: dict[str, Any]) -> None:  # noqa: N802
        self._charger.connected(True)

    def Heartbeat(self, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"currentTime": _now()}

    def StatusNotification(self, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {}

    def show_StatusNotification(self, payload: dict[str, Any]) -> None:  # noqa: N802
        if payload["connectorId"]:
            self._charger.show(status=payload["status"])

    def StartTransaction(self, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._charger.start(payload["meterStart"])
        return {"transactionId": int(time.time()), "idTagInfo": {"status": "Accepted"}}

    def MeterValues(self, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {}

    def show_MeterValues(self, payload: dict[str, Any]) -> None:  # noqa: N802
        self._charger.meter(payload["meterValue"], "sampledValue")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"
