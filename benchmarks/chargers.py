"""Simulated OCPP 1.6 chargers: raw frames over loopback, bounded in number and time.

Started as `python -m benchmarks.chargers`. A charger has one CALL open at a time, answers
what it is asked at once, and reports ten samples in each MeterValues.
"""

import asyncio
from datetime import UTC, datetime
import random
import time
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .worker import Command, Commands

MOST_CHARGERS = 200
_MOST_MESSAGES = 20_000
_CALL_TIMEOUT = 30
_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "Temperature",
)
_CONFIGURATION = {
    "NumberOfConnectors": "1",
    "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
    "HeartbeatInterval": "300",
    "MeterValueSampleInterval": "10",
    "MeterValuesSampledData": ",".join(_MEASURANDS),
    "ChargeProfileMaxStackLevel": "8",
    "ChargingScheduleAllowedChargingRateUnit": "Current",
}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


class Charger:
    """One charger with one connector."""

    def __init__(self, identity: str) -> None:
        """Prepare to connect."""
        self.identity = identity
        # The same samples for whoever they are sent to.
        self._random = random.Random(identity)
        self._energy = self._random.randint(1_000_000, 2_000_000)
        self._status = "Available"
        self._configuration = dict(_CONFIGURATION)
        self._transaction: int | None = None
        self._connection: ClientConnection | None = None
        self._open: dict[str, asyncio.Future[Any]] = {}
        self._slot = asyncio.Lock()
        self._calls = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.began = 0.0
        # What came from the central system, and when.
        self.received: list[tuple[float, str]] = []
        self.errors = 0

    # --- the wire -----------------------------------------------------------------------

    async def connect(self, port: int) -> None:
        """Connect, boot and tell the statuses."""
        self.began = time.monotonic()
        self._connection = await connect(
            f"ws://127.0.0.1:{port}/{self.identity}",
            subprotocols=["ocpp1.6"],
            compression=None,
            ping_interval=None,
        )
        self._spawn(self._read(self._connection))
        await self._boot()
        await self._tell_status(0)
        await self._tell_status(1)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, connection: ClientConnection) -> None:
        try:
            while True:
                data = await connection.recv()
                at = time.monotonic()
                kind, message_id, *rest = orjson.loads(data)
                if kind == 2:
                    self.received.append((at, rest[0]))
                    await self._answer(connection, message_id, *rest)
                elif (answer := self._open.pop(message_id, None)) is not None:
                    self.errors += kind != 3
                    answer.set_result((at, rest[0] if kind == 3 else {}))
        except ConnectionClosed:
            self.errors += 1

    async def call(self, action: str, payload: dict[str, Any]) -> tuple[float, Any]:
        """Send a CALL; return the seconds until its answer, and the answer."""
        assert self._connection
        async with self._slot:
            self._calls += 1
            message_id = f"{self.identity}-{self._calls}"
            answer = self._open[message_id] = asyncio.Future()
            text = orjson.dumps([2, message_id, action, payload]).decode()
            sent = time.monotonic()
            await self._connection.send(text)
            async with asyncio.timeout(_CALL_TIMEOUT):
                at, result = await answer
            return at - sent, result

    async def close(self) -> None:
        """Leave."""
        if self._connection is not None:
            for task in self._tasks:
                task.cancel()
            await self._connection.close()

    # --- what it is asked ---------------------------------------------------------------

    async def _answer(
        self,
        connection: ClientConnection,
        message_id: str,
        action: str,
        payload: dict[str, Any],
    ) -> None:
        result: dict[str, Any] = {"status": "Accepted"}
        if action == "GetConfiguration":
            asked = payload.get("key") or list(self._configuration)
            result = {
                "configurationKey": [
                    {"key": key, "readonly": False, "value": self._configuration[key]}
                    for key in asked
                    if key in self._configuration
                ],
                "unknownKey": [key for key in asked if key not in self._configuration],
            }
        elif action == "ChangeConfiguration":
            result = {"status": self._change(payload["key"], payload["value"])}
        await connection.send(orjson.dumps([3, message_id, result]).decode())
        if action == "TriggerMessage":
            self._spawn(self._do_what_is_asked(payload))

    def _change(self, key: str, value: str) -> str:
        if key not in self._configuration:
            return "NotSupported"
        if key == "MeterValuesSampledData" and not set(value.split(",")) <= set(
            _MEASURANDS
        ):
            return "Rejected"
        self._configuration[key] = value
        return "Accepted"

    async def _do_what_is_asked(self, payload: dict[str, Any]) -> None:
        match payload["requestedMessage"]:
            case "BootNotification":
                await self._boot()
            case "StatusNotification":
                await self._tell_status(payload.get("connectorId", 1))
            case "MeterValues":
                await self.meter_values()
            case "Heartbeat":
                await self.heartbeat()

    # --- what it tells ------------------------------------------------------------------

    async def _boot(self) -> None:
        await self.call(
            "BootNotification",
            {
                "chargePointVendor": "Benchmark",
                "chargePointModel": "Loopback",
                "chargePointSerialNumber": self.identity,
                "firmwareVersion": "1.0",
            },
        )

    async def _tell_status(self, connector: int) -> None:
        await self.call(
            "StatusNotification",
            {
                "connectorId": connector,
                "errorCode": "NoError",
                "status": self._status if connector else "Available",
                "timestamp": _now(),
            },
        )

    async def charge(self) -> None:
        """Start a transaction."""
        self._status = "Charging"
        start = {
            "connectorId": 1,
            "idTag": "BENCHMARK",
            "meterStart": self._energy,
            "timestamp": _now(),
        }
        _, result = await self.call("StartTransaction", start)
        self._transaction = result["transactionId"]
        await self._tell_status(1)

    async def heartbeat(self) -> float:
        """Send a Heartbeat; return the seconds until its answer."""
        return (await self.call("Heartbeat", {}))[0]

    async def meter_values(self) -> float:
        """Send ten samples; return the seconds until the answer."""
        near = self._random.gauss
        self._energy += 31
        currents = [round(near(16, 0.1), 2) for _ in range(3)]
        voltages = [round(near(230, 0.8), 1) for _ in range(3)]
        watts = sum(map(float.__mul__, currents, voltages, strict=True))
        payload = {
            "connectorId": 1,
            "meterValue": [
                {
                    "timestamp": _now(),
                    "sampledValue": [
                        _sample(0, "Wh", f"{self._energy}"),
                        _sample(1, "W", f"{watts:.1f}"),
                        *(
                            _sample(2, "A", f"{current:.2f}", f"L{phase}")
                            for phase, current in enumerate(currents, 1)
                        ),
                        *(
                            _sample(3, "V", f"{voltage:.1f}", f"L{phase}-N")
                            for phase, voltage in enumerate(voltages, 1)
                        ),
                        _sample(4, "A", "16.0"),
                        _sample(5, "Celsius", f"{near(38, 0.3):.1f}"),
                    ],
                }
            ],
        }
        if self._transaction is not None:
            payload["transactionId"] = self._transaction
        return (await self.call("MeterValues", payload))[0]


