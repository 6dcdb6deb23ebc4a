"""The functional blocks of a station: the rooms that all its messages live in."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .blocks.authorization import Authorization
from .blocks.availability import Availability
from .blocks.battery_swap import BatterySwap
from .blocks.block import ANSWERS, Answers, Block, Stage
from .blocks.certificates import Certificates
from .blocks.chain_status import ChainStatus
from .blocks.data_transfer import DataTransfer
from .blocks.der_control import DerControl
from .blocks.device_model import DeviceModel, Inventory
from .blocks.diagnostics import Diagnostics
from .blocks.display_message import DisplayMessages
from .blocks.firmware import Firmware
from .blocks.local_list import LocalList
from .blocks.metering import Metering
from .blocks.monitoring import Monitoring
from .blocks.monitoring.streams import EventStreams
from .blocks.passwords import Passwords
from .blocks.payment import Payment
from .blocks.provisioning import Provisioning
from .blocks.provisioning.restarts import Restarts
from .blocks.remote_control import RemoteControl
from .blocks.renewal import Renewal
from .blocks.reservation import Reservations
from .blocks.security import Security
from .blocks.security_profile import SecurityProfiles
from .blocks.smart_charging import SmartCharging
from .blocks.tariff_cost import TariffCost, Tariffs
from .blocks.transactions import Transactions
from .blocks.transactions.limits import TransactionLimits
from .blocks.v2x import V2x
from .versions import Version

if TYPE_CHECKING:
    from .charging_station import ChargingStation


class Method(NamedTuple):
    """A method of the block of that name, to be called with it: the same for all stations."""

    block: str
    function: Callable[..., Any]


class Message(NamedTuple):
    """A message that stations may send, and what answers it."""

    answers: Answers
    method: Method


class FunctionalBlocks:
    """What a station is made of; each block is known by its name."""

    # Looked up once for all stations, since all have the same blocks.
    _answering: ClassVar[dict[Version, dict[str, Message]]] = {}
    _hearing: ClassVar[dict[tuple[Stage, Version], dict[str, list[Method]]]] = {}

    def build_blocks(self, station: ChargingStation) -> None:
        """Build the blocks of a station, of which this is a part."""
        self.device_model = DeviceModel(station)
        self.inventory = Inventory(station)
        self.monitoring = Monitoring(station)
        self.event_streams = EventStreams(station)
        self.der_control = DerControl(station)
        self.battery_swap = BatterySwap(station)
        self.security = Security(station)
        self.renewal = Renewal(station)
        self.security_profile = SecurityProfiles(station)
        self.passwords = Passwords(station)
        self.provisioning = Provisioning(station)
        self.authorization = Authorization(station)
        self.remote_control = RemoteControl(station)
        self.availability = Availability(station)
        self.transactions = Transactions(station)
        self.metering = Metering(station)
        self.smart_charging = SmartCharging(station)
        self.v2x = V2x(station)
        self.local_list = LocalList(station)
        self.reservation = Reservations(station)
        self.firmware = Firmware(station)
        self.diagnostics = Diagnostics(station)
        self.certificates = Certificates(station)
        self.chain_status = ChainStatus(station)
        self.restarts = Restarts(station)
        self.display_message = DisplayMessages(station)
        self.data_transfer = DataTransfer(station)
        self.tariff_cost = TariffCost(station)
        self.tariffs = Tariffs(station)
        self.payment = Payment(station)
        self.transaction_limits = TransactionLimits(station)
        # Also the order in which a station is prepared: what the next need to know, limits
        # since they protect fuses, then the configuration, then what depends on it.
        self.blocks: dict[str, Block] = {
            "device_model": self.device_model,
            "smart_charging": self.smart_charging,
            "provisioning": self.provisioning,
            "availability": self.availability,
            "metering": self.metering,
            "security": self.security,
            "renewal": self.renewal,
            "security_profile": self.security_profile,
            "passwords": self.passwords,
            "authorization": self.authorization,
            "remote_control": self.remote_control,
            "transactions": self.transactions,
            "v2x": self.v2x,
            "local_list": self.local_list,
            "reservation": self.reservation,
            "firmware": self.firmware,
            "diagnostics": self.diagnostics,
            "certificates": self.certificates,
            "chain_status": self.chain_status,
            "restarts": self.restarts,
            "data_transfer": self.data_transfer,
            "tariff_cost": self.tariff_cost,
            "tariffs": self.tariffs,
            "payment": self.payment,
            "transaction_limits": self.transaction_limits,
            "inventory": self.inventory,
            "monitoring": self.monitoring,
            "event_streams": self.event_streams,
            "der_control": self.der_control,
            "battery_swap": self.battery_swap,
            "display_message": self.display_message,
        }

    def answering(self, version: Version) -> Mapping[str, Message]:
        """Return the messages of a version that are answered, by action."""
        if (table := self._answering.get(version)) is None:
            table = self._answering[version] = {
                mark.action: Message(mark, method)
                for method, mark in self._marked(ANSWERS)
                if mark.version is version
            }
        return table

    def hearing(self, stage: Stage, version: Version) -> Mapping[str, list[Method]]:
        """Return what hears of commands of a version at one stage, by action."""
        if (table := self._hearing.get((stage, version))) is None:
            table = self._hearing[stage, version] = {}
            for method, (action, marked) in self._marked(stage):
                if marked is version:
                    table.setdefault(action, []).append(method)
        return table

    def _marked(self, mark: str) -> Iterator[tuple[Method, Any]]:
        """Yield the methods that have a mark, with each thing it says of them."""
        for block, it in self.blocks.items():
            for name in dir(type(it)):
                function = getattr(type(it), name)
                for said in getattr(function, mark, ()):
                    yield Method(block, function), said
