"""Models of chargers that have to be treated in another way, and which way that is.

Only what can't be found out by talking to a charger is here: what it answers decides before
what it is called. docs/chargers.md is made from this table (`python -m scripts.chargers`).
"""

from dataclasses import dataclass, fields, replace
from functools import lru_cache
import re
from typing import Any

from .model import RateUnit, StationInfo

_ENERGY_POWER_CURRENT = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
)
_ABB_HAS = (*_ENERGY_POWER_CURRENT, "Voltage")
_OFFERED = frozenset({"Current.Offered", "Power.Offered"})


@dataclass(frozen=True, kw_only=True)
class Compatibility:
    """How to treat a charger. What is left at its default is as for any other."""

    # Commands that are never sent unless a person asks for exactly them: the charger does
    # not have them, or does not survive them.
    never_sent: frozenset[str] = frozenset()
    # Messages that TriggerMessage is not to ask for.
    never_triggered: frozenset[str] = frozenset()
    # Samples only come when they are asked for, so they have to be asked for again and again.
    samples_on_request: bool = False
    # What to write to MeterValuesSampledData, in place of what is chosen otherwise.
    measurands: tuple[str, ...] = ()
    # Measurands that are not asked for since they are wrong, or confuse the charger.
    not_sampled: frozenset[str] = frozenset()
    # The least number of seconds between two samples.
    sample_interval: int = 0
    # How charging profiles have to be, where only one way works. Otherwise all are tried.
    rate_unit: RateUnit | None = None
    purposes: tuple[str, ...] = ()
    profile_kind: str = ""
    lowest_stack_level: bool = False
    # Which limits are kept: in ampere, from the lowest one that still charges.
    whole_amperes: bool = False
    lowest_current: float = 0
    steps: tuple[int, ...] = ()
    # Whether a limit changes anything at all, though it may be accepted.
    obeys_limits: bool = True
    # Whether a profile may go along with RemoteStartTransaction.
    start_with_profile: bool = True
    # The only token that remote starts are accepted with.
    id_token: str = ""
    # In seconds: how long answers may take, and how long the answer to StartTransaction has
    # to be held back.
    call_timeout: float = 0
    start_answer_delay: float = 0
    # Whether it comes back by itself after its socket was closed properly.
    redials: bool = True
    # Whether times are told it without fractions of seconds, which others insist on.
    whole_seconds: bool = False

    def refined_by(self, other: Compatibility) -> Compatibility:
        """Return this with all that the other one says differently from the default."""
        said: dict[str, Any] = {
            field.name: value
            for field in fields(other)
            if (value := getattr(other, field.name)) != field.default
        }
        return replace(self, **said)


@dataclass(frozen=True, kw_only=True)
class Model:
    """Chargers that are treated alike.

    The patterns are searched for in what the charger says of itself, whatever the case; an
    empty one fits everything. `seen` is whether its words are known from a real boot: else
    they are supposed from the brand's name. `why` and `sources` are the evidence.
    """

    name: str
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    seen: bool = False
    compatibility: Compatibility
    why: str
    sources: tuple[str, ...]

    def fits(self, info: StationInfo) -> bool:
        """Return whether a charger is of this model."""
        return all(
            re.search(pattern, text, re.IGNORECASE) is not None
            for pattern, text in (
                (self.vendor, info.vendor),
                (self.model, info.model),
                (self.firmware, info.firmware),
            )
        )


