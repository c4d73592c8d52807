"""Transfers as they happen, how to stop one, and their proofs. Each is shown by its number, which names no patient."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import pull
from linkexchange.errors import Overtaken, UnknownTransfer
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Node, Progress, UnitOfWork
from linkexchange.web import german
from linkexchange.web.pages import readiness
from linkexchange.web.pages.account import Account, account_of
from linkexchange.web.pages.fetching import USER
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.site import Site
from linkexchange.web.pages.words import ROUTES


@dataclass(frozen=True, slots=True)
class Shown:
    """One transfer as a page shows it.

    `stop_asked` says who wants it stopped, `route` how its origin was reached last, where there is a choice.
    """

    transfer: Transfer
    progress: Progress
    origin: str
    stop_asked: str = ""
    account: Account | None = None
    route: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.transfer.state in FINAL

    @property
    def stopping(self) -> bool:
        """Whether somebody wants it stopped, and it has not ended yet."""
        return bool(self.stop_asked) and not self.ended

    @property
    def state(self) -> str:
        """The German word."""
        return german.STOPPING if self.stopping else german.STATES[self.transfer.state]

    @property
    def remaining(self) -> str:
        """The estimate while it moves; empty where there is none."""
        seconds = self.progress.seconds_left
        moving = self.transfer.state is State.MOVING and not self.stopping
        return german.remaining(seconds) if moving and seconds is not None else ""

    @property
    def explanation(self) -> german.Explanation | None:
        """Why it waits, or has not ended well."""
        return german.explain_reason(self.transfer.reason) if self.transfer.reason else None


def add_transfers(site: Site, node: Node, events: Events, names: Names) -> None:
    """The list, each transfer, and its proof."""

    @site.pages.get("/transfers")
    def transfers(request: Request) -> HTMLResponse:
        after = events.newest_event(node.me)
        with node.store.work(node.me) as work:
            alarm = readiness.shown(work)
        return site.page(request, "transfers.html", after=after, alarm=alarm, shown=_recent(node, names))

    @site.pages.get("/transfers/{transfer}")
    def one(request: Request, transfer: UUID) -> HTMLResponse:
        after = events.newest_event(node.me)
        return site.page(request, "transfer.html", after=after, it=_one(node, names, transfer))

    @site.pages.get("/transfers/{transfer}/row")
    def row(request: Request, transfer: UUID) -> HTMLResponse:
        return site.page(request, "parts/row.html", it=_one(node, names, transfer))

    @site.pages.get("/transfers/{transfer}/course")
    def course(request: Request, transfer: UUID) -> HTMLResponse:
        return site.page(request, "parts/course.html", it=_one(node, names, transfer))

    _add_stopping(site, node, names)
    _add_proofs(site, node, names)


def _add_stopping(site: Site, node: Node, names: Names) -> None:
    """The question, and the stop itself, which leads back to the transfer."""

    @site.pages.get("/transfers/{transfer}/stop")
    def question(request: Request, transfer: UUID) -> HTMLResponse:
        return site.page(request, "stop.html", it=_one(node, names, transfer))

    @site.forms.post("/transfers/{transfer}/stop")
    def stop(transfer: UUID) -> RedirectResponse:
        pull.stop(node, transfer, USER)
        return RedirectResponse(f"/transfers/{transfer}", status_code=303)


def _add_proofs(site: Site, node: Node, names: Names) -> None:
    @site.pages.get("/transfers/{transfer}/proof")
    def proof(request: Request, transfer: UUID) -> HTMLResponse:
        shown = _one(node, names, transfer)
        if shown.account is None:
            raise UnknownTransfer
        return site.page(request, "proof.html", it=shown)

    @site.pages.get("/transfers/{transfer}/proof.jws")
    def signed(transfer: UUID) -> Response:
        with node.store.work(node.me) as work:
            content = work.transfers.proof(transfer)
        if content is None:
            raise UnknownTransfer
        name = f"nachweis-{transfer}.jws"
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="application/jose", headers=disposition)


def _recent(node: Node, names: Names) -> list[Shown]:
    with node.store.work(node.me) as work:
        rows = [(*row, _stop_asked(work, row[0])) for row in work.transfers.recent()]
    return [Shown(transfer, progress, names.of(transfer.origin), asked) for transfer, progress, asked in rows]


def _one(node: Node, names: Names, number: UUID) -> Shown:
    with node.store.work(node.me) as work:
        transfer, progress = work.transfers.get(number), work.transfers.counts(number)
        signed, asked = work.transfers.proof(number), _stop_asked(work, transfer)
        known = work.routes.find(transfer.origin) if transfer.origin else None
    account = account_of(signed, node.signer.public) if signed else None
    return Shown(transfer, progress, names.of(transfer.origin), asked, account, ROUTES[known.route] if known else "")


def _stop_asked(work: UnitOfWork, transfer: Transfer) -> str:
    """Who wants it stopped; of a transfer that a worker claims at this very moment the next event tells."""
    try:
        return "" if transfer.state in FINAL else work.transfers.stop_asked(transfer)
    except Overtaken:
        return ""
