"""When a certificate that was issued here stands in for a password, over real sockets."""

from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import StationSettings
from tests.csms.conftest import IDENTITY, Listen
from tests.csms.papers import Key, client_context, new_key, request
from tests.csms.test_passwords import hashed
from tests.simulator import Charger

PASSWORD, OTHER = "correct horse battery", "a-different-password"


@pytest.fixture
async def central(listen: Listen) -> CentralSystem:
    """Return a central system with both ports."""
    return await listen()


def settings(password: str = "", profile: int = 0) -> StationSettings:
    """Return what is asked of the station."""
    kept = passwords.hash_of(password.encode()) if password else ""
    return StationSettings(password_hash=kept, security_profile=profile)


class Papers:
    """Somebody who poses as the station, or is it, and holds the certificates they got."""

    def __init__(self, central: CentralSystem, folder: Path) -> None:
        """Begin without any."""
        assert central.tls is not None
        self._central, self._folder = central, folder
        self._root = central.tls.authority.root_file
        self.held: tuple[str, Key] | None = None

    def plainly(self, password: str | None = None) -> Charger:
        """Return how they come unencrypted."""
        return Charger(
            f"ws://127.0.0.1:{self._central.port}", IDENTITY, password=password
        )

    def secretly(self, password: str | None = None) -> Charger:
        """Return how they come encrypted, with the certificate that they hold."""
        shown: tuple[Any, ...] = self.held or ()
        return Charger(
            f"wss://localhost:{self._central.tls_port}",
            IDENTITY,
            tls=client_context(self._root, self._folder, *shown),
            password=password,
        )

    async def ask(self, charger: Charger) -> None:
        """Have a certificate signed."""
        key = new_key()
        await charger.call("SignCertificate", {"csr": request(key, IDENTITY)})
        payload = await charger.wait_for_call("CertificateSigned")
        self.held = payload["certificateChain"], key
        await charger.settle()


@pytest.fixture
def papers(central: CentralSystem, tmp_path: Path) -> Papers:
    """Return somebody."""
    return Papers(central, tmp_path)


async def answered(charger: Charger) -> int:
    """Return how somebody is answered; 101 lets in."""
    try:
        async with charger:
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def change(station: ChargingStation, central: CentralSystem, password: str) -> None:
    """Have another password, as people enter one in the settings."""
    station.apply_settings(settings(password))
    central.recheck(station)


async def test_one_from_before_there_was_a_password_does_not(
    central: CentralSystem, papers: Papers
) -> None:
    station = await central.add_station(IDENTITY, settings())
    async with papers.plainly() as charger:
        await papers.ask(charger)
    assert await answered(papers.secretly()) == 101
    change(station, central, PASSWORD)
    assert await answered(papers.plainly()) == 401
    assert await answered(papers.secretly()) == 401
    assert await answered(papers.secretly(PASSWORD)) == 101


async def test_one_for_who_stayed_connected_without_the_password_does_not(
    central: CentralSystem, papers: Papers
) -> None:
    """Asked for after it was set: it is what the connection showed that counts."""
    station = await central.add_station(IDENTITY, settings())
    async with papers.plainly() as charger:
        change(station, central, PASSWORD)
        await papers.ask(charger)
    assert await answered(papers.secretly()) == 401


async def test_one_that_was_asked_for_with_a_guess_does_not(
    central: CentralSystem, papers: Papers
) -> None:
    station = await central.add_station(IDENTITY, settings())
    async with papers.plainly(OTHER) as charger:
        change(station, central, PASSWORD)
        assert await answered(papers.plainly(OTHER)) == 401
        await papers.ask(charger)
    assert await answered(papers.secretly()) == 401


async def test_one_of_who_showed_the_password_does_until_there_is_another(
    central: CentralSystem, papers: Papers
) -> None:
    station = await central.add_station(IDENTITY, settings(PASSWORD))
    async with papers.plainly(PASSWORD) as charger:
        await papers.ask(charger)
    assert await answered(papers.secretly()) == 101
    # Whom a certificate lets in may have another.
    async with papers.secretly() as charger:
        await papers.ask(charger)
    assert await answered(papers.secretly()) == 101
    change(station, central, OTHER)
    assert await answered(papers.secretly()) == 401
    assert await answered(papers.secretly(PASSWORD)) == 401
    # Shown together with the password it stands in for that one, too.
    assert await answered(papers.secretly(OTHER)) == 101
    assert await answered(papers.secretly()) == 101


async def test_one_of_who_is_told_the_next_password_does_and_no_other(
    central: CentralSystem, papers: Papers, tmp_path: Path
) -> None:
    station = await central.add_station(IDENTITY, settings(PASSWORD))
    stranger = Papers(central, tmp_path)
    async with stranger.plainly(PASSWORD) as charger:
        await stranger.ask(charger)
    async with papers.plainly(PASSWORD) as charger:
        await papers.ask(charger)
    async with papers.secretly() as charger:
        await charger.boot()
        charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
        await station.passwords.update(OTHER)
        station.apply_settings(StationSettings(password_hash=await hashed(station)))
    assert await answered(papers.secretly()) == 101
    assert await answered(stranger.secretly()) == 401
    assert await answered(stranger.plainly(PASSWORD)) == 401


async def test_it_does_after_a_restart_unless_the_password_changed_meanwhile(
    central: CentralSystem, papers: Papers
) -> None:
    asked = settings(PASSWORD)
    await central.add_station(IDENTITY, asked)
    async with papers.plainly(PASSWORD) as charger:
        await papers.ask(charger)
    for wanted, status in ((asked, 101), (settings(OTHER), 401), (asked, 401)):
        station = central.stations.pop(IDENTITY.casefold())
        await station.stop()
        await central.add_station(IDENTITY, wanted)
        assert await answered(papers.secretly()) == status
        if status == 401:
            # What was no news is not kept.
            central.stations[IDENTITY.casefold()].remember()


async def test_at_profile_3_it_is_the_certificate_that_counts(
    central: CentralSystem, papers: Papers
) -> None:
    """And whoever came in by it there needs no password where less is asked for again."""
    station = await central.add_station(IDENTITY, settings())
    async with papers.plainly() as charger:
        await papers.ask(charger)
    station.apply_settings(settings(PASSWORD, 3))
    assert await answered(papers.secretly()) == 101
    kept = station.settings.password_hash
    station.apply_settings(StationSettings(password_hash=kept, security_profile=2))
    assert await answered(papers.secretly()) == 101
    change(station, central, OTHER)
    assert await answered(papers.secretly()) == 401
