"""Prove what a station is called by its URL."""

import pytest

from custom_components.ocpp.csms.admission import identity_of


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
