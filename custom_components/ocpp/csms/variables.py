"""The device model: the components of a station, their variables, and what is known of them.

Names compare without letter case (OCPP 2.0.1 part 1, 4.1). Version 1.6 has none of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from sys import intern
from typing import Any, NamedTuple, TypedDict

from .secret_names import is_secret_variable

ACTUAL = "Actual"
READ_ONLY, WRITE_ONLY, READ_WRITE = "ReadOnly", "WriteOnly", "ReadWrite"


class Where(TypedDict, total=False):
    """Which of several variables of the same name is meant."""

    evse: int | None
    connector: int | None
    component_instance: str | None
    instance: str | None


class Place(NamedTuple):
    """A variable of a component. Without an instance the text is empty, the number 0."""

    component: str
    variable: str
    component_instance: str = ""
    instance: str = ""
    evse: int = 0
    connector: int = 0

    @property
    def key(self) -> Place:
        """Return the place as it is compared with others."""
        return Place(
            intern(self.component.casefold()),
            intern(self.variable.casefold()),
            intern(self.component_instance.casefold()),
            intern(self.instance.casefold()),
            self.evse,
            self.connector,
        )

    @property
    def name(self) -> str:
        """Return what people call it; on which EVSE and connector is left out."""
        parts = (
            *(self.component, self.component_instance),
            *(self.variable, self.instance),
        )
        return " ".join(filter(None, parts))

    @property
    def text(self) -> str:
        """Return the place as one text that no other has, where this is a key."""
        owner = ".".join(filter(None, (self.component, self.component_instance)))
        spot = ",".join(str(it) for it in (self.evse, self.connector) if it)
        variable = ".".join(filter(None, (self.variable, self.instance)))
        return f"{owner}[{spot}]/{variable}" if spot else f"{owner}/{variable}"

    @property
    def is_secret(self) -> bool:
        """Return whether nobody but the station may know the value; it is never kept."""
        return is_secret_variable(self.variable)


def at(
    component: str,
    variable: str,
    *,
    evse: int | None = None,
    connector: int | None = None,
    component_instance: str | None = None,
    instance: str | None = None,
) -> Place:
    """Return a place as it is written in code."""
    return Place(
        component,
        variable,
        component_instance or "",
        instance or "",
        evse or 0,
        connector or 0,
    )


class Attribute(NamedTuple):
    """One value of a variable: what it is, what it is to be, or what it may be set to.

    `type` is Actual, Target, MinSet or MaxSet. The value is None where the station did not
    tell it, or must not.
    """

    type: str = ACTUAL
    value: str | None = None
    # Empty where the station did not say.
    mutability: str = ""
    persistent: bool = False
    constant: bool = False


class Characteristics(NamedTuple):
    """What values a variable takes: in which unit, of which kind, within which limits."""

    data_type: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: Sequence[str] = ()
    supports_monitoring: bool = False


_UNKNOWN = Attribute()


class Variable(NamedTuple):
    """A variable, spelled as the station spells it, and what is known of it."""

    place: Place
    attributes: Sequence[Attribute] = ()
    # None where no report told.
    characteristics: Characteristics | None = None

    def attribute(self, kind: str = ACTUAL) -> Attribute | None:
        """Return one of its attributes."""
        return next((it for it in self.attributes if it.type == kind), None)

    @property
    def actual(self) -> Attribute:
        """Return what it is; nothing is known of one that was never told."""
        return self.attribute() or _UNKNOWN

    @property
    def value(self) -> str | None:
        """Return its value."""
        return self.actual.value

    @property
    def writable(self) -> bool:
        """Return whether it may be set, as far as is known."""
        return self.actual.mutability in (READ_WRITE, WRITE_ONLY)

    def merged(self, news: Variable) -> Variable:
        """Return it with what a report tells anew; attributes may come one by one."""
        told = {it.type for it in news.attributes}
        kept = (it for it in self.attributes if it.type not in told)
        return Variable(
            news.place,
            (*news.attributes, *kept),
            news.characteristics or self.characteristics,
        )

    def holding(self, kind: str, value: str | None) -> Variable:
        """Return it with another value."""
        now = (self.attribute(kind) or Attribute(kind))._replace(value=value)
        kept = (it for it in self.attributes if it.type != kind)
        return self._replace(attributes=(now, *kept))


def restored(row: Sequence[Any]) -> Variable:
    """Return a variable that was kept as JSON: a NamedTuple is a list there."""
    place, attributes, characteristics = row
    return Variable(
        Place(*place),
        tuple(Attribute(*it) for it in attributes),
        Characteristics(*characteristics) if characteristics else None,
    )


class KeptModel(NamedTuple):
    """A device model as it is stored: the variables as `restored` takes them.

    `firmware` is the one that the station was asked with for all it has; None where it was
    not yet.
    """

    firmware: str | None
    variables: Sequence[Any]


def as_number(text: str | None) -> float | None:
    """Return the number that a value is, if it is one."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None


def as_flag(text: str | None) -> bool | None:
    """Return whether a value is true, or None for what is neither."""
    return {"true": True, "1": True, "false": False, "0": False}.get(
        (text or "").strip().casefold()
    )


def as_words(text: str | None) -> list[str]:
    """Return the members of a list."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


@dataclass(frozen=True, kw_only=True)
class VariableMonitored:
    """What a station told of a variable that it watches (N07, N08).

    `type` is alert, alert_cleared, delta or periodic. `number` is the station's own for
    the event, `cause` the one of the event that it came of, `monitor` the monitor's.
    """

    place: Place
    type: str
    at: datetime
    value: str | None = None
    number: int | None = None
    cause: int | None = None
    monitor: int | None = None
    severity: int | None = None
    # Who wanted it watched: HardWiredMonitor, CustomMonitor, …
    origin: str = ""
    tech_code: str = ""
    tech_info: str = ""
    transaction_id: str = ""
