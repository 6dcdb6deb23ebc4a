"""What is secret, by its name: the one place that says so, and everybody else asks.

A secret lets somebody in, or names a card, a car or a person, or may hold any of that. It
is a field of a message, the value of a variable or of a configuration key, a setting that
people chose, or a fact of the model.
"""

from collections.abc import Mapping
from typing import Any

from .configuration_keys import canonical

# --- fields of messages -------------------------------------------------------------------

CARDS = frozenset(
    {
        *("idTag", "parentIdTag", "idToken", "idTokens", "additionalIdToken"),
        "prioritizedEMAIDs",
    }
)
# URLs can have a password in them.
ADDRESSES = frozenset({"location", "remoteLocation", "ocppCsmsUrl", "receiptUrl"})
FIELDS = (
    CARDS
    | ADDRESSES
    | {
        *("basicAuthPassword", "password", "user", "key"),
        *("apnPassword", "apnUserName", "simPin", "iccid", "imsi"),
        *("certificate", "certificateChain", "signingCertificate", "csr"),
        *("exiRequest", "exiResponse", "signature", "signedMeterData", "publicKey"),
        *("customerIdentifier", "vatNumber", "data"),
        *("address1", "address2", "city", "postalCode", "country"),
    }
)
# The value of a variable, or of a configuration key.
VALUES = frozenset({"value", "attributeValue", "actualValue"})
# Beside these, `key` is the name of a configuration key.
_BESIDE_NAMES_OF_KEYS = frozenset({"value", "readonly"})

# --- variables and configuration keys -----------------------------------------------------

_NAMES = frozenset(
    {
        *("puk", "psk", "idtoken", "evccid", "vehicleid"),
        *("masterpassgroupid", "vehiclecertificates", "plugandchargeidentifier"),
    }
)
_PARTS = (
    *("password", "passwd", "passphrase", "passcode", "secret", "credential"),
    *("psk", "pwd", "token", "pincode", "userpin"),
)
_ENDS = ("key", "pin")
_PUBLIC = frozenset({"publickey", "meterpublickey"})

# --- settings, and facts of the model -----------------------------------------------------

# The URLs of a database and of firmware have passwords in them.
SETTINGS = frozenset(
    {
        *("db_url", "firmware_url", "password", "password_hash"),
        *("id_token", "token", "token_info", "card"),
        *("identity", "station", "vat_numbers"),
    }
)


def is_secret_variable(name: str) -> bool:
    """Return whether nobody but the station may know the value of a variable (2.x)."""
    name = name.casefold()
    return (
        name in _NAMES
        or any(part in name for part in _PARTS)
        or (name.endswith(_ENDS) and name not in _PUBLIC)
    )


def is_secret_key(name: str) -> bool:
    """Return whether nobody but the station may know a configuration key's value (1.6)."""
    return is_secret_variable(name)


def is_secret_setting(name: str) -> bool:
    """Return whether a setting, or a fact of the model, is shown to nobody."""
    return name in SETTINGS


def is_secret_field(name: str, beside: Mapping[str, Any]) -> bool:
    """Return whether a field of a message is one, among the fields that are beside it."""
    if name in VALUES:
        return _is_of_secret(beside)
    if name == "key":
        # A list has names as well: those that are asked for.
        names = not _BESIDE_NAMES_OF_KEYS.isdisjoint(beside)
        return not names and not isinstance(beside["key"], list)
    # Components and variables have names, too.
    return name in FIELDS or (name == "name" and "address1" in beside)


def _is_of_secret(item: Mapping[str, Any]) -> bool:
    """Return whether a value is of a variable that is one, or of such a configuration key.

    What a key that nobody knows is for, nobody knows either.
    """
    variable, key = item.get("variable"), item.get("key")
    if isinstance(variable, Mapping):
        return is_secret_variable(str(variable.get("name")))
    return isinstance(key, str) and (canonical(key) is None or is_secret_key(key))
