"""A station whose certificate is over comes in to be given a new one (A00.FR.429)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.authority import Authority, making
from custom_components.ocpp.csms.blocks import renewal as module
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import OnlyRenews
from custom_components.ocpp.csms.model import (
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
    utcnow,
)
from tests.csms.conftest import IDENTITY, PATIENCE, Listen, prepared, until
from tests.csms.papers import new_key, request
from tests.simulator import Charger
from tests.simulator.link import CallError
from tests.simulator.secure import SecureCharger
from tests.simulator_v2.secure import SecureStation

type Peer = SecureCharger | SecureStation
type Make = Callable[..., Awaitable[Peer]]

STRICT = StationSettings(security_profile=3)
RENEWS = StationSettings(security_profile=3, renew_expired=True)
STAYS_AWAY = StationSettings(
    security_profile=3, renew_expired=True, compatibility={"redials": False}
)
CONNECTED = Part(Topic.CONNECTION)

every_version = pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])


@pytest.fixture
async def central(listen: Listen) -> CentralSystem:
    """Return a central system with both ports."""
    return await listen()


@pytest.fixture
def authority(central: CentralSystem) -> Authority:
    """Return the authority of the central system."""
    assert central.tls is not None
    return central.tls.authority


@pytest.fixture
async def station(central: CentralSystem) -> ChargingStation:
    """Return a station that may renew a certificate that is over."""
    return await central.add_station(IDENTITY, RENEWS)


@pytest.fixture
async def make(central: CentralSystem, authority: Authority) -> AsyncGenerator[Make]:
    """Return what makes a station with a certificate; one of yesterday, unless told."""
    async with AsyncExitStack() as stack:

        async def make(
            version: str = "ocpp2.0.1",
            *,
            holds: timedelta = timedelta(hours=-1),
            owner: str = IDENTITY,
            names: tuple[str, ...] = (IDENTITY,),
            **options: Any,
        ) -> Peer:
            url = f"wss://localhost:{central.tls_port}"
            peer: Peer
            if version == "ocpp1.6":
                peer = SecureCharger(url, IDENTITY, secure_url=url, **options)
            else:
                peer = SecureStation(url, IDENTITY, version=version, **options)
                peer.state.network_profiles[1]["securityProfile"] = 3
            root = authority.root.public_bytes(Encoding.PEM).decode()
            peer.trust.install(root)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(making, "STATION_HOLDS", holds)
                peer.trust.take(
                    authority.sign(
                        peer.trust.ask(IDENTITY), station=owner, names=list(names)
                    )
                )
            come_again(central, peer)
            stack.push_async_callback(peer.disconnect)
            return peer

        yield make


def come_again(central: CentralSystem, peer: Peer) -> None:
    """Have a station show the newest certificate that it has when it connects next."""
    peer.trust.use(3, f"wss://localhost:{central.tls_port}")


async def turned_away(peer: Peer) -> None:
    """Have somebody come in vain."""
    with pytest.raises((InvalidStatus, ConnectionError)):
        await peer.connect()
    assert not peer.connected


async def renewed(station: ChargingStation, peer: Peer) -> None:
    """Wait until a station got a certificate and was sent away with it."""
    await peer.wait_for_call("CertificateSigned")
    await sent_away(station, peer)


def papers(peer: Peer) -> tuple[Any, str]:
    """Return the key and the certificate that a station shows."""
    return peer.trust._key, peer.trust._chain


def has(peer: Peer, kept: tuple[Any, str]) -> None:
    """Have a station show a key and a certificate of before."""
    peer.trust._key, peer.trust._chain = kept


async def sent_away(station: ChargingStation, peer: Peer) -> None:
    """Wait until a station was disconnected."""
    await until(station, CONNECTED, lambda: not station.connected)
    await peer.disconnect()


async def noted(station: ChargingStation, note: str) -> None:
    """Wait until something was noted, of which nobody is told."""
    async with asyncio.timeout(PATIENCE):
        while note not in station.notes:
            await asyncio.sleep(0.01)


class TestRenewing:
    """It is kept waiting, gets a certificate, and comes back with that."""

    @every_version
    async def test_it_is_asked_at_once_and_comes_back_as_before(
        self, central: CentralSystem, station: ChargingStation, make: Make, version: str
    ) -> None:
        peer = await make(version)
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"
        await renewed(station, peer)
        assert station.provisioning.info is None
        assert peer.violations == []
        come_again(central, peer)
        await peer.connect()
        assert (await peer.boot())["status"] == "Accepted"
        assert station.registration is RegistrationStatus.ACCEPTED
        assert station.provisioning.info is not None
        arrival, mine = station.security.arrival, station.security.certificate
        assert arrival is not None
        assert arrival.certificate is not None
        assert arrival.certificate.valid
        assert mine is not None
        assert mine.expires > utcnow() + timedelta(days=700)
        await prepared(station)
        assert not central.refused

    @every_version
    async def test_one_that_does_not_boot_is_asked_as_well(
        self, central: CentralSystem, station: ChargingStation, make: Make, version: str
    ) -> None:
        peer = await make(version)
        await peer.connect()
        await renewed(station, peer)
        come_again(central, peer)
        await peer.connect()
        assert (await peer.boot())["status"] == "Accepted"

    async def test_one_that_can_not_be_asked_may_ask_by_itself(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        peer = await make("ocpp1.6")
        peer.answers["ExtendedTriggerMessage"] = {"status": "NotImplemented"}
        await peer.connect()
        await peer.boot()
        await noted(station, "renewing the certificate: CommandRejected")
        await peer.call("SignCertificate", {"csr": peer.trust.ask(IDENTITY)})
        await renewed(station, peer)
        come_again(central, peer)
        await peer.connect()
        assert (await peer.boot())["status"] == "Accepted"

    async def test_one_that_loses_the_new_one_may_come_again_with_the_old(
        self, station: ChargingStation, make: Make
    ) -> None:
        peer = await make()
        old = papers(peer)
        for _ in range(2):
            has(peer, old)
            await peer.connect()
            assert (await peer.boot())["status"] == "Pending"
            await renewed(station, peer)

    async def test_one_that_does_not_take_it_goes_and_comes_again(
        self, station: ChargingStation, make: Make
    ) -> None:
        peer = await make()
        old = papers(peer)
        peer.answers["CertificateSigned"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        await sent_away(station, peer)
        assert station.security.certificate is None
        has(peer, old)
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"
        await sent_away(station, peer)

    async def test_its_own_is_known_however_often_it_fails(
        self, authority: Authority, station: ChargingStation, make: Make
    ) -> None:
        """Of the certificates of one station only some are kept."""
        peer = await make()
        old = papers(peer)
        peer.answers["CertificateSigned"] = {"status": "Rejected"}
        for _ in range(12):
            has(peer, old)
            await peer.connect()
            await peer.boot()
            await sent_away(station, peer)
        has(peer, old)
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"
        await sent_away(station, peer)

    async def test_one_that_stays_away_once_disconnected_is_restarted(
        self, central: CentralSystem, make: Make
    ) -> None:
        await central.add_station(IDENTITY, STAYS_AWAY)
        peer = await make(reboots=False)
        await peer.connect()
        await peer.boot()
        await peer.wait_for_call("CertificateSigned")
        await peer.wait_for_call("Reset")

    async def test_with_what_it_came_last_is_known_after_a_restart(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        old = await make()
        new = await make(holds=timedelta(days=90))
        await new.connect()
        await new.boot()
        await new.disconnect()
        await station.save()
        again = ChargingStation(IDENTITY, settings=RENEWS, shared=central.shared)
        await again.load()
        central.stations[IDENTITY.casefold()] = again
        await station.stop()
        await turned_away(old)
        await new.connect()
        assert (await new.boot())["status"] == "Accepted"


class TestNothingElse:
    """Whoever has the old key can do nothing with it but that."""

    async def test_a_transaction_of_1_6_is_refused_and_not_kept(
        self, station: ChargingStation, make: Make
    ) -> None:
        peer = await make("ocpp1.6")
        peer.answers["ExtendedTriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        start = {
            "connectorId": 1,
            "idTag": "CARD1",
            "meterStart": 0,
            "timestamp": "2026-05-04T10:00:00Z",
        }
        at = start["timestamp"]
        sample = [{"timestamp": at, "sampledValue": [{"value": "7"}]}]
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
        for action, payload in (
            ("StartTransaction", start),
            ("MeterValues", {"connectorId": 1, "meterValue": sample}),
            ("StatusNotification", status),
            ("Authorize", {"idTag": "CARD1"}),
            ("SecurityEventNotification", {"type": "X", "timestamp": at}),
            ("Heartbeat", {}),
        ):
            with pytest.raises(CallError) as refused:
                await peer.call(action, payload)
            assert refused.value.code == "SecurityError", action
        assert station.transactions.session(1) is None
        assert not station.security.events
        assert station.connected

    @pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
    async def test_a_transaction_of_2_x_is_refused_and_not_kept(
        self, station: ChargingStation, make: Make, version: str
    ) -> None:
        peer = await make(version)
        peer.answers["TriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        event = {
            "eventType": "Started",
            "timestamp": "2026-05-04T10:00:00Z",
            "triggerReason": "CablePluggedIn",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "T1"},
            "evse": {"id": 1},
        }
        with pytest.raises(CallError) as refused:
            await peer.call("TransactionEvent", event)
        assert refused.value.code == "SecurityError"
        assert station.transactions.session(1) is None

    async def test_only_what_a_certificate_takes_is_sent(
        self, station: ChargingStation, make: Make
    ) -> None:
        peer = await make()
        peer.answers["TriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        await noted(station, "renewing the certificate: CommandRejected")
        with pytest.raises(OnlyRenews):
            await station.remote_control.start(1)
        with pytest.raises(OnlyRenews):
            await station.remote_control.trigger("MeterValues")
        for action, payload in (
            ("Reset", {"type": "OnIdle"}),
            ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
            ("UnlockConnector", {"evseId": 1, "connectorId": 1}),
        ):
            with pytest.raises(OnlyRenews):
                await station.sending.command(action, payload)
        sent = {frame[2] for frame in peer.received if frame[0] == 2}
        assert sent == {"TriggerMessage"}

    async def test_who_it_says_it_is_does_not_count(
        self, station: ChargingStation, make: Make
    ) -> None:
        station.apply_settings(RENEWS)
        peer = await make()
        peer.answers["TriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        assert station.provisioning.info is None

    async def test_it_gets_one_certificate_at_a_time(
        self, station: ChargingStation, make: Make
    ) -> None:
        peer = await make()
        may_answer = asyncio.Event()

        async def later(_: Any) -> dict[str, str]:
            await may_answer.wait()
            return {"status": "Accepted"}

        peer.answers["CertificateSigned"] = later
        await peer.connect()
        await peer.boot()
        await peer.until(
            lambda: any(it[2:3] == ["CertificateSigned"] for it in peer.received)
        )
        answer = await peer.call("SignCertificate", {"csr": request(new_key())})
        assert answer["status"] == "Rejected"
        may_answer.set()
        await until(station, CONNECTED, lambda: not station.connected)

    @every_version
    async def test_one_that_never_asks_does_not_stay(
        self,
        monkeypatch: pytest.MonkeyPatch,
        station: ChargingStation,
        make: Make,
        version: str,
    ) -> None:
        monkeypatch.setattr(module, "STAYS", 0.3)
        peer = await make(version)
        for trigger in ("TriggerMessage", "ExtendedTriggerMessage"):
            # It says yes, and does not do it.
            peer.answers[trigger] = {"status": "Accepted"}
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"
        await until(station, CONNECTED, lambda: not station.connected)
        assert "certificate: over, and there was no request in time" in station.notes
        await peer.disconnect()
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"

    async def test_booting_again_and_again_does_not_make_it_longer(
        self, monkeypatch: pytest.MonkeyPatch, station: ChargingStation, make: Make
    ) -> None:
        monkeypatch.setattr(module, "STAYS", 0.3)
        peer = await make()
        peer.answers["TriggerMessage"] = {"status": "Accepted"}
        await peer.connect()
        async with asyncio.timeout(PATIENCE):
            while station.connected:
                try:
                    assert (await peer.boot())["status"] == "Pending"
                except ConnectionError:
                    break
        await until(station, CONNECTED, lambda: not station.connected)
        asked = [it for it in peer.received if it[2:3] == ["TriggerMessage"]]
        assert len(asked) == 1

    @every_version
    async def test_booting_faster_than_it_is_asked_does_not_either(
        self,
        monkeypatch: pytest.MonkeyPatch,
        central: CentralSystem,
        station: ChargingStation,
        make: Make,
        version: str,
    ) -> None:
        """Each boot gives it some quiet before it is asked."""
        monkeypatch.setattr(module, "STAYS", 0.5)
        central.shared.options = replace(central.shared.options, settle=PATIENCE)
        peer = await make(version)
        await peer.connect()
        async with asyncio.timeout(PATIENCE):
            while station.connected:
                try:
                    await peer.boot()
                except ConnectionError:
                    break
        await until(station, CONNECTED, lambda: not station.connected)
        sent = [it[2] for it in peer.received if it[0] == 2]
        assert sent == []

    async def test_one_that_stays_away_once_disconnected_does_not_stay(
        self, monkeypatch: pytest.MonkeyPatch, central: CentralSystem, make: Make
    ) -> None:
        """Nor does one that is not restarted by the command that should do it."""
        monkeypatch.setattr(module, "STAYS", 0.5)
        station = await central.add_station(IDENTITY, STAYS_AWAY)
        peer = await make(reboots=False)
        old = papers(peer)
        peer.answers["CertificateSigned"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        await sent_away(station, peer)
        has(peer, old)
        peer.answers["TriggerMessage"] = {"status": "Accepted"}
        await peer.connect()
        await peer.boot()
        await sent_away(station, peer)
        del peer.answers["TriggerMessage"], peer.answers["CertificateSigned"]
        has(peer, old)
        await peer.connect()
        await peer.boot()
        await peer.wait_for_call("Reset")
        await sent_away(station, peer)

    async def test_one_that_went_by_itself_was_not_too_slow(
        self, monkeypatch: pytest.MonkeyPatch, station: ChargingStation, make: Make
    ) -> None:
        monkeypatch.setattr(module, "STAYS", 0.5)
        peer = await make()
        peer.answers["TriggerMessage"] = {"status": "Accepted"}
        await peer.connect()
        await peer.boot()
        await peer.disconnect()
        await until(station, CONNECTED, lambda: not station.connected)
        deadline = station.renewal._deadline
        assert deadline is not None
        await asyncio.wait_for(deadline, PATIENCE)
        late = "certificate: over, and there was no request in time"
        assert late not in station.notes


class TestWhoMayNot:
    """Everybody else is turned away as ever."""

    async def refused(self, central: CentralSystem, peer: Peer, why: Refusal) -> None:
        """Have somebody turned away for a reason."""
        await turned_away(peer)
        assert central.refused == {why: 1}

    async def test_where_nobody_wants_that(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        station.apply_settings(STRICT)
        await self.refused(central, await make(), Refusal.INVALID_CERTIFICATE)

    async def test_a_station_that_people_turn_away(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        station.apply_settings(
            StationSettings(
                security_profile=3,
                renew_expired=True,
                registration=RegistrationStatus.REJECTED,
            )
        )
        await self.refused(central, await make(), Refusal.INVALID_CERTIFICATE)

    async def test_with_a_certificate_that_was_issued_to_another(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        """Also where the other said that it has the same name."""
        peer = await make(owner="CP2")
        await self.refused(central, peer, Refusal.OTHER_STATION)

    async def test_with_one_that_names_another(
        self, central: CentralSystem, make: Make
    ) -> None:
        station = await central.add_station(IDENTITY, StationSettings())
        peer = await make(names=("SN-9",))
        async with Charger(f"ws://127.0.0.1:{central.port}", IDENTITY) as plain:
            await plain.boot()
        station.apply_settings(RENEWS)
        await self.refused(central, peer, Refusal.OTHER_STATION)

    async def test_with_one_that_was_taken_back(
        self,
        central: CentralSystem,
        authority: Authority,
        station: ChargingStation,
        make: Make,
    ) -> None:
        peer = await make()
        await asyncio.to_thread(authority.revoke, IDENTITY)
        await self.refused(central, peer, Refusal.INVALID_CERTIFICATE)

    async def test_with_one_that_nobody_issued_as_far_as_is_known(
        self,
        central: CentralSystem,
        authority: Authority,
        station: ChargingStation,
        make: Make,
    ) -> None:
        peer = await make()
        (authority.folder / "issued.json").unlink()
        authority._register.read()
        await self.refused(central, peer, Refusal.INVALID_CERTIFICATE)

    async def test_with_an_older_one_than_the_station_has_come_with_since(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        """And the station itself notices nothing of that."""
        old = await make()
        new = await make(holds=timedelta(days=90))
        await new.connect()
        assert (await new.boot())["status"] == "Accepted"
        await self.refused(central, old, Refusal.INVALID_CERTIFICATE)
        assert new.connected
        assert (await new.boot())["status"] == "Accepted"

    async def test_also_where_it_came_with_that_before_it_had_to(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        station.apply_settings(StationSettings(security_profile=2))
        old = await make()
        new = await make(holds=timedelta(days=90))
        await new.connect()
        await new.disconnect()
        station.apply_settings(RENEWS)
        await self.refused(central, old, Refusal.INVALID_CERTIFICATE)

    async def test_one_of_another_that_was_shown_here_changes_nothing(
        self, station: ChargingStation, make: Make
    ) -> None:
        station.apply_settings(StationSettings(security_profile=2))
        other = await make(holds=timedelta(days=900), owner="CP2")
        await other.connect()
        await other.disconnect()
        station.apply_settings(RENEWS)
        peer = await make()
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"
        await renewed(station, peer)

    async def test_where_it_boots_as_another(
        self, station: ChargingStation, make: Make
    ) -> None:
        """One that never booted is looked at when it does."""
        peer = await make(names=("SN-1",))
        peer.answers["TriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        assert (await peer.boot())["status"] == "Rejected"
        await until(station, CONNECTED, lambda: not station.connected)

    async def test_one_that_came_in_below_does_not_stay_when_more_is_asked_for(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        station.apply_settings(StationSettings(security_profile=2))
        peer = await make()
        await peer.connect()
        assert (await peer.boot())["status"] == "Accepted"
        station.apply_settings(RENEWS)
        central.recheck(station)
        await until(station, CONNECTED, lambda: not station.connected)

    async def test_it_goes_when_people_do_not_want_that_any_more(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        peer = await make()
        peer.answers["TriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        await peer.boot()
        central.recheck(station)
        assert station.connected
        assert (await peer.boot())["status"] == "Pending"
        station.apply_settings(STRICT)
        central.recheck(station)
        await until(station, CONNECTED, lambda: not station.connected)

    async def test_it_goes_when_it_could_come_in_without(
        self, central: CentralSystem, station: ChargingStation, make: Make
    ) -> None:
        peer = await make()
        peer.answers["TriggerMessage"] = {"status": "Rejected"}
        await peer.connect()
        assert (await peer.boot())["status"] == "Pending"
        station.apply_settings(StationSettings(security_profile=2))
        central.recheck(station)
        await sent_away(station, peer)
        await peer.connect()
        assert (await peer.boot())["status"] == "Accepted"
