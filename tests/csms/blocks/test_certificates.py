"""The certificates that a station of 1.6 holds."""

from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, until
from tests.simulator import Charger

ROOT = "CentralSystemRootCertificate"
MAKER = "ManufacturerRootCertificate"


async def send(
    station: ChargingStation, action: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Send a command as an action does."""
    answer = await station.sending.command(action, payload)
    station.flush()
    return answer.raw


async def install(station: ChargingStation, text: str) -> None:
    """Install a certificate and wait until it is listed."""
    await send(
        station,
        "InstallCertificate",
        {"certificateType": ROOT, "certificate": text},
    )
    await until(station, Part(Topic.CERTIFICATES))


async def test_certificates_are_known_as_the_station_reports_them(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """They are deleted by its own words, and known after a restart."""
    assert station.certificates.held == {}
    await install(station, "first")
    await install(station, "second")
    await send(station, "GetInstalledCertificateIds", {"certificateType": MAKER})
    hashes = [hashes for _, hashes in charger.maintenance.certificates]
    assert station.certificates.held == {ROOT: hashes, MAKER: []}

    await send(station, "DeleteCertificate", {"certificateHashData": hashes[0]})
    sent = await charger.wait_for_call("DeleteCertificate")
    assert sent == {"certificateHashData": hashes[0]}
    assert station.certificates.held == {ROOT: hashes[1:], MAKER: []}
    with pytest.raises(CommandRejected) as error:
        await send(station, "DeleteCertificate", {"certificateHashData": hashes[0]})
    assert error.value.status == "NotFound"
    assert station.certificates.held == {ROOT: hashes[1:], MAKER: []}

    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.certificates.held == station.certificates.held
    await other.close()

    # What it holds is what it lists, whatever was known before.
    charger.maintenance.certificates.clear()
    await send(station, "GetInstalledCertificateIds", {"certificateType": ROOT})
    assert station.certificates.held == {ROOT: [], MAKER: []}


async def test_a_station_that_installs_and_does_not_list(
    station: ChargingStation, charger: Charger
) -> None:
    """Nothing is known of its certificates."""
    charger.answers["GetInstalledCertificateIds"] = {"status": "NotSupported"}
    charger.violations.clear()
    await send(
        station,
        "InstallCertificate",
        {"certificateType": ROOT, "certificate": "text"},
    )
    await charger.wait_for_call("GetInstalledCertificateIds")
    await charger.heartbeat()
    assert station.certificates.held == {}
    assert station.notes["listing certificates: NotSupported"] == 1
