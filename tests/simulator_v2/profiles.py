"""Charging profiles of OCPP 2.x and the limit they add up to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import itertools
from typing import override

from tests.simulator import profiles as basic
from tests.simulator.car import VOLTAGE
from tests.simulator.link import Payload
from tests.simulator.profiles import Limit

from .device_model import DeviceModel
from .evse import Transaction

_SMART = "SmartChargingCtrlr"
_EXTERNAL = "ChargingStationExternalConstraints"
# What 2.1 adds.
_PRIORITY, _GENERATION = "PriorityCharging", "LocalGeneration"
_PHASES = ("limit", "limit_L2", "limit_L3")
_MAXIMUM = "ChargingStationMaxProfile"


@dataclass(frozen=True, slots=True)
class Installed(basic.Installed):
    """A profile in the station's memory; `connector` is the EVSE's id."""

    source: str = "CSO"

    @property
    @override
    def schedule(self) -> Payload:
        schedule: Payload = self.profile["chargingSchedule"][0]
        return schedule

    @override
    def start(self, now: datetime, began: datetime | None) -> datetime:
        if self.profile["chargingProfileKind"] == "Dynamic":
            # It counts from when it was last told anything (K28.FR.13).
            return self.since
        # Not super(): a class with slots is built twice.
        return basic.Installed.start(self, now, began)

    def amps(self, period: Payload, phases: int) -> float | None:
        """Return what a period allows on each phase; None where it sets no limit."""
        limits = [float(period[name]) for name in _PHASES if name in period]
        if not limits:
            return max(0.0, float(period["setpoint"])) if "setpoint" in period else None
        if self.schedule["chargingRateUnit"] == "A":
            return min(limits)
        return min(limits) / VOLTAGE / (phases if len(limits) == 1 else 1)


class Profiles:
    """All profiles of the station."""

    def __init__(self, variables: DeviceModel, max_current: float) -> None:
        """Start with none; the hardware's limit is per phase."""
        self._variables = variables
        self._max_current = max_current
        self.installed: list[Installed] = []
        # The transactions that charge with priority.
        self.prioritized: set[str] = set()

    def flaw(
        self,
        evse: int,
        profile: Payload,
        running: Transaction | None,
        *,
        starting: bool = False,
    ) -> tuple[str, str] | None:
        """Return reason code and cause if the profile is refused."""
        purpose, kind = (
            profile["chargingProfilePurpose"],
            profile["chargingProfileKind"],
        )
        number = self._variables.number
        if not self._variables.flag("SmartChargingCtrlr.Enabled"):
            return "NotEnabled", "smart charging is off"
        if purpose == _EXTERNAL:
            return "InvalidProfile", "external constraints are not the CSMS's"
        if purpose == _MAXIMUM and (evse != 0 or kind == "Relative"):
            return "InvalidProfile", "a maximum is for EVSE 0 and not relative"
        if purpose == "TxProfile":
            if evse == 0:
                return "InvalidProfile", "a TxProfile needs an EVSE"
            if starting and "transactionId" in profile:
                return "InvalidProfile", "the transaction has no id yet"
            if not starting and "transactionId" not in profile:
                return "MissingParam", "a TxProfile needs a transactionId"
            if not starting and (
                running is None or running.id != profile["transactionId"]
            ):
                return "TxNotFound", "no such transaction"
        elif starting:
            return "InvalidProfile", "only a TxProfile can start"
        if profile["stackLevel"] not in range(
            number("SmartChargingCtrlr.ProfileStackLevel") + 1
        ):
            return "InvalidStackLevel", "stack level out of range"
        if kind == "Recurring" and "recurrencyKind" not in profile:
            return "InvalidProfile", "a recurring profile needs a recurrency"
        if flaw := self._flaw_of_novelty(profile):
            return flaw
        for schedule in profile["chargingSchedule"]:
            if flaw := self._flaw_of_schedule(schedule, kind):
                return flaw
        if any(_clashes(evse, profile, other) for other in self.installed):
            return "DuplicateProfile", "same purpose and stack level"
        kept = [i for i in self.installed if i.profile["id"] != profile["id"]]
        room = self._variables["SmartChargingCtrlr.Entries.ChargingProfiles"].maximum
        if room is not None and len(kept) >= room:
            return "OutOfStorage", "too many profiles"
        return None

    def _flaw_of_novelty(self, profile: Payload) -> tuple[str, str] | None:
        """Return reason code and cause if what 2.1 adds is refused."""
        purpose, kind = (
            profile["chargingProfilePurpose"],
            profile["chargingProfileKind"],
        )
        added = self._variables.words(f"{_SMART}.SupportedAdditionalPurposes")
        if purpose in (_PRIORITY, _GENERATION) and purpose not in added:
            return "UnsupportedPurpose", "no such purpose"
        if kind != "Dynamic":
            if not profile.keys().isdisjoint(("dynUpdateInterval", "dynUpdateTime")):
                return "InvalidProfile", "only dynamic profiles are updated"
            return None
        if not self._variables.flag(f"{_SMART}.SupportsFeature.DynamicProfiles"):
            return "UnsupportedKind", "no dynamic profiles"
        periods = [it["chargingSchedulePeriod"] for it in profile["chargingSchedule"]]
        if [len(it) for it in periods] != [1] or periods[0][0]["startPeriod"]:
            return "InvalidSchedule", "a dynamic profile has one period"
        return None

    def _flaw_of_schedule(self, schedule: Payload, kind: str) -> tuple[str, str] | None:
        """Return reason code and cause if a schedule is refused."""
        periods = schedule["chargingSchedulePeriod"]
        starts = [period["startPeriod"] for period in periods]
        if len(periods) > self._variables.number(
            "SmartChargingCtrlr.PeriodsPerSchedule"
        ):
            return "InvalidSchedule", "too many periods"
        if schedule["chargingRateUnit"] not in self._variables.words(
            "SmartChargingCtrlr.RateUnit"
        ):
            return "UnsupportedRateUnit", "charging rate unit not supported"
        if starts[0] != 0 or starts != sorted(set(starts)):
            return "InvalidSchedule", "periods begin at 0 and go up"
        if any("limit" not in p and "operationMode" not in p for p in periods):
            # OCPP 2.1 knows other kinds, for cars that give energy back.
            return "UnsupportedParam", "limits only"
        if any(period.get("limit", 0) < 0 for period in periods):
            return "InvalidSchedule", "negative limit"
        if kind == "Relative" and "startSchedule" in schedule:
            return "InvalidSchedule", "a relative schedule has no start"
        if kind in ("Absolute", "Recurring") and "startSchedule" not in schedule:
            return "InvalidSchedule", "a start is missing"
        if any("phaseToUse" in p and p.get("numberPhases") != 1 for p in periods):
            return "InvalidSchedule", "phaseToUse is for one phase"
        switching = self._variables.flag("SmartChargingCtrlr.ACPhaseSwitchingSupported")
        if any("phaseToUse" in p for p in periods) and not switching:
            return "UnsupportedParam", "no phase switching"
        return None

    def install(
        self, evse: int, profile: Payload, now: datetime, source: str = "CSO"
    ) -> None:
        """Keep a profile, in place of the one with its id."""
        self.installed = [
            *(i for i in self.installed if i.profile["id"] != profile["id"]),
            Installed(evse, profile, now, source),
        ]
        self._count()

    def update(self, number: int, rates: Payload, now: datetime) -> bool:
        """Have a dynamic profile say something else; return if there is one (K28)."""
        for place, entry in enumerate(self.installed):
            profile = entry.profile
            dynamic = profile["chargingProfileKind"] == "Dynamic"
            if profile["id"] == number and dynamic:
                (period,) = entry.schedule["chargingSchedulePeriod"]
                schedule = entry.schedule | {"chargingSchedulePeriod": [period | rates]}
                changed = profile | {"chargingSchedule": [schedule]}
                self.installed[place] = replace(entry, profile=changed, since=now)
                return True
        return False

    def has_priority_for(self, evse: int) -> bool:
        """Return if there is a profile for charging with priority at an EVSE (K21)."""
        return bool(self._stack(_PRIORITY, evse))

    def remove(self, gone: list[Installed]) -> None:
        """Forget profiles."""
        self.installed = [i for i in self.installed if i not in gone]
        self._count()

    def _count(self) -> None:
        entries = self._variables["SmartChargingCtrlr.Entries.ChargingProfiles"]
        entries.value = str(len(self.installed))

    def end_transaction(self, transaction: str) -> None:
        """Forget the profiles that only last for a transaction."""
        self.prioritized.discard(transaction)
        self.remove(
            [i for i in self.installed if i.profile.get("transactionId") == transaction]
        )

    def limit(
        self,
        evse: int,
        now: datetime,
        *,
        transaction: Transaction | None = None,
        began: datetime | None = None,
        phases: int = 3,
        sharing: int = 1,
    ) -> Limit:
        """Return the limit of an EVSE at a moment.

        The station's maximum is split evenly if EVSEs share it.
        """
        if transaction is not None:
            began = transaction.began
        session = [
            i
            for i in self._stack("TxProfile", evse)
            if transaction is not None
            and i.profile.get("transactionId") == transaction.id
        ]
        default = self._stack("TxDefaultProfile", evse) if evse else []
        if transaction is not None and transaction.id in self.prioritized:
            session, default = self._stack(_PRIORITY, evse), []
        result = Limit(self._max_current, phases)
        # The default counts only while no profile of the transaction is in force.
        for stack, share in (
            ([*session, *default], 1),
            (self._stack(_MAXIMUM, 0), sharing),
            (self._stack(_EXTERNAL, evse), 1),
        ):
            active = ((i, i.period(now, began)) for i in stack)
            entry, period = next(
                ((i, p) for i, p in active if p is not None), (None, None)
            )
            if entry is None or period is None:
                continue
            used = min(phases, period.get("numberPhases", 3))
            if (amps := entry.amps(period, used)) is None:
                continue
            result = Limit(min(result.amps, amps / share), min(result.phases, used))
        return result

    def composite(
        self,
        evse: int,
        now: datetime,
        duration: int,
        unit: str,
        transaction: Transaction | None,
    ) -> list[Payload]:
        """Return the periods that all profiles together make."""
        began = transaction.began if transaction else now
        end = now + timedelta(seconds=duration)
        edges = itertools.chain.from_iterable(
            i.edges(now, end, began) for i in self.installed
        )
        moments = sorted({now, *(edge for edge in edges if now < edge < end)})
        periods: list[Payload] = []
        for moment in moments:
            limit = self.limit(evse, moment, transaction=transaction, began=began)
            factor = VOLTAGE * limit.phases if unit == "W" else 1
            values = {
                "limit": round(limit.amps * factor, 1),
                "numberPhases": limit.phases,
            }
            if not periods or not values.items() <= periods[-1].items():
                start = int((moment - now).total_seconds())
                periods.append({"startPeriod": start, **values})
        return periods

    def _stack(self, purpose: str, evse: int) -> list[Installed]:
        """Return the profiles for a purpose, the strongest first."""
        return sorted(
            (
                i
                for i in self.installed
                if i.profile["chargingProfilePurpose"] == purpose
                and i.connector in (0, evse)
            ),
            key=lambda i: (i.profile["stackLevel"], i.connector),
            reverse=True,
        )


def _clashes(evse: int, profile: Payload, entry: Installed) -> bool:
    """Return if a profile stands where another one stands already (K01.FR.06)."""
    old = entry.profile
    return (
        old["id"] != profile["id"]
        and entry.connector == evse
        and old["stackLevel"] == profile["stackLevel"]
        and old["chargingProfilePurpose"] == profile["chargingProfilePurpose"]
        and profile.get("validFrom", "") < old.get("validTo", "9")
        and old.get("validFrom", "") < profile.get("validTo", "9")
    )
