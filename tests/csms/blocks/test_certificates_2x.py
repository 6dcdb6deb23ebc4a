"""The certificates that a station of 2.0.1 holds, and those it asks about."""

from base64 import b64decode
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, until
from tests.csms.responder import HASHES, responding
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands.certificates import hash_data

ROOT, MAKER = "CSMSRootCertificate", "ManufacturerRootCertificate"
V2G, MOBILITY, CHAIN = "V2GRootCertificate", "MORootCertificate", "V2GCertificateChain"
BEGIN = "-----BEGIN CERTIFICATE-----"
CHILDREN = "childCertificateHashData"


@pytest.mark.parametrize(
    "action",
    [
        pytest.param("Install", id="m01_a_contract_certificate_for_a_car"),
        pytest.param("Update", id="m02_a_newer_contract_certificate_for_a_car"),
    ],
)
async def test_there_is_no_pool_to_ask(
    station: ChargingStation, two: Two, action: str
) -> None:
    """The station is told so in a valid answer, and diagnostics as well."""
    answer = await two.call(
        "Get15118EVCertificate",
        {
            "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
            "action": action,
            "exiRequest": "AAAA",
        },
    )
    assert answer["status"] == "Failed"
    assert answer["exiResponse"] == ""
    assert answer["statusInfo"]["reasonCode"] == "NotEnabled"
    assert station.notes["Get15118EVCertificate: there is no pool to ask"] == 1