def _sample(measurand: int, unit: str, value: str, phase: str = "") -> dict[str, str]:
    sample = {
        "value": value,
        "context": "Sample.Periodic",
        "format": "Raw",
        "measurand": _MEASURANDS[measurand],
        "location": "Outlet",
        "unit": unit,
    }
    return sample | {"phase": phase} if phase else sample


class Fleet:
    """Many chargers that act together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._chargers: list[Charger] = []
        self._sent = 0

    async def connect(self, identities: list[str], port: int) -> dict[str, Any]:
        """Connect all at once; return when each began to."""
        if len(identities) > MOST_CHARGERS:
            raise ValueError(f"{MOST_CHARGERS} chargers at most")
        self._chargers = [Charger(identity) for identity in identities]
        await asyncio.gather(*(charger.connect(port) for charger in self._chargers))
        return {charger.identity: charger.began for charger in self._chargers}

    async def charge(self) -> None:
        """Start a transaction at each, one after the other."""
        for charger in self._chargers:
            await charger.charge()

    async def send(self, message: str, count: int, rate: float) -> dict[str, Any]:
        """Send messages in turn, so many a second; return the seconds each took."""
        if count > _MOST_MESSAGES:
            raise ValueError(f"{_MOST_MESSAGES} messages at most")
        began = time.monotonic()
        sent = []
        for number in range(count):
            await asyncio.sleep(began + number / rate - time.monotonic())
            charger = self._chargers[self._sent % len(self._chargers)]
            self._sent += 1
            sent.append(asyncio.create_task(getattr(charger, message)()))
        return {"seconds": await asyncio.gather(*sent)}

    async def received(self, identity: str, since: float) -> dict[str, Any]:
        """Return what a charger received since a moment, and when."""
        charger = next(one for one in self._chargers if one.identity == identity)
        return {"frames": [frame for frame in charger.received if frame[0] >= since]}

    async def errors(self) -> dict[str, Any]:
        """Return how many answers were errors and how many sockets were closed."""
        return {"errors": sum(charger.errors for charger in self._chargers)}

    async def close(self) -> None:
        """Leave."""
        await asyncio.gather(*(charger.close() for charger in self._chargers))

    def commands(self) -> dict[str, Command]:
        """Return what can be asked of the fleet."""
        return {
            name: getattr(self, name)
            for name in ("connect", "charge", "send", "received", "errors", "close")
        }


async def _main() -> None:
    fleet = Fleet()
    await Commands().serve(fleet.commands())
    await fleet.close()


if __name__ == "__main__":
    asyncio.run(_main())
