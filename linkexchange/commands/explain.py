"""`linkexchange explain`: why was this refused, and what would be decided now?"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from linkexchange import bootstrap
from linkexchange import explain as explaining
from linkexchange.commands.arguments import telematik_id_of
from linkexchange.commands.options import OfHub, SettingsFile, settings_of
from linkexchange.errors import SettingRefused, UnknownTransfer
from linkexchange.model.policy import Wish
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.settings import HubSettings, NodeSettings

Text = str | None


def explain(
    number: Annotated[Text, typer.Argument(help="Number of a transfer or of a decision.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be decided now; nothing is written.")] = False,
    requester: Annotated[Text, typer.Option(help="Dry run: Telematik-ID of who would ask.")] = None,
    origin: Annotated[Text, typer.Option(help="Dry run: Telematik-ID of who has the study; a node is its own.")] = None,
    purpose: Annotated[Purpose, typer.Option(help="Dry run: what the images would be for.")] = Purpose.TREATMENT,
    authority: Annotated[Authority, typer.Option(help="Dry run: why it might happen.")] = Authority.RECORD,
    role: Annotated[Text, typer.Option(help="Dry run, hub: professionOID of who would ask.")] = None,
    destination: Annotated[Text, typer.Option(help="Dry run, hub: name of the PACS it would go to.")] = None,
    modality: Annotated[list[str] | None, typer.Option(help="Dry run, node: of a series; repeat it for more.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="Dry run, node: a code of the document.")] = None,
    settings: SettingsFile = None,
    hub: OfHub = False,
) -> None:
    """Say in one paragraph how a decision of this node, or with --hub of the hub, came out as it did."""
    if dry_run == bool(number):
        raise SettingRefused("NUMBER or --dry-run: one of both")
    chosen = settings_of(settings, hub=hub)
    if number:
        _tell(chosen, number)
        return
    wish = Wish(
        requester=telematik_id_of(requester or "", "--requester"),
        origin=telematik_id_of(origin or _own(chosen), "--origin"),
        purpose=purpose,
        authority=authority,
        at=bootstrap.now(),
        role=role if hub else None,
        destination=destination if hub else None,
        modalities=None if hub else frozenset(modality or ()),
        categories=None if hub else frozenset(category or ()),
    )
    _rehearse(chosen, wish, last=not hub)


def _tell(chosen: HubSettings | NodeSettings, number: str) -> None:
    try:
        found = bootstrap.accounts(chosen)(UUID(number))
    except ValueError:
        raise SettingRefused("NUMBER: not the number of a transfer or of a decision") from None
    if not found:
        raise UnknownTransfer
    typer.echo("\n\n".join(explaining.paragraph(account) for account in found))


def _rehearse(chosen: HubSettings | NodeSettings, wish: Wish, *, last: bool) -> None:
    book = bootstrap.rulebook(chosen)
    with book.store.work(wish.origin) as work:
        switches = work.switches.all()
    outcome, said = explaining.rehearsed(book.policy(), wish, switches, last=last)
    for opinion in said:
        applies = {True: "applies", False: "does not apply", None: "cannot be judged here"}[opinion.applies]
        typer.echo("\t".join((opinion.rule, opinion.effect, applies, opinion.why)).rstrip())
    typer.echo(outcome)


def _own(chosen: HubSettings | NodeSettings) -> str:
    return "" if isinstance(chosen, HubSettings) else chosen.telematik_id
