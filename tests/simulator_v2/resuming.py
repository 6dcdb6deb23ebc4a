"""Interruptions after which transactions go on (OCPP 2.1: B13, E17)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .evse import Transaction
    from .station import Station

_PERSISTENCE = "SmartChargingCtrlr.ChargingProfilePersistence.TxProfile"


def running(station: Station) -> list[Transaction]:
    """Return the transactions that run."""
    evses = station.evses.values()
    return [evse.transaction for evse in evses if evse.transaction is not None]


def forget(station: Station) -> None:
    """Lose the profiles of transactions, unless they are kept over a restart."""
    if station.variables.flag(_PERSISTENCE):
        return
    profiles = station.profiles
    profiles.remove(
        [it for it in profiles.installed if "transactionId" in it.profile],
    )


async def restart(station: Station) -> None:
    """Restart as told, and go on with what runs."""
    for transaction in running(station):
        await station.transaction_event(transaction, "Updated", "ResetCommand")
    forget(station)
    station.boot_status = None
    await station.disconnect()
    await come_back(station, "RemoteReset")


def lose_power(station: Station) -> None:
    """Be gone without a word."""
    station.drop()
    station.offline_since = station.clock()
    station.boot_status = None
    forget(station)


async def come_back(station: Station, reason: str = "PowerUp") -> None:
    """Boot, and go on with what ran."""
    await station.disconnect()
    await station.connect()
    await station.power_up(reason)
    for transaction in running(station):
        values = station.samples(
            station.evses[transaction.evse],
            "SampledDataCtrlr.TxUpdatedMeasurands",
            "Sample.Periodic",
        )
        await station.transaction_event(
            transaction, "Updated", "TxResumed", meter_value=values
        )
