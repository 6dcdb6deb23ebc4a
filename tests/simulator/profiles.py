"""Charging profiles and the limit they add up to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import itertools

from .car import VOLTAGE, Transaction
from .configuration import Configuration, split
from .link import Payload

_SPANS = {"Daily": timedelta(days=1), "Weekly": timedelta(weeks=1)}
_UNITS = {"A": "Current", "W": "Power"}


def parse(timestamp: str) -> datetime:
    """Return a timestamp as aware datetime; without zone it means UTC."""
    moment = datetime.fromisoformat(timestamp)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """The current per phase, and the phases, that a car may use."""

    amps: float
    phases: int


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile in the charger's memory."""

    connector: int
    profile: Payload
    since: datetime

    @property
    def schedule(self) -> Payload:
        """Return the schedule."""
        schedule: Payload = self.profile["chargingSchedule"]
        return schedule

    def start(self, now: datetime, began: datetime | None) -> datetime:
        """Return when the schedule in force at a moment started."""
        kind = self.profile["chargingProfileKind"]
        if kind == "Relative":
            return began or now
        if "startSchedule" not in self.schedule:
            return began or self.since
        start = parse(self.schedule["startSchedule"])
        if kind == "Recurring" and now > start:
            span = _SPANS[self.profile["recurrencyKind"]]
            start += (now - start) // span * span
        return start

    def period(self, now: datetime, began: datetime | None) -> Payload | None:
        """Return the schedule period in force at a moment, if any is."""
        profile = self.profile
        if "validFrom" in profile and now < parse(profile["validFrom"]):
            return None
        if "validTo" in profile and now >= parse(profile["validTo"]):
            return None
        elapsed = (now - self.start(now, began)).total_seconds()
        if elapsed < 0 or elapsed >= self.schedule.get("duration", float("inf")):
            return None
        periods: list[Payload] = self.schedule["chargingSchedulePeriod"]
        return next(p for p in reversed(periods) if p["startPeriod"] <= elapsed)

    def edges(
        self, now: datetime, end: datetime, began: datetime
    ) -> Iterator[datetime]:
        """Yield the moments at which the limit may change."""
        for key in ("validFrom", "validTo"):
            if key in self.profile:
                yield parse(self.profile[key])
        start = self.start(now, began)
        span = _SPANS.get(self.profile.get("recurrencyKind", ""), end - now)
        while start < end:
            for period in self.schedule["chargingSchedulePeriod"]:
                yield start + timedelta(seconds=period["startPeriod"])
            if "duration" in self.schedule:
                yield start + timedelta(seconds=self.schedule["duration"])
            if self.profile["chargingProfileKind"] != "Recurring":
                return
            start += span


