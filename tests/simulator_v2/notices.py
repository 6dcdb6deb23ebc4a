"""What a station tells of its own accord, besides transactions."""

from typing import Any

from tests.simulator.link import Payload

from .commands.streams import put_value
from .device_model import Variable
from .state import Monitor, State
from .transactions import Transactions

_CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----"


class Notices(Transactions):
    """A station with limits, monitors and certificates of its own."""

    def __init__(self, url: str, identity: str, **options: Any) -> None:
        """Set up a station; `options` are those of Transactions, Base and Peer."""
        super().__init__(url, identity, **options)
        self.state = State()

    # Limits from elsewhere

    async def notify_charging_limit(
        self,
        amps: float,
        evse: int = 0,
        source: str = "EMS",
        *,
        grid_critical: bool = False,
    ) -> None:
        """Obey a limit that somebody else sets, and tell about it (K11, K12)."""
        schedule = {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        }
        profile = {
            "id": -1 - evse,
            "stackLevel": 0,
            "chargingProfilePurpose": "ChargingStationExternalConstraints",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }
        self.profiles.install(evse, profile, self.clock(), source)
        payload: Payload = {
            "chargingLimit": {
                "chargingLimitSource": source,
                "isGridCritical": grid_critical,
            },
            "evseId": evse,
        }
        if self.variables.flag("SmartChargingCtrlr.NotifyChargingLimitWithSchedules"):
            payload["chargingSchedule"] = [schedule]
        await self.call("NotifyChargingLimit", payload)
        await self._report_rate(evse)

    async def clear_charging_limit(self, evse: int = 0, source: str = "EMS") -> None:
        """Be free of such a limit (K13)."""
        self.profiles.remove(
            [
                i
                for i in self.profiles.installed
                if (i.connector, i.source) == (evse, source)
            ]
        )
        await self.call(
            "ClearedChargingLimit", {"chargingLimitSource": source, "evseId": evse}
        )
        await self._report_rate(evse)

    async def _report_rate(self, evse: int) -> None:
        """Tell transactions that their rate changed (K12.FR.03)."""
        await self.refresh()
        for state in self.evses.values():
            if state.transaction is not None and evse in (0, state.id):
                await self.transaction_event(
                    state.transaction, "Updated", "ChargingRateChanged"
                )

    async def notify_charging_needs(self, evse: int = 1, **needs: Any) -> str:
        """Tell what a car wants, and return what the CSMS thinks of it (K15)."""
        car = self.evses[evse].car
        phases = car.phases if car is not None else 3
        amps = car.max_current if car is not None else 16
        transfer = {1: "AC_single_phase", 2: "AC_two_phase"}.get(
            phases, "AC_three_phase"
        )
        answer = await self.call(
            "NotifyEVChargingNeeds",
            {
                "evseId": evse,
                "maxScheduleTuples": 24,
                "chargingNeeds": {
                    "requestedEnergyTransfer": transfer,
                    "acChargingParameters": {
                        "energyAmount": 20000,
                        "evMinCurrent": 6,
                        "evMaxCurrent": round(amps),
                        "evMaxVoltage": 230,
                    },
                    **needs,
                },
            },
        )
        return str(answer["status"])

    async def notify_charging_schedule(self, evse: int = 1, amps: float = 10) -> str:
        """Tell how a car means to charge, and return the verdict (K15, K17)."""
        schedule = {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        }
        answer = await self.call(
            "NotifyEVChargingSchedule",
            {
                "timeBase": self.timestamp(),
                "evseId": evse,
                "chargingSchedule": schedule,
            },
        )
        return str(answer["status"])

    # Security

    async def sign_certificate(
        self, certificate_type: str = "ChargingStationCertificate", csr: str = _CSR
    ) -> None:
        """Ask for a signed certificate (A02, A03)."""
        await self.call(
            "SignCertificate", {"csr": csr, "certificateType": certificate_type}
        )

    async def data_transfer(
        self, vendor: str = "Simulator", message: str | None = None, data: Any = None
    ) -> Payload:
        """Send DataTransfer and return the answer."""
        payload: Payload = {"vendorId": vendor}
        if message is not None:
            payload["messageId"] = message
        if data is not None:
            payload["data"] = data
        return await self.call("DataTransfer", payload)

    # Monitors

    async def set_value(self, key: str, value: str) -> None:
        """Let a variable change, and tell whoever monitors it."""
        variable = self.variables[key]
        variable.value = value
        await self.watch(variable.component_type(), variable.variable_type())

    async def watch(self, component: Payload, variable: Payload) -> None:
        """Look at a variable for its monitors (N07, N08)."""
        found = self.variables.find(component, variable)
        if isinstance(found, str):
            return
        for monitor in list(self.state.monitors.values()):
            if self.variables.find(monitor.component, monitor.variable) is not found:
                continue
            level = self.variables.number("MonitoringCtrlr.ActiveMonitoringLevel", 9)
            if _fires(monitor, found) and monitor.severity <= level and self.talking:
                await self.raise_event(
                    found.key,
                    trigger="Delta" if monitor.type == "Delta" else "Alerting",
                    monitor=monitor.id,
                    cleared=monitor.type.endswith("Threshold") and not monitor.exceeded,
                )

    async def watch_all(self, seconds: float) -> None:
        """Look at all that is monitored, after some time."""
        for monitor in list(self.state.monitors.values()):
            if not monitor.type.startswith("Periodic"):
                await self.watch(monitor.component, monitor.variable)
                continue
            monitor.waited += seconds
            found = self.variables.find(monitor.component, monitor.variable)
            if isinstance(found, str) or not 0 < monitor.value <= monitor.waited:
                continue
            monitor.waited %= monitor.value
            stream = next(
                (it for it in self.state.streams.values() if it.monitor == monitor.id),
                None,
            )
            if stream is not None:
                await put_value(self, stream, found.actual or "")
            elif self.talking:
                await self.raise_event(
                    found.key, trigger="Periodic", monitor=monitor.id
                )

    async def raise_event(
        self,
        key: str,
        value: str | None = None,
        *,
        trigger: str = "Alerting",
        monitor: int | None = None,
        kind: str | None = None,
        cleared: bool = False,
        **extra: Any,
    ) -> None:
        """Send NotifyEvent about a variable; extra holds further fields, in camelCase."""
        variable = self.variables[key]
        if monitor is not None:
            extra["variableMonitoringId"] = monitor
        if cleared:
            extra["cleared"] = True
        watched = "CustomMonitor" if monitor is not None else "HardWiredNotification"
        await self.notify_event(
            variable.component_type(),
            variable.variable_type(),
            (value if value is not None else variable.actual) or "",
            trigger=trigger,
            kind=kind or watched,
            **extra,
        )


def _fires(monitor: Monitor, variable: Variable) -> bool:
    """Return if a monitor has something to tell, and remember what it saw."""
    text = variable.actual or ""
    try:
        number = float(text)
    except ValueError:
        # What is no number fires whenever it changes.
        changed, monitor.seen = text != monitor.seen, text
        return monitor.type == "Delta" and changed
    if monitor.type == "Delta":
        if abs(number - float(monitor.seen or 0)) < monitor.value:
            return False
        monitor.seen = text
        return True
    if not monitor.type.endswith("Threshold"):
        return False
    upper = monitor.type == "UpperThreshold"
    exceeded = number > monitor.value if upper else number < monitor.value
    changed, monitor.exceeded = exceeded != monitor.exceeded, exceeded
    return changed
