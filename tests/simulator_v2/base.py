"""What every station says: who it is, how its connectors are, and that it lives."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, override

from tests.simulator.car import Flow
from tests.simulator.link import Payload
from tests.simulator.peer import Peer

from . import schema
from .device_model import DeviceModel, Variable
from .evse import Connector, Evse
from .variables import defaults


def utcnow() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Base(Peer):
    """A station with EVSEs and a device model, but no transactions."""

    malformed = "FormatViolation"

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        evses: int = 2,
        connectors: int = 2,
        version: str = "ocpp2.0.1",
        vendor: str = "Simulator",
        model: str = "Wallbox 2",
        serial: str | None = "SIM0002",
        firmware: str | None = "2.0.0",
        boot_fields: Payload | None = None,
        max_current: float = 32,
        variables: Iterable[Variable] = (),
        without: Iterable[str] = (),
        availability_events: bool = False,
        clock: Callable[[], datetime] = utcnow,
        on_event: Callable[[str], None] | None = None,
        **transport: Any,
    ) -> None:
        """Set up a station; `transport` takes the options of Peer.

        Each EVSE has that many connectors. `variables` come on top of what a station
        has, and those whose keys `without` lists are left out. With
        `availability_events` it tells connectors' states by NotifyEvent.
        """
        super().__init__(url, identity, **{"subprotocols": (version,)} | transport)
        self._version = schema.VERSIONS[version]
        self.boot_fields: Payload = {
            "vendorName": vendor,
            "model": model,
            **({"serialNumber": serial} if serial else {}),
            **({"firmwareVersion": firmware} if firmware else {}),
            **(boot_fields or {}),
        }
        self.evses = {
            n: Evse(n, {c: Connector(c, n) for c in range(1, connectors + 1)})
            for n in range(1, evses + 1)
        }
        self.operative = True
        self.clock = clock
        self.variables = DeviceModel([*defaults(self, max_current), *variables])
        for key in without:
            del self.variables[key]
        self.availability_events = availability_events
        self.boot_status: str | None = None
        self.interval = 0
        # TransactionEvents on their way, and those kept while offline.
        self.queue: list[Payload] = []
        self.offline_since: datetime | None = None
        self._told: dict[tuple[int, int], str] = {}
        self._events = 0
        self._on_event = on_event
        self._boot_waits = False
        self._boot_now = False

    @override
    def fault(self, kind: int, action: str, payload: object) -> tuple[str, str] | None:
        return schema.fault(self._version, kind, action, payload)

    @property
    def version(self) -> str:
        """Return which version it speaks."""
        return self._version

    def event(self, text: str) -> None:
        """Tell whoever watches."""
        if self._on_event is not None:
            self._on_event(text)
        self.notify()

    def timestamp(self) -> str:
        """Return the time as it goes on the wire."""
        text = self.clock().astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")

    def flow(self, evse: int = 1) -> Flow:
        """Return what an EVSE offers now and what the car takes."""
        return Flow(0)

    # Boot

    @property
    def talking(self) -> bool:
        """Return if it may speak of its own accord (B02.FR.02, B03.FR.02)."""
        return self.connected and self.boot_status not in ("Pending", "Rejected")

    async def boot(self, reason: str = "PowerUp") -> Payload:
        """Send BootNotification and remember the verdict."""
        answer = await self.call(
            "BootNotification", {"reason": reason, "chargingStation": self.boot_fields}
        )
        self.boot_status = answer["status"]
        self.interval = answer["interval"]
        heartbeat = self.variables.get("OCPPCommCtrlr.HeartbeatInterval")
        if self.boot_status == "Accepted" and self.interval > 0 and heartbeat:
            heartbeat.value = str(self.interval)
        self.event(f"boot: {self.boot_status}, interval {self.interval} s")
        return answer

    async def boot_until_accepted(self, reason: str = "PowerUp") -> Payload:
        """Boot, and again after the interval told, until it is accepted."""
        self._boot_waits = True
        try:
            while (answer := await self.boot(reason))["status"] != "Accepted":
                self._boot_now = False
                try:
                    # 0 leaves the choice to the station.
                    await self.until(
                        lambda: self._boot_now or not self.connected,
                        self.interval or 30,
                    )
                except TimeoutError:
                    continue
                reason = "Triggered"
        finally:
            self._boot_waits = False
        return answer

    async def reboot_now(self) -> None:
        """Boot because the CSMS asks for it."""
        if self._boot_waits:
            self._boot_now = True
            self.notify()
        else:
            await self.boot("Triggered")

    async def power_up(self, reason: str = "PowerUp") -> None:
        """Do what follows a connection: boot, report states, send the backlog."""
        await self.boot_until_accepted(reason)
        self.offline_since = None
        await self.report_status()
        await self.flush()

    async def flush(self) -> None:
        """Send what was queued while offline, in order."""

    async def heartbeat(self) -> Payload:
        """Send Heartbeat."""
        return await self.call("Heartbeat")

    # Connectors

    def all_connectors(self) -> list[Connector]:
        """Return the connectors of all EVSEs."""
        return [c for evse in self.evses.values() for c in evse.connectors.values()]

    def connector_state(self, connector: Connector) -> str:
        """Return the state that a connector should be in."""
        evse = self.evses[connector.evse]
        if connector.faulted:
            return "Faulted"
        operative = self.operative and evse.operative and connector.operative
        # What is told to stop may finish its transaction (G03.FR.05).
        if not operative and evse.transaction is None:
            return "Unavailable"
        if evse.plugged == connector.id:
            return "Occupied"
        return "Reserved" if evse.reservation is not None else "Available"

    def evse_state(self, evse: Evse) -> str:
        """Return the state of an EVSE."""
        states = [connector.status for connector in evse.connectors.values()]
        for state in ("Occupied", "Reserved", "Available", "Unavailable"):
            if state in states:
                return state
        return "Faulted"

    async def report_status(self) -> None:
        """Send the state of every connector."""
        for connector in self.all_connectors():
            connector.status = self.connector_state(connector)
            await self.status(connector.evse, connector.id)

    async def report_changes(self) -> None:
        """Send the state of the connectors whose state is not the one last told."""
        for connector in self.all_connectors():
            connector.status = self.connector_state(connector)
            place = connector.evse, connector.id
            if self.talking and self._told.get(place) != connector.status:
                await self.status(*place)

    async def status(
        self, evse: int = 1, connector: int = 1, status: str | None = None, **extra: Any
    ) -> None:
        """Tell a connector's state; extra holds further fields, in camelCase."""
        state = self.evses[evse].connectors[connector] if evse in self.evses else None
        if state is not None:
            state.status = status or state.status
            status = state.status
            self._told[evse, connector] = state.status
        self.event(f"EVSE {evse} connector {connector}: {status}")
        if self.availability_events:
            await self.notify_event(
                {"name": "Connector", "evse": {"id": evse, "connectorId": connector}},
                {"name": "AvailabilityState"},
                str(status),
            )
            return
        await self.call(
            "StatusNotification",
            {
                "timestamp": self.timestamp(),
                "connectorStatus": status,
                "evseId": evse,
                "connectorId": connector,
                **extra,
            },
        )

    async def set_fault(
        self, evse: int = 1, connector: int = 1, faulted: bool = True
    ) -> None:
        """Let a connector break, or repair it."""
        self.evses[evse].connectors[connector].faulted = faulted
        await self.report_changes()

    async def notify_event(
        self,
        component: Payload,
        variable: Payload,
        value: str,
        *,
        trigger: str = "Delta",
        kind: str = "HardWiredNotification",
        **extra: Any,
    ) -> None:
        """Send NotifyEvent with one event; extra holds further fields of it."""
        self._events += 1
        now = self.timestamp()
        event = {
            "eventId": self._events,
            "timestamp": now,
            "trigger": trigger,
            "actualValue": value,
            "eventNotificationType": kind,
            "component": component,
            "variable": variable,
            **extra,
        }
        await self.call(
            "NotifyEvent",
            {"generatedAt": now, "seqNo": 0, "tbc": False, "eventData": [event]},
        )

    async def security_event(self, kind: str, tech_info: str | None = None) -> None:
        """Send SecurityEventNotification."""
        info = {} if tech_info is None else {"techInfo": tech_info}
        await self.call(
            "SecurityEventNotification",
            {"type": kind, "timestamp": self.timestamp(), **info},
        )
