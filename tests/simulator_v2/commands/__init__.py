"""What a CSMS may ask of a station."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler

from ..schema import ACTIONS
from .authorization import Authorization
from .availability import Availability
from .battery import Battery
from .certificates import Certificates
from .der import Der
from .display import Display
from .dynamic import Dynamic
from .firmware import Firmware
from .monitoring import Monitoring
from .remote_control import RemoteControl
from .reports import Reports
from .reservation import Reservation
from .smart_charging import SmartCharging
from .streams import Streams
from .tariffs import Tariffs
from .v2x import V2x
from .variables import Variables

if TYPE_CHECKING:
    from ..station import Station


def handlers(station: Station) -> dict[str, Handler]:
    """Return what answers each command."""
    topics = (
        Authorization,
        Availability,
        Battery,
        Certificates,
        Der,
        Display,
        Dynamic,
        Firmware,
        Monitoring,
        RemoteControl,
        Reports,
        Reservation,
        SmartCharging,
        Streams,
        Tariffs,
        V2x,
        Variables,
    )
    return {
        action: handler
        for topic in topics
        for action, handler in topic(station).handlers.items()
        # Of the version that it speaks.
        if action in ACTIONS[station.version]
    }
