"""Short ways to write variables down."""

from typing import Any

from .device_model import Variable


def yes(true: bool) -> str:
    """Return a truth as variables say it."""
    return "true" if true else "false"


def _settable(more: dict[str, Any]) -> dict[str, Any]:
    """Return fields of a variable that can be set."""
    return {"mutability": "ReadWrite"} | more


def flag(component: str, name: str, on: bool, **more: Any) -> Variable:
    """Return a boolean."""
    return Variable(
        component=component,
        name=name,
        value=yes(on),
        data_type="boolean",
        **_settable(more),
    )


def number(component: str, name: str, value: int, **more: Any) -> Variable:
    """Return a whole number, not below 0."""
    return Variable(
        component=component,
        name=name,
        value=str(value),
        data_type="integer",
        **_settable({"minimum": 0} | more),
    )


def fixed(component: str, name: str, value: int, **more: Any) -> Variable:
    """Return a whole number that cannot be set."""
    return number(component, name, value, mutability="ReadOnly", **more)


def choice(
    component: str, name: str, value: str, values: tuple[str, ...], **more: Any
) -> Variable:
    """Return a choice of some values."""
    return Variable(
        component=component,
        name=name,
        value=value,
        values=values,
        **_settable({"data_type": "MemberList"} | more),
    )


def text(component: str, name: str, value: str | None, **more: Any) -> Variable:
    """Return a text that cannot be set."""
    return Variable(component=component, name=name, value=value, **more)
