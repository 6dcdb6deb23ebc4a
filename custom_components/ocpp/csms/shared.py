"""What the stations of one central system have in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .authority import Authority
from .id_tokens import IdTokens
from .model import Options, Transaction
from .passwords import Hashing
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
    id_tokens: IdTokens = field(default_factory=IdTokens)
    hashing: Hashing = field(default_factory=Hashing)
    # Who signs for stations, where connections can be encrypted at all.
    authority: Authority | None = None
    # The sessions that run at any station; stations do not know each other.
    running: Callable[[], Iterable[Transaction]] = tuple
    # Loaded when the central system opens.
    schemas: dict[Version, Schemas] = field(default_factory=dict)
