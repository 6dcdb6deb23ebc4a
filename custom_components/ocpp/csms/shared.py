"""What the stations of one central system have in common."""

from dataclasses import dataclass, field

from .model import Options
from .schemas import Schemas
from .store import Store
from .tariff import Tariff
from .versions import Version


@dataclass(kw_only=True)
class Shared:
    """Where stations keep things, and by which rules all of them are treated."""

    store: Store
    options: Options
    tariff: Tariff = field(default_factory=Tariff)
    # Loaded when the central system opens.
    schemas: dict[Version, Schemas] = field(default_factory=dict)
