"""Reports of the device model, in parts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulator.link import CallError, FollowUp, Handler, Payload, Reply

from ..device_model import Variable
from .reply import status

if TYPE_CHECKING:
    from ..station import Station

# How many variables go into one NotifyReport.
ITEMS_PER_PART = 20

_SUMMARY = ("Available", "AvailabilityState", "Problem", "Active", "Enabled")


class Reports:
    """The commands that ask for reports."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "GetBaseReport": self.get_base_report,
            "GetReport": self.get_report,
        }

    def get_base_report(self, payload: Payload) -> Reply:
        """Report what can be set, everything, or what matters."""
        chosen: dict[str, Callable[[Variable], bool]] = {
            "ConfigurationInventory": lambda v: v.mutability != "ReadOnly",
            "FullInventory": lambda _: True,
            "SummaryInventory": lambda v: v.name in _SUMMARY,
        }
        wanted = chosen[payload["reportBase"]]
        return self._reply(
            payload, [v for v in self._station.variables.values() if wanted(v)]
        )

    def get_report(self, payload: Payload) -> Reply:
        """Report chosen components and variables (B08)."""
        wanted = payload.get("componentVariable", [])
        most = self._station.variables.number(
            "DeviceDataCtrlr.ItemsPerMessage.GetReport"
        )
        if 0 < most < len(wanted):
            raise CallError("OccurrenceConstraintViolation", f"more than {most} items")
        found = [
            variable
            for variable in self._station.variables.values()
            if (
                not wanted
                or any(variable.fits(w["component"], w.get("variable")) for w in wanted)
            )
            and self._meets(variable, payload.get("componentCriteria", []))
        ]
        return self._reply(payload, found)

    def _meets(self, variable: Variable, criteria: list[str]) -> bool:
        """Return if a variable's component meets any criterion (B08.FR.09).

        What does not say if it is available, enabled or active, is.
        """
        if not criteria:
            return True
        own = variable.component_type()
        values = {
            v.name: v.actual
            for v in self._station.variables.values()
            if v.component_type() == own
        }
        return any(
            values.get(name, "false" if name == "Problem" else "true") == "true"
            for name in criteria
        )

    def _reply(self, payload: Payload, found: list[Variable]) -> Reply:
        """Agree to report variables."""
        if not found:
            return status("EmptyResultSet")
        return status("Accepted", self._report(payload["requestId"], found))

    def _report(self, request: int, found: list[Variable]) -> FollowUp:
        """Return what sends a report."""
        station = self._station

        async def report() -> None:
            starts = range(0, len(found), ITEMS_PER_PART)
            for number, start in enumerate(starts):
                part = found[start : start + ITEMS_PER_PART]
                await station.call(
                    "NotifyReport",
                    {
                        "requestId": request,
                        "generatedAt": station.timestamp(),
                        "seqNo": number,
                        "tbc": start + ITEMS_PER_PART < len(found),
                        "reportData": [variable.report() for variable in part],
                    },
                )

        return report
