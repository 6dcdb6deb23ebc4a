"""What 2.1 adds to smart charging: dynamic profiles, and charging with priority."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from .. import make
from .reply import status

if TYPE_CHECKING:
    from ..station import Station


def able(*purposes: str, dynamic: bool = True) -> list[make.Variable]:
    """Return what a station says that has dynamic profiles, and further purposes."""
    smart = "SmartChargingCtrlr"
    features = make.flag(
        smart,
        "SupportsFeature",
        dynamic,
        instance="DynamicProfiles",
        mutability="ReadOnly",
    )
    added = make.choice(
        smart,
        "SupportedAdditionalPurposes",
        ",".join(purposes),
        ("PriorityCharging", "LocalGeneration"),
        mutability="ReadOnly",
    )
    return [features, *([added] if purposes else [])]


class Dynamic:
    """The commands about dynamic profiles, and about priority."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "UpdateDynamicSchedule": self.update_dynamic_schedule,
            "UsePriorityCharging": self.use_priority_charging,
        }

    def update_dynamic_schedule(self, payload: Payload) -> Reply:
        """Let a dynamic profile say something else at once (K28)."""
        station = self._station
        number, rates = payload["chargingProfileId"], payload["scheduleUpdate"]
        if not station.profiles.update(number, rates, station.clock()):
            return status("Rejected", why=("InvalidProfile", "not a dynamic profile"))
        return status("Accepted", station.refresh)

    def use_priority_charging(self, payload: Payload) -> Reply:
        """Let a transaction have priority, or no more (K21)."""
        station, transaction = self._station, payload["transactionId"]
        evse = station.transaction(transaction)
        if evse is None:
            return status("Rejected", why=("TxNotFound", "no such transaction"))
        if payload["activate"] and not station.profiles.has_priority_for(evse.id):
            return status("NoProfile", why=("NotFound", "no profile for it"))

        async def obey() -> None:
            await prioritize(station, transaction, activated=payload["activate"])

        return status("Accepted", obey)


async def prioritize(station: Station, transaction: str, *, activated: bool) -> None:
    """Let a transaction have priority, or no more, and tell about it (K21, K22)."""
    known = station.profiles.prioritized
    if (transaction in known) == activated:
        return
    (known.add if activated else known.discard)(transaction)
    await station.call(
        "NotifyPriorityCharging",
        {"transactionId": transaction, "activated": activated},
    )
    await station.refresh()


async def pull(station: Station, number: int) -> Payload:
    """Ask what a dynamic profile says, obey it, and return the answer (K28.FR.08)."""
    answer = await station.call(
        "PullDynamicScheduleUpdate", {"chargingProfileId": number}
    )
    if answer["status"] == "Accepted":
        update = answer.get("scheduleUpdate", {})
        station.profiles.update(number, update, station.clock())
        await station.refresh()
    return answer
