"""What a station is called by its URL, and what it has to show."""

from typing import Any

import pytest

from custom_components.ocpp.csms.admission import (
    Arrival,
    ClientCertificate,
    Refusal,
    identity_of,
    refusal,
)
from custom_components.ocpp.csms.model import utcnow


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/CP1", "CP1"),
        ("CP1", "CP1"),
        ("/CP1/", "CP1"),
        ("/CP1//", "CP1"),
        ("//CP1", "CP1"),
        ("/ocpp/1.6/CP1", "CP1"),
        ("/CP1?token=x/y", "CP1"),
        ("/CP1/?token=x", "CP1"),
        ("/RDAM%7C123", "RDAM|123"),
        ("/Garage%20S%C3%BCd", "Garage Süd"),
        ("/Garage-S\udcc3\udcbcd", "Garage-Süd"),
        ("/100%25", "100%"),
        ("/100%2525", "100%25"),
        ("/50%", "50%"),
        ("/%20CP%201", " CP 1"),
        ("/a%2Fb", "a/b"),
        ("/AA:BB:CC", "AA:BB:CC"),
        ("/A#1", "A#1"),
        ("/" + "x" * 48, "x" * 48),
        ("/" + "%C3%BC" * 48, "ü" * 48),
        ("ws://host:9000/CP1", "CP1"),
    ],
)
def test_the_last_part_of_the_url_is_the_identity(path: str, identity: str) -> None:
    """Decoded once, without a trailing slash and a query, behind any prefix."""
    assert identity_of(path) == identity


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/?id=CP1",
        "/" + "x" * 49,
        "/CP%00",
        "/CP%0A1",
        "/CP%7F",
        "/CP%E2%80%8B",
        "/%FF%FE",
        "/CP\udcff",
        "/\ud800",
    ],
)
def test_a_url_without_a_usable_identity_is_refused(path: str) -> None:
    """Nothing, too much, control characters, what is not UTF-8, what can't be seen."""
    assert identity_of(path) is None


def certificate(**changed: Any) -> ClientCertificate:
    """Return a certificate of another authority for the station with the number SN-1."""
    shown: dict[str, Any] = {
        "common_name": "SN-1",
        "organisation": "Mine",
        "serial": "1f",
        "expires": utcnow(),
    }
    return ClientCertificate(**shown | changed)


OURS = {"issued_to": "cp1", "organisation": "Any"}
EXPIRED = {"valid": False, "expired": True}


@pytest.mark.parametrize(
    ("profile", "encrypted", "shown", "why"),
    [
        (0, False, None, None),
        (1, False, None, None),
        (1, True, None, None),
        (2, False, None, Refusal.NOT_ENCRYPTED),
        (2, True, None, None),
        # Whatever it shows, it need not.
        (2, True, {"valid": False}, None),
        (3, False, None, Refusal.NOT_ENCRYPTED),
        (3, True, None, Refusal.NO_CERTIFICATE),
        (3, True, {}, None),
        (3, True, {"common_name": "cp1"}, None),
        (3, True, {"common_name": "sn-1"}, None),
        (3, True, {"common_name": "SN-2"}, Refusal.OTHER_STATION),
        (3, True, {"common_name": ""}, Refusal.OTHER_STATION),
        (3, True, {"organisation": "Other"}, Refusal.OTHER_ORGANISATION),
        (3, True, {"organisation": ""}, Refusal.OTHER_ORGANISATION),
        (3, True, {"valid": False}, Refusal.INVALID_CERTIFICATE),
        (3, True, OURS, None),
        (3, True, OURS | {"issued_to": "cp2"}, Refusal.OTHER_STATION),
        (3, True, OURS | {"issued_to": ""}, Refusal.OTHER_STATION),
        (3, True, OURS | {"common_name": "SN-2"}, Refusal.OTHER_STATION),
        (3, True, OURS | {"valid": False}, Refusal.INVALID_CERTIFICATE),
        (3, True, OURS | EXPIRED, Refusal.INVALID_CERTIFICATE),
        (2, True, {"revoked": True}, None),
        (3, True, {"revoked": True}, Refusal.REVOKED_CERTIFICATE),
    ],
)
def test_what_a_station_has_to_show(
    profile: int, encrypted: bool, shown: dict[str, Any] | None, why: Refusal | None
) -> None:
    """What is better than its profile asks for is fine."""
    arrival = Arrival(
        identity="CP1",
        encrypted=encrypted,
        certificate=certificate(**shown) if shown is not None else None,
    )
    told = refusal(arrival, profile=profile, serial="SN-1", organisation="mine")
    assert told is why


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (OURS | EXPIRED, None),
        (OURS | {"valid": False}, Refusal.INVALID_CERTIFICATE),
        (OURS | EXPIRED | {"issued_to": "cp2"}, Refusal.OTHER_STATION),
        (OURS | EXPIRED | {"common_name": "SN-2"}, Refusal.OTHER_STATION),
    ],
)
def test_one_of_ours_that_is_only_over_will_do_to_be_given_a_new_one(
    shown: dict[str, Any], why: Refusal | None
) -> None:
    arrival = Arrival(identity="CP1", encrypted=True, certificate=certificate(**shown))
    assert refusal(arrival, profile=3, serial="SN-1", renews=True) is why


@pytest.mark.parametrize(
    ("common_name", "serial", "why"),
    [
        ("CP1", "", None),
        ("SN-1", "", Refusal.OTHER_STATION),
        # It has not said yet, and will when it boots.
        ("SN-1", None, None),
    ],
)
def test_a_station_without_a_serial_number_is_known_by_its_identity(
    common_name: str, serial: str | None, why: Refusal | None
) -> None:
    arrival = Arrival(
        identity="CP1",
        encrypted=True,
        certificate=certificate(common_name=common_name),
    )
    assert refusal(arrival, profile=3, serial=serial, organisation="Mine") is why


def test_no_organisation_is_not_any_organisation() -> None:
    """Without one, nobody but our own authority is trusted."""
    arrival = Arrival(
        identity="CP1", encrypted=True, certificate=certificate(organisation="")
    )
    assert refusal(arrival, profile=3) is Refusal.OTHER_ORGANISATION
