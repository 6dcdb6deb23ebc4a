"""Functional block M: whether the certificates of a car still hold (M07)."""

import asyncio
from typing import TYPE_CHECKING, Any

from ..model import Payload, timestamp, utcnow
from ..revocation import FAILED, Verdict, check, verdict_of
from ..versions import V21
from .block import Block, answers

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# Of a chain: more are neither asked about nor told of in one message.
_MOST_AT_ONCE = 4
_MOST_KNOWN = 200
_HASHES = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")

type _Key = tuple[str, ...]


class ChainStatus(Block):
    """What was found out about certificates for a station, as long as it holds."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin knowing nothing."""
        super().__init__(station)
        self._known: dict[_Key, Verdict] = {}
        self._asking = asyncio.Lock()

    @answers("GetCertificateChainStatus", V21, needs=("certificateStatusRequests",))
    async def on_get_chain_status(self, payload: Payload) -> Payload:
        """Find out about each certificate, and tell in the order of the request (M07).

        Of those that our own authority issued, it is known here.
        """
        told = payload["certificateStatusRequests"]
        requests = [item for item in told if isinstance(item, dict)][:_MOST_AT_ONCE]
        # The certificates of one chain together, of one chain at a time: it is the station
        # that names whom to ask.
        async with self._asking:
            verdicts = await asyncio.gather(*map(self._find_out, requests))
        return {
            "certificateStatus": [
                {
                    "certificateHashData": request.get("certificateHashData"),
                    "source": request.get("source"),
                    "status": verdict.status,
                    "nextUpdate": timestamp(verdict.until),
                }
                for request, verdict in zip(requests, verdicts, strict=True)
            ]
        }

    async def _find_out(self, request: Payload) -> Verdict:
        if (own := await self._known_here(request)) is not None:
            return own
        key = _key(request)
        known = self._known.get(key)
        if known is not None and known.until > utcnow():
            return known
        verdict = await check(request)
        if verdict.status == FAILED:
            self.station.note("GetCertificateChainStatus: nothing could be found out")
        self._known.pop(key, None)
        if verdict.known:
            if len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[key] = verdict
        return verdict

    async def _known_here(self, request: Payload) -> Verdict | None:
        """Return what our own authority knows of a certificate, if it is one of ours."""
        authority, hashes = (
            self.station.shared.authority,
            request.get("certificateHashData"),
        )
        if authority is None or not isinstance(hashes, dict):
            return None
        answer = await asyncio.to_thread(authority.answer_ocsp, hashes)
        return verdict_of(answer) if answer is not None else None


def _key(request: Payload) -> _Key:
    """Return what tells a certificate, and where it is looked for, from any other."""
    hashes: Any = request.get("certificateHashData")
    told = hashes if isinstance(hashes, dict) else {}
    spelled = (str(told.get(name)).casefold() for name in _HASHES)
    return (str(request.get("source")), *spelled)
