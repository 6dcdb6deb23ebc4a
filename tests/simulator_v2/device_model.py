"""What a station tells about itself: components and their variables."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.link import Payload


@dataclass(slots=True, kw_only=True)
class Variable:
    """A variable of a component."""

    component: str
    name: str
    value: str | None = None
    instance: str | None = None
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    data_type: str = "string"
    mutability: str = "ReadOnly"
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    reboot: bool = False
    monitored: bool = False
    constant: bool = False
    # Further attributes: Target, MinSet, MaxSet.
    others: dict[str, str] = field(default_factory=dict)
    # What is never kept but looked up.
    read: Callable[[], str] | None = None

    @property
    def key(self) -> str:
        """Return the name that it goes by here: Component[1,1].Variable.Instance."""
        place = ",".join(str(n) for n in (self.evse, self.connector) if n is not None)
        owner = f"{self.component}[{place}]" if place else self.component
        return ".".join(filter(None, (owner, self.name, self.instance)))

    @property
    def actual(self) -> str | None:
        """Return the value now."""
        return self.read() if self.read is not None else self.value

    def component_type(self) -> Payload:
        """Return the component as it goes on the wire."""
        payload: Payload = {"name": self.component}
        if self.component_instance is not None:
            payload["instance"] = self.component_instance
        if self.evse is not None:
            payload["evse"] = {"id": self.evse}
            if self.connector is not None:
                payload["evse"]["connectorId"] = self.connector
        return payload

    def variable_type(self) -> Payload:
        """Return the variable as it goes on the wire."""
        name = {"name": self.name}
        return name if self.instance is None else name | {"instance": self.instance}

    def report(self) -> Payload:
        """Return what a report says about it."""
        actual: Payload = {
            "type": "Actual",
            "mutability": self.mutability,
            "persistent": self.read is None,
            "constant": self.constant,
        }
        value = self.actual
        if value is not None and self.mutability != "WriteOnly":
            actual["value"] = value
        characteristics: Payload = {
            "dataType": self.data_type,
            "supportsMonitoring": self.monitored,
        }
        if self.unit is not None:
            characteristics["unit"] = self.unit
        if self.minimum is not None:
            characteristics["minLimit"] = self.minimum
        if self.maximum is not None:
            characteristics["maxLimit"] = self.maximum
        if self.values:
            characteristics["valuesList"] = ",".join(self.values)
        return {
            "component": self.component_type(),
            "variable": self.variable_type(),
            "variableAttribute": [
                actual,
                *(
                    {"type": kind, "value": text, "mutability": "ReadOnly"}
                    for kind, text in self.others.items()
                ),
            ],
            "variableCharacteristics": characteristics,
        }

    def flaw(self, value: str) -> str | None:
        """Return why a value does not fit, if it does not."""
        match self.data_type:
            case "integer" | "decimal":
                try:
                    number = (int if self.data_type == "integer" else float)(value)
                except ValueError:
                    return "not a number"
                if self.minimum is not None and number < self.minimum:
                    return "too low"
                if self.maximum is not None and number > self.maximum:
                    return "too high"
            case "boolean":
                if value not in ("true", "false"):
                    return "not a boolean"
            case "OptionList":
                if value not in self.values:
                    return "no such choice"
            case "MemberList" | "SequenceList":
                if not {word for word in value.split(",") if word} <= {*self.values}:
                    return "no such member"
            case _:
                if self.maximum is not None and len(value) > self.maximum:
                    return "too long"
                if self.minimum is not None and len(value) < self.minimum:
                    return "too short"
        return None

    def fits(self, component: Payload, variable: Payload | None = None) -> bool:
        """Return if a request means this one; what it leaves out matches all."""
        own = self.component_type()
        evse, own_evse = component.get("evse", {}), own.get("evse", {})
        return (
            _same(component["name"], self.component)
            and (
                "instance" not in component
                or _same(component["instance"], self.component_instance)
            )
            and all(
                own_evse.get(key) == evse[key]
                for key in ("id", "connectorId")
                if key in evse
            )
            and (
                variable is None
                or (
                    _same(variable["name"], self.name)
                    and (
                        "instance" not in variable
                        or _same(variable["instance"], self.instance)
                    )
                )
            )
        )


def _same(one: Any, other: Any) -> bool:
    """Return if two names are the same: their case does not count."""
    return (
        isinstance(one, str)
        and isinstance(other, str)
        and one.casefold() == other.casefold()
    )


def _spot(component: Payload) -> tuple[Any, ...]:
    """Return what makes a component the one it is."""
    evse = component.get("evse", {})
    return (
        component["name"].casefold(),
        component.get("instance", "").casefold(),
        evse.get("id"),
        evse.get("connectorId"),
    )


class DeviceModel(dict[str, Variable]):
    """All variables of a station, by their `key`."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        """Keep variables; the last one with a key wins."""
        super().__init__({variable.key: variable for variable in variables})

    def text(self, key: str) -> str:
        """Return a value; what is not there is empty."""
        variable = self.get(key)
        return (variable and variable.actual) or ""

    def flag(self, key: str) -> bool:
        """Return if something is on; what is not there is off."""
        return self.text(key) == "true"

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole number."""
        return int(self.text(key) or default)

    def words(self, key: str) -> list[str]:
        """Return the members of a list."""
        return [word.strip() for word in self.text(key).split(",") if word.strip()]

    def find(self, component: Payload, variable: Payload) -> Variable | str:
        """Return the variable meant, or the status that says why there is none."""
        spot = _spot(component)
        own = [v for v in self.values() if _spot(v.component_type()) == spot]
        if not own:
            return "UnknownComponent"
        wanted = variable["name"].casefold(), variable.get("instance", "").casefold()
        return next(
            (
                v
                for v in own
                if (v.name.casefold(), (v.instance or "").casefold()) == wanted
            ),
            "UnknownVariable",
        )
