"""Monitors of variables."""

from typing import TYPE_CHECKING

from tests.simulator.link import CallError, Handler, Payload, Reply

from ..device_model import Variable
from ..state import Monitor
from .reply import status
from .streams import close_streams_of, open_stream

if TYPE_CHECKING:
    from ..station import Station

_CRITERIA = {
    "ThresholdMonitoring": ("UpperThreshold", "LowerThreshold"),
    "DeltaMonitoring": ("Delta",),
    "PeriodicMonitoring": ("Periodic", "PeriodicClockAligned"),
}
_ITEMS_PER_PART = 5


class Monitoring:
    """The commands about monitors."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ClearVariableMonitoring": self.clear_variable_monitoring,
            "GetMonitoringReport": self.get_monitoring_report,
            "SetMonitoringBase": self.set_monitoring_base,
            "SetMonitoringLevel": self.set_monitoring_level,
            "SetVariableMonitoring": self.set_variable_monitoring,
        }

    def _check_size(self, action: str, items: int) -> None:
        key = f"MonitoringCtrlr.ItemsPerMessage.{action}"
        if 0 < (most := self._station.variables.number(key)) < items:
            raise CallError("OccurrenceConstraintViolation", f"more than {most} items")

    def set_variable_monitoring(self, payload: Payload) -> Reply:
        """Add or replace monitors (N04)."""
        wanted = payload["setMonitoringData"]
        self._check_size("SetVariableMonitoring", len(wanted))
        results = [self._set(item) for item in wanted]
        set_now = [
            (result["id"], item.get("periodicEventStream"))
            for item, result in zip(wanted, results, strict=True)
            if result["status"] == "Accepted"
        ]

        async def stream() -> None:
            for number, params in set_now:
                await close_streams_of(self._station, [number])
                if params is not None:
                    await open_stream(self._station, number, params)

        return {"setMonitoringResult": results}, stream

    def _set(self, item: Payload) -> Payload:
        """Return the result for one monitor."""
        state = self._station.state
        result = {
            key: item[key] for key in ("type", "severity", "component", "variable")
        }
        found = self._station.variables.find(item["component"], item["variable"])
        verdict = found if isinstance(found, str) else self._verdict(item, found)
        if verdict != "Accepted":
            return result | {"status": verdict}
        number = item.get("id")
        if number is None:
            number, state.next_monitor = state.next_monitor, state.next_monitor + 1
        fields = {
            key: item[key]
            for key in ("component", "variable", "type", "value", "severity")
        }
        state.monitors[number] = Monitor(
            id=number,
            transaction=item.get("transaction", False),
            seen=found.actual if isinstance(found, Variable) else None,
            **fields,
        )
        return result | {"status": "Accepted", "id": number}

    def _verdict(self, item: Payload, variable: Variable) -> str:
        """Return what is thought of a monitor."""
        number, monitors = item.get("id"), self._station.state.monitors
        if not variable.monitored:
            return "UnsupportedMonitorType"
        numeric = variable.data_type in ("integer", "decimal")
        if item["type"].endswith("Threshold") and not numeric:
            return "UnsupportedMonitorType"
        if not 0 <= item["severity"] <= 9 or (
            item["type"] == "Delta" and item["value"] < 0
        ):
            return "Rejected"
        if number is not None and number not in monitors:
            return "Rejected"
        twin = any(
            monitor.id != number
            and (monitor.type, monitor.severity) == (item["type"], item["severity"])
            and self._station.variables.find(monitor.component, monitor.variable)
            is variable
            for monitor in monitors.values()
        )
        return "Duplicate" if twin else "Accepted"

    def clear_variable_monitoring(self, payload: Payload) -> Reply:
        """Remove monitors, but none that is built in (N06)."""
        monitors = self._station.state.monitors
        self._check_size("ClearVariableMonitoring", len(payload["id"]))
        results = []
        for number in payload["id"]:
            monitor = monitors.get(number)
            verdict = "NotFound" if monitor is None else "Accepted"
            if monitor is not None and not monitor.custom:
                verdict = "Rejected"
            if verdict == "Accepted":
                del monitors[number]
            results.append({"id": number, "status": verdict})

        async def close() -> None:
            await close_streams_of(
                self._station,
                [it["id"] for it in results if it["status"] == "Accepted"],
            )

        return {"clearMonitoringResult": results}, close

    def set_monitoring_base(self, payload: Payload) -> Reply:
        """Go back to the monitors that are built in (N05)."""
        base, state = payload["monitoringBase"], self._station.state
        self._station.variables["MonitoringCtrlr.ActiveMonitoringBase"].value = base
        if base != "All":
            state.monitors = {n: m for n, m in state.monitors.items() if not m.custom}
        return status("Accepted")

    def set_monitoring_level(self, payload: Payload) -> Reply:
        """Report events up to a severity (N05)."""
        if not 0 <= payload["severity"] <= 9:
            return status("Rejected", why=("InvalidValue", "no such severity"))
        level = self._station.variables["MonitoringCtrlr.ActiveMonitoringLevel"]
        level.value = str(payload["severity"])
        return status("Accepted")

    def get_monitoring_report(self, payload: Payload) -> Reply:
        """Report monitors, in parts (N02)."""
        station = self._station
        kinds = [
            kind
            for name in payload.get("monitoringCriteria", _CRITERIA)
            for kind in _CRITERIA[name]
        ]
        wanted = payload.get("componentVariable", [])
        found = []
        for monitor in station.state.monitors.values():
            variable = station.variables.find(monitor.component, monitor.variable)
            if isinstance(variable, str) or monitor.type not in kinds:
                continue
            if not wanted or any(
                variable.fits(w["component"], w.get("variable")) for w in wanted
            ):
                report_of = _report(monitor)
                if station.version == "2.1":
                    report_of["variableMonitoring"][0]["eventNotificationType"] = (
                        "CustomMonitor" if monitor.custom else "HardWiredMonitor"
                    )
                found.append(report_of)
        if not found:
            return status("EmptyResultSet")

        async def report() -> None:
            starts = range(0, len(found), _ITEMS_PER_PART)
            for number, start in enumerate(starts):
                await station.call(
                    "NotifyMonitoringReport",
                    {
                        "requestId": payload["requestId"],
                        "seqNo": number,
                        "tbc": start + _ITEMS_PER_PART < len(found),
                        "generatedAt": station.timestamp(),
                        "monitor": found[start : start + _ITEMS_PER_PART],
                    },
                )

        return status("Accepted", report)


def _report(monitor: Monitor) -> Payload:
    """Return what a report says about a monitor."""
    own = {
        "id": monitor.id,
        "transaction": monitor.transaction,
        "value": monitor.value,
        "type": monitor.type,
        "severity": monitor.severity,
    }
    return {
        "component": monitor.component,
        "variable": monitor.variable,
        "variableMonitoring": [own],
    }
