"""The origin's desk: takes a signed request in, and tells its requester where it stands. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linkexchange.errors import MessageFault, RequestsFull, UnknownRequest
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.release_request import ReleaseRequest, read
from linkexchange.model.released import OPEN_MAX, Answered, Heard
from linkexchange.ports import Store, UnitOfWork
from linkexchange.signing import PublicKeys, verify

JUDGE_JOB = "judge"


@dataclass(frozen=True, slots=True)
class Counter:
    """A participant that takes requests in. It needs neither card nor record nor hub nor PACS."""

    me: TelematikId
    store: Store
    now: Callable[[], datetime]

    def hand_in(self, signed: str, requester: TelematikId, keys: PublicKeys) -> None:
        """Take a request in, and let a job judge it. The same once more changes nothing.

        `keys` is the one of the caller's TLS certificate. Raises `MessageFault` with the failed step, after that has
        been written down, or `RequestsFull`.
        """
        with self._refusals(requester):
            request = read(verify(signed, keys), origin=self.me, requester=requester, now=self.now())
            with self.store.work(self.me) as work:
                self._take(work, request, signed)

    def answer(self, request: UUID, requester: TelematikId) -> Answered:
        """Where a request stands; one of somebody else is not there. Raises `UnknownRequest`."""
        with self.store.work(self.me) as work:
            heard = work.requests.find(request, requester)
            if heard is None:
                raise UnknownRequest
            return heard.answer(self.now(), active=heard.link is None or work.links.is_active(heard.link))

    def _take(self, work: UnitOfWork, request: ReleaseRequest, signed: str) -> None:
        """Step 7: a number stands for one request."""
        number, requester = str(request.request), request.requester
        if work.requests.open_of(requester) >= OPEN_MAX and not work.requests.find(request.request, requester):
            raise RequestsFull
        if not work.requests.hear(Heard(request, self.now()), signed):
            known = work.requests.find(request.request, requester)
            if known is None or not known.request.repeats(request):
                raise MessageFault("release request, step 7: number")
            return
        work.audit(Action.RELEASE_HEARD, request=number, requester=requester, kind=request.kind.value)
        work.emit(Action.RELEASE_HEARD.value, request=number)
        work.defer(JUDGE_JOB, once=f"judge {number}", request=number)

    @contextmanager
    def _refusals(self, requester: TelematikId) -> Iterator[None]:
        """What is turned away inside leaves an entry in the trail."""
        try:
            yield
        except (MessageFault, RequestsFull) as fault:
            with self.store.work(self.me) as work:
                work.audit(Action.RELEASE_TURNED_AWAY, requester=requester, reason=fault.code, step=fault.detail)
            raise
