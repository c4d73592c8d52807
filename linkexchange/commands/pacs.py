"""`linkexchange pacs`: the PACS of this node, written by hand until a probe writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from linkexchange import bootstrap
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.errors import SettingRefused, UnknownPacs
from linkexchange.model.audit import Action
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.outbox import OUTBOX
from linkexchange.model.passport import Passport, Retrieve, Store
from linkexchange.ports import UnitOfWork

app = typer.Typer(help="The PACS of this node.", no_args_is_help=True)


@app.command("set")
def put(
    name: Annotated[str, typer.Argument(help="Name by which this node and the directory know the PACS.")],
    ae_title: Annotated[str, typer.Option(help="AE title of the PACS.")],
    host: Annotated[str, typer.Option(help="Host name or address of the PACS.")],
    port: Annotated[int, typer.Option(help="DICOM port of the PACS.", min=1, max=65535)],
    retrieve: Annotated[
        Retrieve | None, typer.Option(help="How studies are fetched from it; c-get to begin with.")
    ] = None,
    store: Annotated[Store | None, typer.Option(help="How images are given to it; c-store to begin with.")] = None,
    dicomweb_url: Annotated[str | None, typer.Option(help="Base of its DICOMweb service, if it has one.")] = None,
    tls: Annotated[bool | None, typer.Option(help="Whether its DICOM port speaks TLS; no to begin with.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Register a PACS, or change where it is and how it is asked; what is not named, and its limits, stay."""
    if name == OUTBOX:
        raise SettingRefused("NAME: outbox is the name of the node's own outbox")
    chosen = node_settings(settings)
    options = {"retrieve": retrieve, "store": store, "dicomweb_url": dicomweb_url, "tls": tls}
    named: dict[str, Any] = {option: value for option, value in options.items() if value is not None}
    with bootstrap.database(chosen).work(TelematikId(chosen.telematik_id)) as work:
        passport = replace(_at(work, name, _title(ae_title)), host=host, port=port, **named)
        if not passport.dicomweb_url and (passport.retrieve is Retrieve.DICOMWEB or passport.store is Store.STOW_RS):
            raise SettingRefused("--dicomweb-url is needed with --retrieve dicomweb and --store stow-rs")
        _put(work, passport)
    typer.echo(f"{name}: {ae_title} at {host}:{port}, fetched by {passport.retrieve}, stored to by {passport.store}")


@app.command("limit")
def limit(
    name: Annotated[str, typer.Argument(help="Name of a registered PACS.")],
    associations: Annotated[int | None, typer.Option(help="How many retrievals, and how many to store.", min=1)] = None,
    no_prefetch: Annotated[
        list[str] | None, typer.Option(help="Hours without prefetch, such as 07:00-18:00; may be given several times.")
    ] = None,
    prefetch_always: Annotated[bool, typer.Option("--prefetch-always", help="No hours without prefetch.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Say how much a PACS bears at once, and when it is left alone; what is not named stays."""
    chosen = node_settings(settings)
    hours = () if prefetch_always else _hours(no_prefetch) if no_prefetch else None
    with bootstrap.database(chosen).work(TelematikId(chosen.telematik_id)) as work:
        known = work.pacs.find(name)
        limited = replace(
            known,
            max_associations=associations or known.max_associations,
            no_prefetch=known.no_prefetch if hours is None else hours,
        )
        _put(work, limited)
    closed = ", ".join(map(str, limited.no_prefetch)) or "never"
    typer.echo(f"{name}: {limited.max_associations} at once, without prefetch: {closed}")


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """List the PACS of this node."""
    chosen = node_settings(settings)
    with bootstrap.database(chosen).work(TelematikId(chosen.telematik_id)) as work:
        for it in work.pacs.all():
            typer.echo(f"{it.name}\t{it.ae_title}\t{it.host}:{it.port}\t{it.retrieve}\t{it.dicomweb_url}")


def _put(work: UnitOfWork, passport: Passport) -> None:
    work.pacs.put(passport)
    work.audit(Action.PACS_CHANGED, pacs=passport.name)


def _at(work: UnitOfWork, name: str, title: AeTitle) -> Passport:
    """What is known of it, under this AE title."""
    try:
        return replace(work.pacs.find(name), ae_title=title)
    except UnknownPacs:
        return Passport(name, title, host="", port=0)


def _title(text: str) -> AeTitle:
    try:
        return AeTitle(text)
    except ValueError as wrong:
        raise SettingRefused("--ae-title: 1 to 16 characters, no backslash") from wrong


def _hours(texts: Sequence[str]) -> tuple[Hours, ...]:
    try:
        return tuple(map(Hours.parse, texts))
    except ValueError as wrong:
        raise SettingRefused("--no-prefetch: hours such as 07:00-18:00") from wrong
