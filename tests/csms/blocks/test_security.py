"""What a station reports of its own safety, and the certificates it holds."""

from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import (
    Part,
    RegistrationStatus,
    SecurityReported,
    StationSettings,
    Topic,
)
from tests.csms.conftest import IDENTITY, until
from tests.simulator import Charger

ROOT = "CentralSystemRootCertificate"
MAKER = "ManufacturerRootCertificate"


async def test_events(station: ChargingStation, charger: Charger) -> None:
    """The last ones are kept, without their text; they are always answered."""
    told: list[Any] = []
    station.follow(told.append)
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    for number in range(25):
        event = {"type": f"Event{number}", "timestamp": "2026-02-03T04:05:06Z"}
        await charger.call("SecurityEventNotification", event | {"techInfo": "secret"})
    assert [event.type for event in station.security.events] == [
        f"Event{number}" for number in range(5, 25)
    ]
    assert station.security.events[0].at.isoformat() == "2026-02-03T04:05:06+00:00"
    assert "secret" not in repr(station.security.events)
    # Whoever follows the station hears the text once, cut to a sane length.
    assert len(told) == 25
    assert isinstance(told[0], SecurityReported)
    assert (told[0].type, told[0].tech_info) == ("Event0", "secret")
    long = {"type": "x" * 99, "timestamp": "never", "techInfo": "y" * 999}
    await charger.call("SecurityEventNotification", long, validate=False)
    assert (len(told[-1].type), len(told[-1].tech_info)) == (50, 255)


async def test_a_certificate_to_sign(
    station: ChargingStation, charger: Charger
) -> None:
    """There is nobody here who could sign one, and diagnostics say so."""
    answer = await charger.call("SignCertificate", {"csr": "request"})
    assert answer == {"status": "Rejected"}
    assert station.notes["SignCertificate: rejected, nobody here can sign"] == 1


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
    assert station.security.certificates == {}
    await install(station, "first")
    await install(station, "second")
    await send(station, "GetInstalledCertificateIds", {"certificateType": MAKER})
    hashes = [hashes for _, hashes in charger.maintenance.certificates]
    assert station.security.certificates == {ROOT: hashes, MAKER: []}

    await send(station, "DeleteCertificate", {"certificateHashData": hashes[0]})
    sent = await charger.wait_for_call("DeleteCertificate")
    assert sent == {"certificateHashData": hashes[0]}
    assert station.security.certificates == {ROOT: hashes[1:], MAKER: []}
    with pytest.raises(CommandRejected) as error:
        await send(station, "DeleteCertificate", {"certificateHashData": hashes[0]})
    assert error.value.status == "NotFound"
    assert station.security.certificates == {ROOT: hashes[1:], MAKER: []}

    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.security.certificates == station.security.certificates
    await other.close()

    # What it holds is what it lists, whatever was known before.
    charger.maintenance.certificates.clear()
    await send(station, "GetInstalledCertificateIds", {"certificateType": ROOT})
    assert station.security.certificates == {ROOT: [], MAKER: []}


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
    assert station.security.certificates == {}
    assert station.notes["listing certificates: NotSupported"] == 1
