"""Reading and writing variables, and where the CSMS is."""

import json
from typing import TYPE_CHECKING

from tests.simulator.link import CallError, FollowUp, Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class Variables:
    """The commands about the device model's values."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "GetVariables": self.get_variables,
            "SetNetworkProfile": self.set_network_profile,
            "SetVariables": self.set_variables,
        }

    def check_size(self, action: str, payload: Payload, items: int) -> None:
        """Refuse what is more than the station takes (B05.FR.11, B06.FR.16)."""
        variables = self._station.variables
        most = variables.number(f"DeviceDataCtrlr.ItemsPerMessage.{action}")
        if 0 < most < items:
            raise CallError("OccurrenceConstraintViolation", f"more than {most} items")
        most = variables.number(f"DeviceDataCtrlr.BytesPerMessage.{action}")
        if 0 < most < len(json.dumps(payload)):
            raise CallError("FormatViolation", f"more than {most} bytes")

    def get_variables(self, payload: Payload) -> Reply:
        """Read variables."""
        wanted = payload["getVariableData"]
        self.check_size("GetVariables", payload, len(wanted))
        return {"getVariableResult": [self._read(item) for item in wanted]}, None

    def _read(self, item: Payload) -> Payload:
        """Return the result for one variable."""
        kind = item.get("attributeType", "Actual")
        result: Payload = {
            "attributeType": kind,
            "component": item["component"],
            "variable": item["variable"],
        }
        found = self._station.variables.find(item["component"], item["variable"])
        if isinstance(found, str):
            return result | {"attributeStatus": found}
        if kind == "Actual":
            if found.mutability == "WriteOnly":
                return result | {"attributeStatus": "Rejected"}
            value = found.actual
        elif kind not in found.others:
            return result | {"attributeStatus": "NotSupportedAttributeType"}
        else:
            value = found.others[kind]
        return result | {"attributeStatus": "Accepted", "attributeValue": value or ""}

    def set_variables(self, payload: Payload) -> Reply:
        """Write variables."""
        wanted = payload["setVariableData"]
        self.check_size("SetVariables", payload, len(wanted))
        results = [self._write(item) for item in wanted]
        return {"setVariableResult": results}, self._follow_up(wanted)

    def _write(self, item: Payload) -> Payload:
        """Return the result for one variable."""
        kind = item.get("attributeType", "Actual")
        result: Payload = {
            "attributeType": kind,
            "component": item["component"],
            "variable": item["variable"],
        }
        found = self._station.variables.find(item["component"], item["variable"])
        if isinstance(found, str):
            return result | {"attributeStatus": found}
        if kind != "Actual" and kind not in found.others:
            return result | {"attributeStatus": "NotSupportedAttributeType"}
        value = item["attributeValue"]
        flaw = "read only" if found.mutability == "ReadOnly" else found.flaw(value)
        self._station.event(
            f"{found.key} = {flaw or ('…' if found.mutability == 'WriteOnly' else value)}"
        )
        if flaw is not None:
            code = "ReadOnly" if flaw == "read only" else "InvalidValue"
            why = {"reasonCode": code, "additionalInfo": flaw}
            return result | {"attributeStatus": "Rejected", "attributeStatusInfo": why}
        if kind == "Actual":
            found.value = value
        else:
            found.others[kind] = value
        answer = "RebootRequired" if found.reboot else "Accepted"
        return result | {"attributeStatus": answer}

    def _follow_up(self, wanted: list[Payload]) -> FollowUp | None:
        """Return what changed variables lead to."""
        station = self._station

        async def watch() -> None:
            for item in wanted:
                await station.watch(item["component"], item["variable"])

        return watch if station.state.monitors else None

    def set_network_profile(self, payload: Payload) -> Reply:
        """Keep where a CSMS is."""
        data, slot = payload["connectionData"], payload["configurationSlot"]
        allowed = self._station.variables["OCPPCommCtrlr.NetworkConfigurationPriority"]
        if str(slot) not in allowed.values:
            return status("Rejected", why=("InvalidConfSlot", "no such slot"))
        lowest = self._station.variables.number("SecurityCtrlr.SecurityProfile")
        if data["securityProfile"] < lowest:
            return status("Rejected", why=("NoSecurityProfile", "no lower security"))
        self._station.state.network_profiles[slot] = data
        return status("Accepted")