# From the general to the special: what comes later refines what came before.
MODELS = (
    Model(
        name="ABB Terra AC",
        vendor="^ABB",
        model="^CDT_TAC|Terra AC",
        seen=True,
        compatibility=Compatibility(
            lowest_stack_level=True, call_timeout=60, measurands=_ABB_HAS
        ),
        why="Refuses profiles above stack level 0 though it reports 3 as its highest, and "
        "leaves its first commands unanswered for about half a minute. Takes measurands "
        "that it does not have, and with firmware up to 1.8.21 restarts each time it is to "
        "read them out.",
        sources=(
            "evcc-io/evcc#15493",
            "evcc-io/evcc#21645",
            "lbbrhzn/ocpp#1275",
            "lbbrhzn/ocpp#1292",
            "lbbrhzn/ocpp#1737",
        ),
    ),
    Model(
        name="Alfen",
        vendor="^Alfen",
        seen=True,
        compatibility=Compatibility(
            measurands=(
                "Energy.Active.Import.Register",
                "Power.Active.Import",
                *(f"Current.Import.L{phase}" for phase in (1, 2, 3)),
                *(f"Voltage.L{phase}-N" for phase in (1, 2, 3)),
            )
        ),
        why="Wants measurands with their phase, and nine of them at most.",
        sources=("lbbrhzn/ocpp#19", "lbbrhzn/ocpp#337"),
    ),
    Model(
        name="Anker SOLIX V1",
        vendor="Anker",
        compatibility=Compatibility(
            never_sent=frozenset({"ChangeAvailability"}),
            profile_kind="Relative",
            measurands=_ENERGY_POWER_CURRENT,
        ),
        why="ChangeAvailability makes it fall silent or restart.",
        sources=("evcc-io/evcc@aa2160078",),
    ),
    Model(
        name="Charge Amps Halo",
        vendor="Charge ?Amps",
        compatibility=Compatibility(
            never_sent=frozenset({"UnlockConnector"}),
            purposes=("TxProfile", "TxDefaultProfile"),
        ),
        why="Has no limit for the station as a whole and can't unlock.",
        sources=("lbbrhzn/ocpp#878",),
    ),
    Model(
        name="Easee",
        vendor="Easee",
        compatibility=Compatibility(
            measurands=_ENERGY_POWER_CURRENT, sample_interval=30
        ),
        why="Known to work with three measurands every half minute.",
        sources=("evcc-io/evcc#29868",),
    ),
    Model(
        name="EN+",
        vendor=r"^EN\+|^EN ?Plus",
        compatibility=Compatibility(
            never_sent=frozenset({"ChangeAvailability"}),
            profile_kind="Relative",
            not_sampled=_OFFERED | {"SoC"},
        ),
        why="Firmware 1.1.805 hangs on ChangeAvailability, drops the connection and restarts "
        "again and again.",
        sources=("evcc-io/evcc#30113",),
    ),
    Model(
        name="EVBox Elvi",
        vendor="EV-?Box",
        model="Elvi|EVB-P",
        compatibility=Compatibility(not_sampled=_OFFERED | {"SoC"}),
        why="What it reports as offered is not what it offers.",
        sources=("evcc-io/evcc#29809",),
    ),
    Model(
        name="FoxESS A7300",
        vendor="Fox ?ESS",
        model="^A(7300|007K)",
        compatibility=Compatibility(obeys_limits=False),
        why="Sessions and values are fine, limits are ignored.",
        sources=("lbbrhzn/ocpp#1734",),
    ),
    Model(
        name="Free2move eProWallbox",
        vendor="Free2move",
        compatibility=Compatibility(start_answer_delay=1.5),
        why="Drops the connection when StartTransaction is answered within a second.",
        sources=("lbbrhzn/ocpp#2080",),
    ),
    Model(
        name="go-eCharger",
        vendor="^go-e$",
        seen=True,
        compatibility=Compatibility(
            never_sent=frozenset(
                {
                    "ChangeAvailability",
                    "ReserveNow",
                    "CancelReservation",
                    "SendLocalList",
                    "GetLocalListVersion",
                }
            ),
            rate_unit=RateUnit.AMPERE,
            whole_amperes=True,
        ),
        why="Can't be taken out of use, has no reservations and no local list, and takes "
        "limits in whole ampere only.",
        sources=(
            "goecharger/go-eCharger-API-v2#126",
            "goecharger/go-eCharger-API-v2#154",
            "goecharger/go-eCharger-API-v2#190",
        ),
    ),
    Model(
        name="Grizzl-E Mini Connect",
        vendor="Grizzl|United Chargers",
        model="Mini",
        compatibility=Compatibility(
            lowest_stack_level=True,
            whole_amperes=True,
            lowest_current=7,
            id_token="uc_default_auth",
        ),
        why="Ignores limits below 7 A and starts with one token only.",
        sources=("evcc-io/evcc#32502",),
    ),
    Model(
        name="Huawei SCharger",
        # It does not name its vendor.
        vendor="^$|Huawei",
        model="^ACChargePoint$|SCharger",
        seen=True,
        compatibility=Compatibility(rate_unit=RateUnit.WATT),
        why="Takes limits in watts only.",
        sources=("evcc-io/evcc#32170", "lbbrhzn/ocpp#2084"),
    ),
    Model(
        name="JIGU WeGood",
        vendor="JIGU|WeGood",
        compatibility=Compatibility(redials=False),
        why="Stays away after its connection was closed properly.",
        sources=("lbbrhzn/ocpp#1975",),
    ),
    Model(
        name="Mennekes Amtron",
        vendor="Mennekes",
        compatibility=Compatibility(sample_interval=60),
        why="One lost its connection after days of being asked for values every ten seconds; "
        "the cause is not proven.",
        sources=("evcc-io/evcc#30655", "evcc-io/evcc#32236"),
    ),
    Model(
        name="NEcharge Pro",
        model="NEcharge",
        compatibility=Compatibility(steps=(6, 8, 10, 13, 16)),
        why="Rounds every other limit down to one of these.",
        sources=("evcc-io/evcc templates/definition/charger",),
    ),
    Model(
        name="StarCharge and MG",
        vendor="Star ?Charge|^MG$",
        compatibility=Compatibility(never_sent=frozenset({"GetConfiguration"})),
        why="Falls silent when asked for its configuration.",
        sources=("lbbrhzn/ocpp#2151",),
    ),
    Model(
        name="SyncEV",
        vendor="Sync ?EV",
        compatibility=Compatibility(samples_on_request=True),
        why="Sends values only when it is asked for them.",
        sources=("lbbrhzn/ocpp docs/supported-devices.md",),
    ),
    Model(
        name="Teison",
        vendor="^TEISON",
        seen=True,
        compatibility=Compatibility(redials=False),
        why="Does not reconnect by itself.",
        sources=("lbbrhzn/ocpp docs/supported-devices.md",),
    ),
    Model(
        name="Timxon",
        vendor="Timxon",
        compatibility=Compatibility(purposes=("TxDefaultProfile",)),
        why="Takes limits for sessions to come, and no others.",
        sources=("lbbrhzn/ocpp#2158",),
    ),
    Model(
        name="Wallbox",
        vendor="^Wall ?box",
        seen=True,
        compatibility=Compatibility(start_with_profile=False),
        why="Answers a start that brings a limit along with an error.",
        sources=("evcc-io/evcc#14040", "evcc-io/evcc#6882"),
    ),
    Model(
        name="Wallbox, firmware 5",
        vendor="^Wall ?box",
        firmware=r"^5\.",
        seen=True,
        compatibility=Compatibility(lowest_stack_level=True, not_sampled=_OFFERED),
        why="Refuses stack levels above 0, and what it reports as offered is wrong.",
        sources=("evcc-io/evcc#15616", "evcc-io/evcc#26186", "lbbrhzn/ocpp#1742"),
    ),
    Model(
        name="Wallbox, firmware 6",
        vendor="^Wall ?box",
        firmware=r"^6\.",
        seen=True,
        compatibility=Compatibility(profile_kind="Relative"),
        why="Refuses absolute profiles.",
        sources=("evcc-io/evcc#15864", "evcc-io/evcc#25042"),
    ),
    Model(
        name="Zaptec Go 2",
        vendor="Zaptec",
        model="Go ?2",
        compatibility=Compatibility(obeys_limits=False),
        why="Has no limits over OCPP.",
        sources=("evcc-io/evcc#27499",),
    ),
)


@lru_cache(maxsize=256)
def known(info: StationInfo) -> Compatibility:
    """Return how to treat a charger, as far as what it says of itself tells."""
    treated = Compatibility()
    for model in MODELS:
        if model.fits(info):
            treated = treated.refined_by(model.compatibility)
    return treated