async def send(
    station: ChargingStation, action: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Send a command as an action does."""
    answer = await station.sending.command(action, payload)
    station.flush()
    return answer.raw


async def install(station: ChargingStation, kind: str, text: str) -> None:
    """Install a certificate and wait until it is listed."""
    payload = {"certificateType": kind, "certificate": f"{BEGIN}{text}"}
    await send(station, "InstallCertificate", payload)
    await until(station, Part(Topic.CERTIFICATES))


async def test_m03_certificates_are_listed_by_kind_or_all(
    station: ChargingStation, two: Two
) -> None:
    """A kind of which there is none is known to be empty once it was asked for."""
    await send(station, "GetInstalledCertificateIds", {"certificateType": [ROOT]})
    assert station.certificates.held == {ROOT: []}
    first, second = hash_data("first"), hash_data("second")
    two.state.certificates += [(ROOT, first), (V2G, second)]
    wanted = {"certificateType": [MAKER, V2G]}
    await send(station, "GetInstalledCertificateIds", wanted)
    assert station.certificates.held == {ROOT: [], MAKER: [], V2G: [second]}
    await send(station, "GetInstalledCertificateIds", {})
    assert station.certificates.held == {ROOT: [first], MAKER: [], V2G: [second]}
    two.state.certificates.clear()
    await send(station, "GetInstalledCertificateIds", {})
    assert station.certificates.held == {ROOT: [], MAKER: [], V2G: []}


async def test_m03_a_chain_has_the_certificates_that_signed_it(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """It is known over a restart; what is no certificate is left out."""
    leaf, child = hash_data("leaf"), hash_data("child")
    entry = {"certificateType": CHAIN, "certificateHashData": leaf, CHILDREN: [child]}
    two.answers["GetInstalledCertificateIds"] = {
        "status": "Accepted",
        "certificateHashDataChain": [entry, {"certificateType": CHAIN}, 7],
    }
    await send(station, "GetInstalledCertificateIds", {})
    assert station.certificates.held == {CHAIN: [leaf | {CHILDREN: [child]}]}
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.certificates.held == station.certificates.held
    await other.close()

    two.answers["DeleteCertificate"] = {"status": "Accepted"}
    await send(station, "DeleteCertificate", {"certificateHashData": child})
    assert station.certificates.held == {CHAIN: [leaf]}
    await send(station, "DeleteCertificate", {"certificateHashData": leaf})
    assert station.certificates.held == {CHAIN: []}


async def test_m03_a_station_that_never_stops_making_up_kinds(
    station: ChargingStation, two: Two
) -> None:
    """Not all of them are kept."""
    two.answers["GetInstalledCertificateIds"] = {
        "status": "Accepted",
        "certificateHashDataChain": [
            {"certificateType": f"Kind{n}", "certificateHashData": hash_data(str(n))}
            for n in range(99)
        ],
    }
    await send(station, "GetInstalledCertificateIds", {})
    assert len(station.certificates.held) == 20


async def test_m04_a_certificate_is_deleted_by_the_words_of_the_station(
    station: ChargingStation, two: Two
) -> None:
    """One that is not there is the station's to say."""
    await install(station, ROOT, "first")
    await install(station, ROOT, "second")
    first, second = station.certificates.held[ROOT]
    await send(station, "DeleteCertificate", {"certificateHashData": first})
    sent = await two.wait_for_call("DeleteCertificate")
    assert sent == {"certificateHashData": first}
    assert station.certificates.held == {ROOT: [second]}
    for word in ("NotFound", "Failed"):
        two.answers["DeleteCertificate"] = {"status": word}
        with pytest.raises(CommandRejected) as error:
            await send(station, "DeleteCertificate", {"certificateHashData": second})
        assert error.value.status == word
    assert station.certificates.held == {ROOT: [second]}


@pytest.mark.parametrize("kind", [V2G, MOBILITY, ROOT, MAKER])
async def test_m05_a_root_certificate_is_listed_once_it_is_installed(
    station: ChargingStation, two: Two, kind: str
) -> None:
    """Under the name that the station gives it."""
    await install(station, kind, "root")
    assert station.certificates.held == {kind: [hash_data(f"{BEGIN}root")]}


@pytest.mark.parametrize("word", ["Failed", "Rejected"])
async def test_m05_a_root_certificate_that_is_not_taken(
    station: ChargingStation, two: Two, word: str
) -> None:
    """Nothing is asked or known of it."""
    two.answers["InstallCertificate"] = {"status": word}
    payload = {"certificateType": ROOT, "certificate": BEGIN}
    with pytest.raises(CommandRejected) as error:
        await send(station, "InstallCertificate", payload)
    assert error.value.status == word
    assert station.certificates.held == {}


async def test_a_chain_that_was_signed_for_the_station_is_listed(
    station: ChargingStation, two: Two
) -> None:
    """That which it proves itself with is not among those it can list."""
    payload = {"certificateChain": f"{BEGIN}chain", "certificateType": "V2GCertificate"}
    await send(station, "CertificateSigned", payload)
    await until(station, Part(Topic.CERTIFICATES))
    assert station.certificates.held == {CHAIN: [hash_data(f"{BEGIN}chain")]}
    payload["certificateType"] = "ChargingStationCertificate"
    two.received.clear()
    await send(station, "CertificateSigned", payload)
    await two.heartbeat()
    assert [frame[2] for frame in two.received if frame[0] == 2] == [
        "CertificateSigned"
    ]


@pytest.mark.proves("M06", ocpp="2.0.1")
@pytest.mark.proves("TC_M_24_CSMS", ocpp="2.0.1")
async def test_m06_whoever_issued_a_certificate_is_asked_whether_it_holds(
    station: ChargingStation, two: Two
) -> None:
    """What it says is passed on untouched, also that it holds no more."""
    async with responding() as responder:
        responder.body = responder.good()
        data = HASHES | {"responderURL": responder.url}
        answer = await two.call("GetCertificateStatus", {"ocspRequestData": data})
        assert answer["status"] == "Accepted"
        assert b64decode(answer["ocspResult"]) == responder.body


@pytest.mark.proves("M06", ocpp="2.0.1")
async def test_m06_where_it_can_not_be_found_out(
    station: ChargingStation, two: Two
) -> None:
    """The station is told so, and why; the address is told nowhere."""
    data = HASHES | {"responderURL": "ftp://192.0.2.20/"}
    answer = await two.call("GetCertificateStatus", {"ocspRequestData": data})
    assert answer["status"] == "Failed"
    assert answer["statusInfo"]["additionalInfo"] == "the address is none"
    assert station.notes["GetCertificateStatus: the address is none"] == 1
    assert "192.0.2.20" not in str(station.notes)


async def test_m06_an_answer_that_no_message_can_carry(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not cut."""

    async def ask(_: Any) -> str:
        return "A" * 5_501

    monkeypatch.setattr("custom_components.ocpp.csms.blocks.certificates.ask", ask)
    answer = await two.call(
        "GetCertificateStatus",
        {"ocspRequestData": HASHES | {"responderURL": "http://192.0.2.20/"}},
    )
    assert answer["status"] == "Failed"
