"""Transfers as they happen, and their proofs. Each is shown by its number, which names no patient."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from linkexchange.errors import UnknownTransfer
from linkexchange.model.transfer import FINAL, Transfer
from linkexchange.ports import Node, Progress
from linkexchange.web.german import Explanation, explain_reason
from linkexchange.web.pages.account import Account, account_of
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.site import Site


@dataclass(frozen=True, slots=True)
class Shown:
    """One transfer as a page shows it."""

    transfer: Transfer
    progress: Progress
    origin: str
    account: Account | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.transfer.state in FINAL

    @property
    def explanation(self) -> Explanation | None:
        """Why it waits, or has not ended well."""
        return explain_reason(self.transfer.reason) if self.transfer.reason else None


def add_transfers(site: Site, node: Node, events: Events, names: Names) -> None:
    """The list, each transfer, and its proof."""

    @site.pages.get("/transfers")
    def transfers(request: Request) -> HTMLResponse:
        after = events.newest_event(node.me)
        return site.page(request, "transfers.html", after=after, shown=_recent(node, names))

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

    _add_proofs(site, node, names)


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
        rows = work.transfers.recent()
    return [Shown(transfer, progress, names.of(transfer.origin)) for transfer, progress in rows]


def _one(node: Node, names: Names, number: UUID) -> Shown:
    with node.store.work(node.me) as work:
        transfer, progress = work.transfers.get(number), work.transfers.counts(number)
        signed = work.transfers.proof(number)
    account = account_of(signed, node.signer.public) if signed else None
    return Shown(transfer, progress, names.of(transfer.origin), account)
