"""The page of the hub, in German, for its operator: who takes part, what was decided, and how transfers have ended.

The hub knows institutions, numbers and decisions; there is no patient on this page, since there is none at the hub.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange.admit import Admission
from linkexchange.govern import Rulebook
from linkexchange.model.access import Offer
from linkexchange.model.balance import Imbalance
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import HUB, Participant
from linkexchange.model.trail import Chain
from linkexchange.ports import Account
from linkexchange.ports.balance import Open
from linkexchange.web import explaining
from linkexchange.web.pages.enrolments import PATH, add_enrolments
from linkexchange.web.pages.fields import Field
from linkexchange.web.pages.rehearsal import add_rehearsal
from linkexchange.web.pages.site import Place, Site
from linkexchange.web.pages.trail import shown

USER = "web page"
IMBALANCES: dict[str, str] = {
    Imbalance.NOT_GRANTED: "Bilder ohne Erlaubnis",
    Imbalance.RECEIPT_MISSING: "Quittung des Empfängers fehlt",
    Imbalance.DISPATCH_MISSING: "Abgabemeldung der Herkunft fehlt",
    Imbalance.UNSENT_RECEIVED: "mehr oder andere Bilder angekommen als abgegeben",
    Imbalance.SENT_NOT_RECEIVED: "weniger Bilder angekommen als abgegeben",
}


class Line(Protocol):
    """What every line about a transfer says."""

    @property
    def transfer(self) -> UUID:
        """Its number, the same at both ends."""
        ...

    @property
    def requester(self) -> TelematikId:
        """Who wanted the study."""
        ...

    @property
    def origin(self) -> TelematikId:
        """Who has it."""
        ...

    @property
    def at(self) -> datetime:
        """When this was written down."""
        ...


class Decided(Line, Protocol):
    """A decision of the resolver."""

    @property
    def authority(self) -> str:
        """Why the transfer may happen."""
        ...

    @property
    def purpose(self) -> str:
        """What the images are for."""
        ...

    @property
    def reason(self) -> str:
        """Why it was denied; empty where it was granted."""
        ...

    @property
    def decision(self) -> UUID:
        """Its number."""
        ...


class Alarmed(Protocol):
    """A quota that somebody has come to."""

    @property
    def requester(self) -> TelematikId:
        """Who."""
        ...

    @property
    def quota(self) -> str:
        """Its name."""
        ...

    @property
    def at(self) -> datetime:
        """Since when."""
        ...

    @property
    def lock(self) -> UUID | None:
        """The number of the lock, where it is one."""
        ...

    @property
    def user(self) -> str:
        """The user that it is about; empty for the institution."""
        ...


class Booked(Line, Protocol):
    """How a transfer has ended, as its receiver says."""

    @property
    def outcome(self) -> str:
        """The final state."""
        ...

    @property
    def stored(self) -> int:
        """How many instances have arrived."""
        ...

    @property
    def expected(self) -> int:
        """How many there are."""
        ...


class Overview(Protocol):
    """What the hub's tables say, over all participants, newest first."""

    def participants(self) -> Sequence[Participant]:
        """The directory, by name."""
        ...

    def decisions(self) -> Sequence[Decided]:
        """What was granted and denied."""
        ...

    def receipts(self) -> Sequence[Booked]:
        """How transfers have ended."""
        ...

    def offers(self) -> Sequence[Offer]:
        """Offers that nobody has taken up yet."""
        ...

    def imbalances(self) -> Sequence[Open]:
        """Where both ends of a transfer do not agree."""
        ...

    def chains(self) -> Sequence[Chain]:
        """The audit chain of each participant."""
        ...

    def accounts(self, number: UUID) -> Sequence[Account]:
        """A decision by its number, or those about a transfer, oldest first."""
        ...

    def alarms(self, now: datetime) -> Sequence[Alarmed]:
        """Quotas that have come to their alarm within a day."""
        ...

    def locks(self) -> Sequence[Alarmed]:
        """Who is locked."""
        ...


def application(
    overview: Overview, now: Callable[[], datetime], admission: Admission | None = None, book: Rulebook | None = None
) -> FastAPI:
    """The ASGI application of the hub's pages; without `admission` there is the first one only.

    Without `book` it lifts no locks and rehearses nothing.
    """
    menu = [Place("/", "Stand"), Place(PATH, "Teilnehmer")] if admission else []
    site = Site("Bilderaustausch", owner="Vermittlungsstelle", menu=menu)
    if admission:
        add_enrolments(site, admission, now)
    _add_decisions(site, overview)
    if book:
        _add_locks(site, book, now)
        add_rehearsal(site, book, overview.participants, now)

    @site.pages.get("/")
    def state(request: Request) -> HTMLResponse:
        participants = overview.participants()
        return site.page(
            request,
            "hub.html",
            now=now(),
            participants=participants,
            names={HUB: "Vermittlungsstelle", **{row.telematik_id: row.name for row in participants}},
            decisions=overview.decisions(),
            receipts=overview.receipts(),
            offers=overview.offers(),
            imbalances=overview.imbalances(),
            chains=[shown(it) for it in overview.chains()],
            kinds=IMBALANCES,
            alarms=overview.alarms(now()),
            locks=overview.locks(),
            lifts=book is not None,
            quota=explaining.quota,
            reasons=explaining.WHY,
        )

    return site.application()


def _add_decisions(site: Site, overview: Overview) -> None:
    @site.pages.get("/decisions/{number}")
    def decision(request: Request, number: UUID) -> HTMLResponse:
        found = overview.accounts(number)
        if not found:
            raise HTTPException(404)
        names = {row.telematik_id: row.name for row in overview.participants()}
        return site.page(request, "decision.html", accounts=found, names=names, explain=explaining)


def _add_locks(site: Site, book: Rulebook, now: Callable[[], datetime]) -> None:
    @site.forms.post("/locks/lift")
    def lift(requester: Field, lock: Field) -> RedirectResponse:
        try:
            book.lift(TelematikId(requester), UUID(lock), user=USER, at=now())
        except ValueError:
            raise HTTPException(422) from None
        return RedirectResponse("/", status_code=303)
