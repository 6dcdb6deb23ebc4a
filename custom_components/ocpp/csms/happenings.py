"""What happens at a station beyond sessions and cards, as it tells of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .variables import VariableMonitored


@dataclass(frozen=True, kw_only=True)
class GridAlarm:
    """What the grid makes a station do otherwise than it was told, or no longer (R05).

    `control` is the type of the control that takes over, `fault` what is wrong with the
    grid: both as OCPP spells them, and empty where the station did not say.
    """

    control: str
    fault: str
    at: datetime
    info: str = ""
    ended: bool = False


class Battery(NamedTuple):
    """A battery in a slot, or one that was in it. State and health are in percent."""

    evse: int
    serial: str
    state_of_charge: float | None = None
    state_of_health: float | None = None
    produced: str = ""
    # When the station told this.
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class BatterySwapped:
    """Batteries that were put in, taken out, or not fetched in time (S03).

    All that happens in one swap has the same `number`. `requested` is whether it was
    asked for here. `put_in` and `taken_out` are the batteries of the whole swap so far,
    `batteries` those that this is about.
    """

    type: str
    number: int | None
    at: datetime
    id_token: str
    accepted: bool
    requested: bool
    batteries: tuple[Battery, ...]
    put_in: tuple[Battery, ...] = ()
    taken_out: tuple[Battery, ...] = ()


type Happening = VariableMonitored | GridAlarm | BatterySwapped
