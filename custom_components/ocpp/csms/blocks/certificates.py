"""Functional block M: the certificates that a station holds, and those of cars."""

import asyncio
from base64 import b64encode
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import OcppError
from ..model import Payload, Topic
from ..ocsp import OcspFailed, ask
from ..versions import V2, V16
from .block import Block, answers, follows

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# More certificates of one kind than any station holds, and words for kinds.
_MOST_CERTIFICATES = 50
_MOST_KINDS = 20
_LONGEST_KIND = 50
_MOST_CHILDREN = 20
# What names a certificate, and how long a part of that may be in a command.
_HASH_DATA = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
_LONGEST_HASH = 128
# Where 2.x has the certificates that signed the first of a chain.
_CHILDREN = "childCertificateHashData"
_V2G_CHAIN = "V2GCertificateChain"
# What GetCertificateStatus can carry, in characters of base64.
_LONGEST_RESULT = 5_500


class Certificates(Block):
    """Which certificates a station holds, and what is found out about others for it."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin knowing nothing."""
        super().__init__(station)
        # By kind, the hash data of each just as the station reported it: it only knows a
        # certificate again by what it said itself (M04.FR.07). Kinds it was never asked
        # for are not there. A chain of 2.x has the hash data of the others within.
        self.held: dict[str, list[Payload]] = {}
        self._asking = asyncio.Lock()

    # --- certificates of cars -------------------------------------------------------------

    @answers("Get15118EVCertificate", *V2)
    def on_get_ev_certificate(self, payload: Payload) -> Payload:
        """Fail: there is no pool of contract certificates here to ask (M01, M02)."""
        self.station.note("Get15118EVCertificate: there is no pool to ask")
        return {
            "status": "Failed",
            # There is no answer to pass on, and the field must be there.
            "exiResponse": "",
            "statusInfo": {
                "reasonCode": "NotEnabled",
                "additionalInfo": "There is no pool of contract certificates here",
            },
        }

    @answers("GetCertificateStatus", *V2, needs=("ocspRequestData",))
    async def on_get_certificate_status(self, payload: Payload) -> Payload:
        """Ask whoever issued a certificate whether it holds, and pass that on (M06).

        Of those that our own authority issued, it is known here.
        """
        data = payload["ocspRequestData"]
        try:
            if (own := await self._answer_of_our_own(data)) is not None:
                return {"status": "Accepted", "ocspResult": own}
            # One at a time: it is the station that names whom to ask.
            async with self._asking:
                result = await ask(data)
        except OcspFailed as error:
            reason = str(error)
        else:
            if len(result) <= _LONGEST_RESULT:
                return {"status": "Accepted", "ocspResult": result}
            reason = "the answer is too long"
        self.station.note(f"GetCertificateStatus: {reason}")
        return {
            "status": "Failed",
            "statusInfo": {"reasonCode": "Unspecified", "additionalInfo": reason},
        }

    async def _answer_of_our_own(self, data: Payload) -> str | None:
        authority = self.station.shared.authority
        if authority is None:
            return None
        answer = await asyncio.to_thread(authority.answer_ocsp, data)
        return b64encode(answer).decode() if answer is not None else None

    # --- certificates that the station holds ------------------------------------------------

    @follows("GetInstalledCertificateIds", V16)
    def on_listed(self, payload: Payload, answer: Payload) -> None:
        """Know which certificates of a kind the station holds (M03)."""
        listed = _named(answer, "certificateHashData", _MOST_CERTIFICATES)
        self._set(payload["certificateType"], listed)

    @follows("GetInstalledCertificateIds", *V2)
    def on_chains_listed(self, payload: Payload, answer: Payload) -> None:
        """Know which certificates of some kinds, or of all, the station holds (M03)."""
        asked_for = payload.get("certificateType", self.held)
        found: dict[str, list[Payload]] = {kind: [] for kind in asked_for}
        for chain in _dicts(answer, "certificateHashDataChain"):
            kind = str(chain.get("certificateType") or "")[:_LONGEST_KIND]
            if kind not in found and len(found) >= _MOST_KINDS:
                continue
            hashes = chain.get("certificateHashData")
            if not isinstance(hashes, dict) or not (hashes := _hash_data(hashes)):
                continue
            children = _named(chain, _CHILDREN, _MOST_CHILDREN)
            found.setdefault(kind, []).append(
                hashes | ({_CHILDREN: children} if children else {})
            )
        for kind, held in found.items():
            self._set(kind, held[:_MOST_CERTIFICATES])

    @follows("DeleteCertificate", V16, *V2)
    def on_deleted(self, payload: Payload, answer: Payload) -> None:
        """Know that the station holds a certificate no more (M04)."""
        gone = payload["certificateHashData"]
        for kind, held in tuple(self.held.items()):
            self._set(kind, [one for each in held if (one := _without(each, gone))])

    @follows("InstallCertificate", V16, *V2)
    def on_installed(self, payload: Payload, answer: Payload) -> None:
        """Ask what the station calls its new certificate (M05)."""
        self.station.spawn(self._list(payload["certificateType"]))

    @follows("CertificateSigned", *V2)
    def on_signed(self, payload: Payload, answer: Payload) -> None:
        """Ask what the station calls a new chain; those of its own it does not list."""
        if payload.get("certificateType") == "V2GCertificate":
            self.station.spawn(self._list(_V2G_CHAIN))

    async def _list(self, kind: str) -> None:
        wanted: Any = kind if self.speaks_16 else [kind]
        try:
            await self.command(
                "GetInstalledCertificateIds", {"certificateType": wanted}
            )
        except OcppError as error:
            self.station.note(f"listing certificates: {type(error).__name__}")
        self.station.flush()

    def _set(self, kind: str, held: list[Payload]) -> None:
        if self.held.get(kind) == held:
            return
        if not self.held:
            self.changed(Topic.STRUCTURE)
        self.held[kind] = held
        self.changed(Topic.CERTIFICATES)
        self.station.remember()

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which certificates the station holds."""
        self.held = facts.get("held", {})

    def facts(self) -> dict[str, Any]:
        """Keep which certificates the station holds."""
        return {"held": self.held} if self.held else {}


def _dicts(having: Payload, key: str) -> list[Payload]:
    """Return the objects of a list that may be missing, or none at all."""
    listed = having.get(key)
    return [
        one
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]


def _named(having: Payload, key: str, most: int) -> list[Payload]:
    """Return what names the first certificates of a list."""
    named = (_hash_data(one) for one in _dicts(having, key))
    return [*islice(filter(None, named), most)]


def _hash_data(told: Payload) -> Payload:
    """Return what names a certificate, just as the station said it.

    Nothing where it is longer than any command can say it.
    """
    kept = {name: told[name] for name in _HASH_DATA if name in told}
    fits = all(
        isinstance(value, str) and len(value) <= _LONGEST_HASH
        for value in kept.values()
    )
    return kept if fits else {}


def _without(held: Payload, gone: Payload) -> Payload:
    """Return what is left of a certificate, or its chain, when one is deleted."""
    children = _dicts(held, _CHILDREN)
    own = {key: value for key, value in held.items() if key != _CHILDREN}
    if own == gone:
        return {}
    kept = [child for child in children if child != gone]
    return own | ({_CHILDREN: kept} if kept else {})
