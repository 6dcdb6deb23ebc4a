"""What every OCPP 1.6J charger says about itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import configuration as config
from .car import Connector
from .configuration import ConfigKey
from .link import Payload
from .peer import Peer


def utcnow() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Station(Peer):
    """A station with connectors and a configuration, but no transactions."""

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        connectors: int = 1,
        vendor: str = "Simulator",
        model: str = "Wallbox",
        serial: str | None = "SIM0001",
        firmware: str | None = "1.0.0",
        boot_fields: Payload | None = None,
        configuration: dict[str, ConfigKey] | None = None,
        clock: Callable[[], datetime] = utcnow,
        on_event: Callable[[str], None] | None = None,
        **transport: Any,
    ) -> None:
        """Set up a station; `transport` takes the options of Peer."""
        super().__init__(url, identity, **transport)
        self.boot_fields: Payload = {
            "chargePointVendor": vendor,
            "chargePointModel": model,
            **({"chargePointSerialNumber": serial} if serial else {}),
            **({"firmwareVersion": firmware} if firmware else {}),
            **(boot_fields or {}),
        }
        self.configuration = config.defaults(connectors) | (configuration or {})
        self.connectors = {n: Connector(n) for n in range(connectors + 1)}
        self.clock = clock
        self.boot_status: str | None = None
        self.interval = 0
        self.queue: list[tuple[str, Payload]] = []
        self._on_event = on_event
        self._boot_waits = False
        self._boot_now = False

    def event(self, text: str) -> None:
        """Tell whoever watches."""
        if self._on_event is not None:
            self._on_event(text)
        self.notify()

    def timestamp(self) -> str:
        """Return the time as it goes on the wire."""
        text = self.clock().astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")

    def enabled(self, key: str) -> bool:
        """Return if a boolean configuration key is on."""
        entry = self.configuration.get(key)
        return entry is not None and (entry.value or "").casefold() == "true"

    async def boot(self) -> Payload:
        """Send BootNotification and remember the verdict."""
        answer = await self.call("BootNotification", self.boot_fields)
        self.boot_status = answer["status"]
        self.interval = answer["interval"]
        if self.boot_status == "Accepted" and self.interval > 0:
            self.configuration["HeartbeatInterval"] = ConfigKey(str(self.interval))
        self.event(f"boot: {self.boot_status}, interval {self.interval} s")
        return answer

    async def boot_until_accepted(self) -> Payload:
        """Boot, and again after the interval told, until it is accepted."""
        self._boot_waits = True
        try:
            while (answer := await self.boot())["status"] != "Accepted":
                self._boot_now = False
                try:
                    await self.until(
                        lambda: self._boot_now or not self.connected,
                        # 0 leaves the choice to the charger.
                        self.interval or 30,
                    )
                except TimeoutError:
                    continue
        finally:
            self._boot_waits = False
        return answer

    async def reboot_now(self) -> None:
        """Boot because the central system asks for it."""
        if self._boot_waits:
            self._boot_now = True
            self.notify()
        else:
            await self.boot()

    async def power_up(self) -> None:
        """Do what follows a connection: boot, report states, send the backlog."""
        await self.boot_until_accepted()
        await self.report_status()
        await self.flush()

    async def report_status(self) -> None:
        """Send the state of the charger and of every connector."""
        for connector in self.connectors.values():
            await self.status(connector.id)

    async def status(
        self,
        connector: int = 1,
        status: str | None = None,
        error_code: str | None = None,
        **extra: Any,
    ) -> None:
        """Send StatusNotification; extra holds further fields, in camelCase."""
        state = self.connectors[connector]
        state.status = status or state.status
        state.error_code = error_code or ("NoError" if status else state.error_code)
        payload = {
            "connectorId": connector,
            "errorCode": state.error_code,
            "status": state.status,
            "timestamp": self.timestamp(),
            **extra,
        }
        self.event(f"connector {connector}: {state.status}")
        await self.call("StatusNotification", payload)

    async def set_status(self, connector: Connector, status: str) -> None:
        """Go to a state, and tell about it if it is another one."""
        if connector.status == status:
            return
        if self.connected:
            await self.status(connector.id, status)
        else:
            connector.status = status

    async def heartbeat(self) -> Payload:
        """Send Heartbeat."""
        return await self.call("Heartbeat")

    async def authorize(self, tag: str) -> str:
        """Send Authorize and return the verdict on the card."""
        answer = await self.call("Authorize", {"idTag": tag})
        status: str = answer["idTagInfo"]["status"]
        self.event(f"card {tag}: {status}")
        return status

    async def flush(self) -> None:
        """Send what was queued while offline, in order."""
        while self.queue:
            action, payload = self.queue[0]
            await self.call(action, payload)
            del self.queue[0]
            self.event(f"sent late: {action}")

    async def deliver(self, action: str, payload: Payload) -> Payload:
        """Send a transaction message now, or keep it until flush()."""
        if self.connected:
            return await self.call(action, payload)
        self.queue.append((action, payload))
        return {}
