"""`linkexchange pacs`: the PACS of this node, written by hand until a probe writes them."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport, Retrieve

app = typer.Typer(help="The PACS of this node.", no_args_is_help=True)


@app.command("set")
def put(
    name: Annotated[str, typer.Argument(help="Name by which this node and the directory know the PACS.")],
    ae_title: Annotated[str, typer.Option(help="AE title of the PACS.")],
    host: Annotated[str, typer.Option(help="Host name or address of the PACS.")],
    port: Annotated[int, typer.Option(help="DICOM port of the PACS.", min=1, max=65535)],
    retrieve: Annotated[Retrieve, typer.Option(help="How studies are fetched from it.")] = Retrieve.C_GET,
    dicomweb_url: Annotated[str, typer.Option(help="Base of its DICOMweb service, if it has one.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Register a PACS, or change what is known of it."""
    chosen = node_settings(settings)
    if retrieve is Retrieve.DICOMWEB and not dicomweb_url:
        raise SettingRefused("--dicomweb-url is needed with --retrieve dicomweb")
    try:
        passport = Passport(name, AeTitle(ae_title), host, port=port, retrieve=retrieve, dicomweb_url=dicomweb_url)
    except ValueError as wrong:
        raise SettingRefused("--ae-title: 1 to 16 characters, no backslash") from wrong
    with bootstrap.database(chosen).work(TelematikId(chosen.telematik_id)) as work:
        work.pacs.put(passport)
        work.audit(Action.PACS_CHANGED, pacs=name)
    typer.echo(f"{name}: {ae_title} at {host}:{port}, fetched by {retrieve}")


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """List the PACS of this node."""
    chosen = node_settings(settings)
    with bootstrap.database(chosen).work(TelematikId(chosen.telematik_id)) as work:
        for it in work.pacs.all():
            typer.echo(f"{it.name}\t{it.ae_title}\t{it.host}:{it.port}\t{it.retrieve}\t{it.dicomweb_url}")