class Profiles:
    """All profiles of the charger."""

    def __init__(self, configuration: Configuration, max_current: float) -> None:
        """Start without any."""
        self._configuration = configuration
        self._max_current = max_current
        self.installed: list[Installed] = []

    def flaw(
        self,
        connector: int,
        profile: Payload,
        transaction: Transaction | None,
        starting: bool = False,
    ) -> str | None:
        """Return why a profile cannot be installed, if so."""
        schedule = profile["chargingSchedule"]
        starts = [p["startPeriod"] for p in schedule["chargingSchedulePeriod"]]
        kind = profile["chargingProfileKind"]
        known = profile.get("transactionId")
        allowed = split(self._text("ChargingScheduleAllowedChargingRateUnit"))
        match profile["chargingProfilePurpose"]:
            case "ChargePointMaxProfile" if connector != 0:
                return "the maximum of the charge point belongs to connector 0"
            case "ChargePointMaxProfile" if kind == "Relative":
                return "nothing that the charge point's maximum is relative to"
            case "TxProfile" if starting and known is not None:
                return "no transaction to name yet"
            case "TxProfile" if not starting and (
                transaction is None or known not in (None, transaction.id)
            ):
                return "no such transaction"
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            return "periods do not start at 0 and ascend"
        if len(starts) > self._number("ChargingScheduleMaxPeriods"):
            return "too many periods"
        if not 0 <= profile["stackLevel"] <= self._number("ChargeProfileMaxStackLevel"):
            return "stack level out of range"
        if _UNITS[schedule["chargingRateUnit"]] not in allowed:
            return "charging rate unit not supported"
        if any(p["limit"] < 0 for p in schedule["chargingSchedulePeriod"]):
            return "negative limit"
        if kind == "Relative" and "startSchedule" in schedule:
            return "a relative schedule has no start"
        if kind == "Recurring" and not (
            "startSchedule" in schedule and "recurrencyKind" in profile
        ):
            return "a recurring schedule needs a start and a recurrency"
        rest = [i for i in self.installed if not _replaces(connector, profile, i)]
        if len(rest) >= self._number("MaxChargingProfilesInstalled"):
            return "too many profiles"
        return None

    def install(self, connector: int, profile: Payload, now: datetime) -> None:
        """Keep a profile, in place of the one it replaces."""
        self.installed = [
            *(i for i in self.installed if not _replaces(connector, profile, i)),
            Installed(connector, profile, now),
        ]

    def clear(self, wanted: Payload) -> bool:
        """Remove what ClearChargingProfile matches; return if it was any."""
        names = {
            "id": "chargingProfileId",
            "chargingProfilePurpose": "chargingProfilePurpose",
            "stackLevel": "stackLevel",
        }

        def matches(entry: Installed) -> bool:
            return wanted.get(
                "connectorId", entry.connector
            ) == entry.connector and all(
                entry.profile[name] == wanted[key]
                for key, name in names.items()
                if key in wanted
            )

        before = len(self.installed)
        self.installed = [i for i in self.installed if not matches(i)]
        return len(self.installed) < before

    def end_transaction(self, connector: int) -> None:
        """Forget the profiles that only last for a transaction."""
        self.installed = [
            i
            for i in self.installed
            if i.connector != connector
            or i.profile["chargingProfilePurpose"] != "TxProfile"
        ]

    def limit(
        self,
        connector: int,
        now: datetime,
        *,
        transaction: Transaction | None = None,
        began: datetime | None = None,
        phases: int = 3,
        sharing: int = 1,
    ) -> Limit:
        """Return the limit of a connector at a moment.

        The charge point's maximum is split evenly if connectors share it.
        """
        if transaction is not None:
            began = transaction.started
        session: list[Installed] = []
        if connector and transaction is not None:
            session = [
                i
                for i in self._stack("TxProfile", connector)
                if i.profile.get("transactionId", transaction.id) == transaction.id
            ]
        default = self._stack("TxDefaultProfile", connector) if connector else []
        maximum = self._stack("ChargePointMaxProfile", 0)
        result = Limit(self._max_current, phases)
        # The default counts only while no profile of the transaction is in force.
        for stack, share in (([*session, *default], 1), (maximum, sharing)):
            active = ((i, i.period(now, began)) for i in stack)
            entry, period = next(
                ((i, p) for i, p in active if p is not None), (None, None)
            )
            if entry is None or period is None:
                continue
            used = min(phases, period.get("numberPhases", 3))
            amps = float(period["limit"]) / share
            if entry.schedule["chargingRateUnit"] == "W":
                amps /= VOLTAGE * used
            result = Limit(min(result.amps, amps), min(result.phases, used))
        return result

    def composite(
        self,
        connector: int,
        now: datetime,
        duration: int,
        unit: str,
        transaction: Transaction | None,
    ) -> Payload:
        """Return the schedule that all profiles together make."""
        began = transaction.started if transaction else now
        end = now + timedelta(seconds=duration)
        edges = itertools.chain.from_iterable(
            i.edges(now, end, began) for i in self.installed
        )
        moments = sorted({now, *(edge for edge in edges if now < edge < end)})
        periods: list[Payload] = []
        for moment in moments:
            limit = self.limit(connector, moment, transaction=transaction, began=began)
            factor = VOLTAGE * limit.phases if unit == "W" else 1
            values = {
                "limit": round(limit.amps * factor, 1),
                "numberPhases": limit.phases,
            }
            if not periods or not values.items() <= periods[-1].items():
                start = int((moment - now).total_seconds())
                periods.append({"startPeriod": start, **values})
        return {
            "duration": duration,
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": periods,
        }

    def _stack(self, purpose: str, connector: int) -> list[Installed]:
        """Return the profiles for a purpose, the strongest first."""
        return sorted(
            (
                i
                for i in self.installed
                if i.profile["chargingProfilePurpose"] == purpose
                and i.connector in (0, connector)
            ),
            key=lambda i: (i.profile["stackLevel"], i.connector),
            reverse=True,
        )

    def _text(self, key: str) -> str:
        entry = self._configuration.get(key)
        return (entry and entry.value) or ""

    def _number(self, key: str) -> int:
        return int(self._text(key) or 0)


def _replaces(connector: int, profile: Payload, entry: Installed) -> bool:
    """Return if a new profile takes the place of an installed one."""
    old = entry.profile
    return old["chargingProfileId"] == profile["chargingProfileId"] or (
        entry.connector == connector
        and old["stackLevel"] == profile["stackLevel"]
        and old["chargingProfilePurpose"] == profile["chargingProfilePurpose"]
    )
