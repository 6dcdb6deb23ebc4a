"""What moving to another security profile takes, one after the other."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What is being done. Not every version, and not every profile, needs each."""

    PASSWORD = "password"
    INSTALL_ROOT = "install_root"
    SIGN_CERTIFICATE = "sign_certificate"
    SET_CONNECTION = "set_connection"
    CHANGE_PROFILE = "change_profile"
    RESTART = "restart"
    RETURN = "return"


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """Where a station is to come in.

    `url` is without the identity; `is_open` whether anybody listens there. `root` is the certificate, as PEM, that a station has to
    trust for that, and empty where it needs none from here; `root_serial` its number, in
    small hexadecimal digits. `organisation` is what certificates of other authorities name.
    `interface` is by which network a station of 2.x connects; where it is empty, as now.
    """

    url: str
    is_open: bool = False
    root: str = ""
    root_serial: str = ""
    organisation: str = ""
    interface: str = ""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What became of it: which steps were taken, and if it `waits` until nobody charges."""

    profile: int
    steps: tuple[Step, ...]
    waits: bool = False
