"""The prices as a tariff that stations count with by themselves (I07)."""

from hashlib import sha256
import json

from ...model import Payload
from ...variables import as_number

# What all of ours begin with.
OURS = "ha:"
_DECIMALS = 6
# The currency, the prices of a kWh and of a session, and a hash of all there is.
_PARTS = 4
_CURRENCY = 3
# Of the 60 characters that an identifier may have: enough of the hash is left.
_LONGEST = 40


def tariff_of(
    per_kwh: float,
    per_session: float,
    currency: str | None,
    description: list[Payload],
) -> Payload | None:
    """Write what energy costs, and each session where it has a price, as a tariff.

    None where the currency is not known, without which there is no tariff. Another content
    has another identifier, and the same content has the same one (I08.FR.08).
    """
    if currency is None or len(currency) != _CURRENCY:
        return None
    per_kwh, per_session = round(per_kwh, _DECIMALS), round(per_session, _DECIMALS)
    tariff: Payload = {
        "currency": currency,
        "description": description,
        "energy": {"prices": [{"priceKwh": per_kwh}]},
    }
    if per_session:
        tariff["fixedFee"] = {"prices": [{"priceFixed": per_session}]}
    written = json.dumps(tariff, sort_keys=True).encode()
    parts = (currency, f"{per_kwh:g}", f"{per_session:g}", sha256(written).hexdigest())
    return {"tariffId": OURS + ":".join(parts)[:_LONGEST], **tariff}


def is_ours(tariff_id: str) -> bool:
    """Return whether a tariff is one that was made of the prices here."""
    return tariff_id.startswith(OURS)


def prices_of(tariff_id: str) -> dict[str, str | float | None] | None:
    """Return the prices of a tariff that is ours, by its identifier."""
    _, *parts = tariff_id.split(":")
    if not is_ours(tariff_id) or len(parts) != _PARTS:
        return None
    currency, per_kwh, per_session, _ = parts
    return {
        "price_per_kwh": as_number(per_kwh),
        "price_per_session": as_number(per_session),
        "currency": currency,
    }
