"""Controls of what feeds into the grid (OCPP 2.1, block R)."""

from typing import TYPE_CHECKING, Any

from tests.simulator.link import Handler, Payload, Reply

from .. import make
from ..device_model import Variable
from .reply import status

if TYPE_CHECKING:
    from ..station import Station

MODES = (
    "EnterService",
    "FixedPFAbsorb",
    "FreqDroop",
    "HFMustTrip",
    "VoltVar",
    "VoltWatt",
)
_FIELDS = {
    "EnterService": "enterService",
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "FreqDroop": "freqDroop",
    "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
_ALWAYS_DEFAULT = ("EnterService", "Gradients")
# How many controls fit into one ReportDERControl.
_PART = 2


def der_variables(evse: int = 1) -> list[Variable]:
    """Return what a station has that can be controlled."""
    return [
        make.text("DCDERCtrlr", "ModesSupported", ",".join(MODES), evse=evse),
        make.text("DCDERCtrlr", "InverterModel", "Inverter", evse=evse),
    ]


class Der:
    """The commands about controls."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ClearDERControl": self.clear,
            "GetDERControl": self.get,
            "SetDERControl": self.set,
        }

    def _modes(self) -> list[str]:
        """Return the types of control that there are; none where it can't be controlled."""
        return self._station.variables.words("DCDERCtrlr[1].ModesSupported")

    def _has_not(self, payload: Payload) -> bool:
        """Return if a request names a type that there is not."""
        kind = payload.get("controlType")
        return kind is not None and kind not in self._modes()

    def set(self, payload: Payload) -> Reply:
        """Take a control; the lower priority value prevails (R04.FR.01 to FR.08)."""
        kind, held = payload["controlType"], self._station.state.controls
        if self._has_not(payload):
            return status("NotSupported")
        given = [name for name in (*_FIELDS.values(), "curve") if name in payload]
        if given != [_FIELDS.get(kind, "curve")]:
            return status("Rejected", why=("InvalidValue", "not the field of the type"))
        values = payload[given[0]]
        timed = {"startTime", "duration"} & values.keys()
        if payload["isDefault"] and timed:
            return status("Rejected", why=("InvalidValue", "a default has no time"))
        if not payload["isDefault"] and kind in _ALWAYS_DEFAULT:
            return status("Rejected", why=("InvalidValue", "a default only"))
        superseded = []
        for number, other in held.items():
            if (
                other["controlType"] == kind
                and other["isDefault"] is payload["isDefault"]
                and _priority(other) > values["priority"]
                and not other.get("active")
                and number != payload["controlId"]
            ):
                other["isSuperseded"] = True
                superseded.append(number)
        held[payload["controlId"]] = payload | {"isSuperseded": False}
        answer: Payload = {"status": "Accepted"}
        if superseded:
            answer["supersededIds"] = superseded
        return answer, None

    def clear(self, payload: Payload) -> Reply:
        """Take controls away (R04.FR.41 to FR.46)."""
        if self._has_not(payload):
            return status("NotSupported")
        found = self._find(payload)
        for number in found:
            del self._station.state.controls[number]
        return status("Accepted" if found else "NotFound")

    def get(self, payload: Payload) -> Reply:
        """Report controls, in parts (R04.FR.30 to FR.37)."""
        if self._has_not(payload):
            return status("NotSupported")
        station = self._station
        found = [
            (number, control.copy()) for number, control in self._find(payload).items()
        ]
        if not found:
            return status("NotFound")

        async def report() -> None:
            for start in range(0, len(found), _PART):
                part: Payload = {}
                for number, control in found[start : start + _PART]:
                    field = _FIELDS.get(control["controlType"], "curve")
                    part.setdefault(field, []).append(_item(number, control))
                await station.call(
                    "ReportDERControl",
                    {
                        "requestId": payload["requestId"],
                        "tbc": start + _PART < len(found),
                        **part,
                    },
                )

        return status("Accepted", report)

    def _find(self, wanted: Payload) -> dict[str, Payload]:
        return {
            number: control
            for number, control in self._station.state.controls.items()
            if wanted.get("isDefault", control["isDefault"]) is control["isDefault"]
            and wanted.get("controlId", number) == number
            and (
                "controlId" in wanted
                or wanted.get("controlType", control["controlType"])
                == control["controlType"]
            )
        }


def _priority(control: Payload) -> int:
    field = _FIELDS.get(control["controlType"], "curve")
    return int(control[field]["priority"])


def _item(number: str, control: Payload) -> Payload:
    """Return what a report says about a control."""
    kind = control["controlType"]
    field = _FIELDS.get(kind, "curve")
    inside = "fixedPF" if field.startswith("fixedPF") else field
    item: Payload = {"id": number, inside: control[field]}
    if kind not in _ALWAYS_DEFAULT:
        item |= {
            "isDefault": control["isDefault"],
            "isSuperseded": control["isSuperseded"],
        }
    if field == "curve":
        item["curveType"] = kind
    return item


async def start_stop(
    station: Station, number: str, *superseded: str, started: bool = True
) -> None:
    """Let a control begin, or end, and tell (R04.FR.20 to FR.22)."""
    held = station.state.controls
    if number in held:
        held[number]["active"] = started
        if not started:
            del held[number]
    for other in superseded:
        if other in held:
            held[other]["isSuperseded"] = True
    told: Payload = {
        "controlId": number,
        "started": started,
        "timestamp": station.timestamp(),
    }
    if superseded:
        told["supersededIds"] = list(superseded)
    await station.call("NotifyDERStartStop", told)


async def grid_alarm(
    station: Station,
    control: str = "VoltWatt",
    fault: str | None = "OverVoltage",
    *,
    ended: bool = False,
    **extra: Any,
) -> None:
    """Deviate because of the grid, or no longer (R05); extra is in camelCase."""
    told: Payload = {"controlType": control, "timestamp": station.timestamp()}
    if fault is not None:
        told["gridEventFault"] = fault
    if ended:
        told["alarmEnded"] = True
    await station.call("NotifyDERAlarm", told | extra)
