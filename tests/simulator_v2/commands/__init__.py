"""What a CSMS may ask of a station."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler

from .authorization import Authorization
from .availability import Availability
from .certificates import Certificates
from .display import Display
from .firmware import Firmware
from .monitoring import Monitoring
from .remote_control import RemoteControl
from .reports import Reports
from .reservation import Reservation
from .smart_charging import SmartCharging
from .variables import Variables

if TYPE_CHECKING:
    from ..station import Station


def handlers(station: Station) -> dict[str, Handler]:
    """Return what answers each command."""
    topics = (
        Authorization,
        Availability,
        Certificates,
        Display,
        Firmware,
        Monitoring,
        RemoteControl,
        Reports,
        Reservation,
        SmartCharging,
        Variables,
    )
    return {
        action: handler
        for topic in topics
        for action, handler in topic(station).handlers.items()
    }
