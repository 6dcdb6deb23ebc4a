"""What a station keeps for the CSMS."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulator.link import Payload

if TYPE_CHECKING:
    from .commands.streams import Stream


@dataclass(slots=True)
class Monitor:
    """A watch on a variable."""

    id: int
    component: Payload
    variable: Payload
    type: str
    value: float
    severity: int
    transaction: bool = False
    # The CSMS's own, or one that is built in.
    custom: bool = True
    # The value that a Delta is measured from, if a threshold is passed, and how many
    # seconds ago a periodic one fired.
    seen: str | None = None
    exceeded: bool = False
    waited: float = 0


@dataclass(slots=True)
class State:
    """Lists, certificates, messages and progress, all gone with a new station."""

    local_list: dict[str, Payload] = field(default_factory=dict)
    local_list_version: int = 0
    cache: dict[str, Payload] = field(default_factory=dict)
    certificates: list[tuple[str, Payload]] = field(default_factory=list)
    chains: list[Payload] = field(default_factory=list)
    messages: dict[int, Payload] = field(default_factory=dict)
    monitors: dict[int, Monitor] = field(default_factory=dict)
    # Of what feeds into the grid, by id; and the batteries in the slots.
    controls: dict[str, Payload] = field(default_factory=dict)
    batteries: dict[int, Payload] = field(default_factory=dict)
    next_monitor: int = 1
    # By the number of each: what monitors tell in messages that nobody answers.
    streams: dict[int, Stream] = field(default_factory=dict)
    network_profiles: dict[int, Payload] = field(default_factory=dict)
    # By casefolded card: what is known about a customer.
    customers: dict[str, str] = field(default_factory=dict)
    # The last status of each upload or update, for whoever asks again.
    firmware: Payload = field(default_factory=lambda: {"status": "Idle"})
    log: Payload = field(default_factory=lambda: {"status": "Idle"})
    published: Payload = field(default_factory=lambda: {"status": "Idle"})
    published_checksum: str | None = None
