"""Functional block C: authorization."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ... import lenient
from ...events import CardPresented
from ...id_tokens import LOCAL, NO_AUTHORIZATION, Presented, Purpose, is_secret
from ...model import EvseStatus, IdTokenInfo, Payload, RegistrationStatus, utcnow
from ...versions import V2, V16
from ..block import Block, answers
from . import contract, v2, v16

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# For how long a token that was asked about is the one that a start or stop is about: as long
# as people take to plug a car in.
_FOLLOWED_WITHIN = timedelta(minutes=3)
# More tokens than anybody presents in that time.
_MOST_ASKED_ABOUT = 100
# A start or stop that is told later than this happened while the station was offline.
_PRESENT = timedelta(minutes=3)


class Authorization(Block):
    """Who may charge."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without anybody having presented a token."""
        super().__init__(station)
        # When the station asked about tokens, without letter case.
        self._asked_about: dict[str, datetime] = {}

    # --- what other blocks ask ----------------------------------------------------------

    def authorize(
        self,
        id_token: str,
        *,
        purpose: Purpose = Purpose.AUTHORIZE,
        at: datetime | None = None,
        evse: int = 0,
        session: str = "",
        kind: str = "",
    ) -> IdTokenInfo:
        """Return what is thought of a token (C01).

        `session` is the token of the session that it would end; `kind` is what 2.x says
        that it is. A station that is not adopted charges nobody: its transactions are
        recorded, since they exist, but are told that the token is invalid.
        """
        if self.station.registration is not RegistrationStatus.ACCEPTED:
            return IdTokenInfo(status="Invalid")
        if kind == NO_AUTHORIZATION:
            # A start button, or a free charger: there is nobody to refuse (C02).
            return IdTokenInfo()
        at = at or utcnow()
        presented = Presented(
            token=id_token,
            station=self.station.identity,
            at=at,
            purpose=purpose,
            ours=not is_secret(kind) and self._is_ours(id_token),
            busy=purpose is Purpose.START and self._is_busy(id_token, evse, at),
            session=session,
            type=kind,
        )
        return self.station.shared.id_tokens.decide(presented, self.station.options)

    def name(self, id_token: str) -> str | None:
        """Return what people call a token, where they listed it."""
        listed = self.station.shared.id_tokens.find(id_token)
        return listed.name if listed is not None else None

    def used(
        self,
        id_token: str,
        info: IdTokenInfo,
        *,
        purpose: Purpose,
        evse: int,
        at: datetime,
        by_hand: bool = True,
        kind: str = "",
    ) -> None:
        """Take note of a token that was used, and tell of the card that was presented.

        A card that is asked about and then starts a session was presented once. One that
        was not presented `by_hand`, or not lately, is kept in the store only; so is what
        a station made up itself. Of a PIN nothing is kept (C04.FR.04).
        """
        if (
            not id_token
            or not self.station.adopted
            or is_secret(kind or self._listed_as(id_token))
            or kind == NO_AUTHORIZATION
        ):
            return
        self.station.store.record_use(
            self.station.identity, evse, id_token, at, info.status, purpose
        )
        if (
            not self._is_followed_up(id_token, purpose)
            and by_hand
            and kind != LOCAL
            and utcnow() - at <= _PRESENT
            and not self.station.remote_control.is_default(id_token)
            and not self.station.remote_control.has_started(id_token)
        ):
            self.station.happened(
                CardPresented(evse=evse, id_token=id_token, info=info, type=kind)
            )

    def _listed_as(self, id_token: str) -> str:
        """Return what a token is listed as: 1.6 does not say what it is."""
        listed = self.station.shared.id_tokens.find(id_token)
        return listed.type if listed is not None else ""

    def _is_followed_up(self, id_token: str, purpose: Purpose) -> bool:
        """Return whether this start or stop is what the token was asked about for."""
        now = utcnow()
        self._asked_about = {
            token: at
            for token, at in self._asked_about.items()
            if now - at <= _FOLLOWED_WITHIN
        }
        asked = self._asked_about.pop(id_token.casefold(), None)
        if purpose is Purpose.AUTHORIZE:
            if len(self._asked_about) >= _MOST_ASKED_ABOUT:
                del self._asked_about[next(iter(self._asked_about))]
            self._asked_about[id_token.casefold()] = now
            return False
        return asked is not None

    def _is_ours(self, id_token: str) -> bool:
        """Return whether people start with a token from here (C05).

        Whoever starts with a card that is listed is asked for what holds for that card.
        """
        remote_control = self.station.remote_control
        return remote_control.is_default(id_token) or (
            self.name(id_token) is None and remote_control.has_started(id_token)
        )

    def _is_busy(self, id_token: str, evse: int, at: datetime) -> bool:
        """Return whether a session of the token ran elsewhere when it was presented."""
        here = self.station.identity.casefold()
        return id_token != "" and any(
            other.id_token.casefold() == id_token.casefold()
            and other.started <= at
            # A session that runs here is over when another one starts. Where the station
            # does not say which EVSE, it can be that one.
            and (other.station.casefold() != here or evse not in (0, other.evse))
            for other in self.station.shared.running()
        )

    def _evse_of(self, id_token: str) -> int:
        """Return the EVSE that a token was presented for; 0 where it can't be known.

        It is for one that waits for a card, or for one whose session it would end.
        """
        if (only := self.station.the_only_evse) is not None:
            return only
        fitting = [
            evse for evse in self.station.evses if self._can_be_for(evse, id_token)
        ]
        return fitting[0] if len(fitting) == 1 else 0

    def _can_be_for(self, evse: int, id_token: str) -> bool:
        if (running := self.station.transactions.running(evse)) is not None:
            return self.station.shared.id_tokens.are_one_group(
                id_token, running.id_token
            )
        state = self.station.availability.state(evse)
        return state is not None and state.status is EvseStatus.PREPARING

    # --- 1.6 ----------------------------------------------------------------------------

    @answers("Authorize", V16, needs=("idTag",))
    def on_authorize(self, payload: Payload) -> Payload:
        """Answer C01 in 1.6's spelling."""
        id_token = lenient.id_token(payload["idTag"])
        info = self.authorize(id_token)
        self.used(
            id_token,
            info,
            purpose=Purpose.AUTHORIZE,
            evse=self._evse_of(id_token),
            at=utcnow(),
        )
        return {"idTagInfo": self.id_tag_info(info)}

    @staticmethod
    def id_tag_info(info: IdTokenInfo) -> Payload:
        """Write what is thought of a token as 1.6 spells it."""
        return v16.id_tag_info(info)

    # --- 2.x ----------------------------------------------------------------------------

    @answers("Authorize", *V2, needs=("idToken",))
    async def on_authorize_token(self, payload: Payload) -> Payload:
        """Answer C01 in 2.x's spelling, and C07 where a certificate is shown."""
        token = v2.read_token(payload["idToken"])
        info = self.authorize(token.text, kind=token.type)
        self.used(
            token.text,
            info,
            purpose=Purpose.AUTHORIZE,
            evse=self._evse_of(token.text),
            at=utcnow(),
            kind=token.type,
        )
        answer = {"idTokenInfo": self.id_token_info(info)}
        if v2.has_certificate(payload):
            certificate = await contract.status_of(payload)
            answer = v2.with_certificate(answer, certificate)
        return v2.with_transfer(answer, self.station.v2x.allowed())

    def id_token_info(self, info: IdTokenInfo) -> Payload:
        """Write what is thought of a token as 2.x spells it, with the price (I01)."""
        written = v2.id_token_info(info)
        if info.accepted and (message := self.station.tariff_cost.message()):
            written["personalMessage"] = message
        return written

    def listed_info(self, info: IdTokenInfo) -> Payload:
        """Write what is thought of a token as it is kept in a station's list (D01)."""
        return (v16.id_tag_info if self.speaks_16 else v2.id_token_info)(info)
