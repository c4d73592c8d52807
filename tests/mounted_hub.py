"""The hub of a test network, without a wire."""

from __future__ import annotations

from collections.abc import Sequence

from linkexchange import register, resolve, tell
from linkexchange.errors import UnknownParticipant
from linkexchange.model.access import Offer, RegisteredLink
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.switch import Switch
from linkexchange.ports import Receipt, Session
from linkexchange.resolve import Caller, Resolver


class MountedHub:
    """`ports.Hub` without a wire: the resolver mounted in the same process."""

    def __init__(self, resolver: Resolver, caller: Caller) -> None:
        self._resolver = resolver
        self._caller = caller

    def nonce(self) -> str:
        return resolve.issue_nonce(self._resolver, self._caller)

    def open_session(self, attestation: str) -> Session:
        return resolve.open_session(self._resolver, self._caller, attestation)

    def grant(self, session: Session, request: str) -> str:
        return resolve.grant(self._resolver, self._caller, session.secret.reveal(), request=request)

    def register(self, session: Session, link: RegisteredLink, *, replaces: LinkId | None = None) -> None:
        register.link(self._resolver, self._caller, session.secret.reveal(), new=link, replaces=replaces)

    def withdraw(self, session: Session, link: LinkId) -> None:
        register.withdrawal(self._resolver, self._caller, session.secret.reveal(), link=link)

    def participant(self, telematik_id: TelematikId) -> Participant:
        with self._resolver.store.work(self._caller.telematik_id) as work:
            found = work.directory.find(telematik_id)
        if found is None:
            raise UnknownParticipant
        return found

    def participants(self) -> Sequence[Participant]:
        with self._resolver.store.work(self._caller.telematik_id) as work:
            return work.directory.all()

    def offer(self, session: Session, offer: Offer) -> None:
        register.offer(self._resolver, self._caller, session.secret.reveal(), made=offer)

    def offers(self) -> Sequence[Offer]:
        with self._resolver.store.work(self._caller.telematik_id) as work:
            return [offer for offer in work.hub.offers() if offer.is_open(self._resolver.now())]

    def switch(self, session: Session, *, pulls: bool, basis: str) -> None:
        register.switch(self._resolver, self._caller, session.secret.reveal(), pulls=pulls, basis=basis)

    def switches(self) -> Sequence[Switch]:
        return register.switches(self._resolver, self._caller)

    def receipts(self, link: LinkId, requester: TelematikId) -> Sequence[Receipt]:
        return register.receipts(self._resolver, self._caller, link, requester=requester)

    def receipt(self, proof: str) -> None:
        register.receipt(self._resolver, self._caller, proof)

    def dispatch(self, report: str) -> None:
        register.dispatch(self._resolver, self._caller, report)

    def revocations(self, after: int, wait_seconds: float) -> str:
        return tell.revocations(self._resolver, self._caller, after)

    def keys(self) -> Sequence[str]:
        return tell.keys(self._resolver)
