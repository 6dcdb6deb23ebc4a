"""What is thought of tokens, listed or not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.id_tokens import (
    IdToken,
    IdTokens,
    Presented,
    Purpose,
    masked,
)
from custom_components.ocpp.csms.model import Options

NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


def listing(**other: Any) -> IdTokens:
    """Return a list of Anna's card, of which something else can be said."""
    id_tokens = IdTokens()
    id_tokens.replace([IdToken(**{"token": "04AB", "name": "Anna"} | other)])
    return id_tokens


def present(token: str = "04ab", **other: Any) -> Presented:
    """Return a token that is presented at CP1 now."""
    return Presented(
        **{"token": token, "station": "CP1", "at": NOW, "purpose": Purpose.AUTHORIZE}
        | other
    )


@pytest.mark.parametrize(
    ("listed", "presented", "status"),
    [
        ({}, {}, "Accepted"),
        ({"blocked": True}, {}, "Blocked"),
        ({"valid_until": EARLIER}, {}, "Expired"),
        ({"valid_until": NOW}, {}, "Expired"),
        ({"valid_until": LATER}, {}, "Accepted"),
        # The first reason counts.
        ({"valid_until": EARLIER, "blocked": True}, {}, "Blocked"),
        ({"stations": frozenset({"cp1"})}, {}, "Accepted"),
        ({"stations": frozenset({"cp2"})}, {}, "NotAtThisLocation"),
        ({}, {"token": "OTHER"}, "Unknown"),
        ({}, {"token": ""}, "Unknown"),
        # Starts made here are never refused.
        ({}, {"token": "OTHER", "ours": True}, "Accepted"),
        ({"blocked": True}, {"ours": True}, "Accepted"),
        # Whoever was let in is let out.
        (
            {"stations": frozenset({"cp2"})},
            {"purpose": Purpose.STOP, "session": "04AB"},
            "Accepted",
        ),
        (
            {"stations": frozenset({"cp2"})},
            {"purpose": Purpose.STOP, "session": "OTHER"},
            "NotAtThisLocation",
        ),
        ({"blocked": True}, {"purpose": Purpose.STOP, "session": "04AB"}, "Blocked"),
    ],
)
def test_a_token_is_judged(
    listed: dict[str, Any], presented: dict[str, Any], status: str
) -> None:
    info = listing(**listed).decide(present(**presented), Options())
    assert info.status == status
    assert info.accepted == (status == "Accepted")


@pytest.mark.parametrize(
    ("accept_unknown", "listed", "accepted"),
    [
        (None, False, True),
        (None, True, False),
        (True, True, True),
        (False, False, False),
    ],
)
def test_an_unknown_token_is_accepted_until_one_is_listed_or_people_decide(
    accept_unknown: bool | None, listed: bool, accepted: bool
) -> None:
    id_tokens = listing() if listed else IdTokens()
    options = Options(accept_unknown=accept_unknown)
    assert id_tokens.accepts_unknown(options) is accepted
    assert id_tokens.decide(present("OTHER"), options).accepted is accepted


@pytest.mark.parametrize("token", ["04AB", "OTHER"])
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("concurrent_tx", [True, False])
def test_only_a_start_is_refused_because_the_token_charges_elsewhere(
    token: str, purpose: Purpose, concurrent_tx: bool
) -> None:
    options = Options(concurrent_tx=concurrent_tx, accept_unknown=True)
    info = listing().decide(present(token, purpose=purpose, busy=True), options)
    refused = purpose is Purpose.START and not concurrent_tx
    assert info.status == ("ConcurrentTx" if refused else "Accepted")


def test_what_else_is_known_of_a_token_is_told() -> None:
    info = listing(group="Family", valid_until=LATER).decide(present(), Options())
    assert (info.group, info.expires) == ("Family", LATER)


def test_tokens_of_one_group() -> None:
    id_tokens = IdTokens()
    id_tokens.replace(
        [
            IdToken(token="A", name="Anna", group="Family"),
            IdToken(token="B", name="Ben", group="family"),
            IdToken(token="C", name="Carl", group="Work"),
            IdToken(token="D", name="Dora"),
            IdToken(token="E", name="Eva"),
            # The group's own name is no card of it.
            IdToken(token="Family", name="Fay"),
        ]
    )
    assert id_tokens.are_one_group("a", "b")
    assert id_tokens.are_one_group("X", "x")
    for one, other in (("a", "c"), ("d", "e"), ("a", "x"), ("x", "a"), ("a", "family")):
        assert not id_tokens.are_one_group(one, other)


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("04A1B2C3D4E5F6", "…E5F6"),
        ("12345678", "…5678"),
        ("1234567", "…567"),
        ("1", "…"),
        ("", "…"),
    ],
)
def test_of_a_token_without_a_name_only_the_end_is_shown(
    token: str, shown: str
) -> None:
    assert masked(token) == IdTokens().label(token) == shown


def test_a_listed_token_is_shown_by_its_name() -> None:
    assert listing().label("04ab") == "Anna"
    # Which is no card's number.
    assert listing().label("HomeAssistant") == "HomeAssistant"
