"""`linkexchange participant`: the hub's directory, until participants enrol by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.commands.options import SettingsFile, hub_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant

app = typer.Typer(help="The participants of the network, as the hub's directory has them.", no_args_is_help=True)


@app.command("set")
def put(
    telematik_id: Annotated[str, typer.Argument(help="Telematik-ID of the institution.")],
    name: Annotated[str, typer.Option(help="Name of the institution.")],
    node_url: Annotated[str, typer.Option(help="Address of its node's mTLS port, https://…")],
    destination: Annotated[list[str], typer.Option(help="Name of a PACS that may receive; repeat it for more.")],
    settings: SettingsFile = None,
) -> None:
    """Enter an institution into the directory, or change its entry."""
    chosen = hub_settings(settings)
    try:
        me = TelematikId(telematik_id)
    except ValueError as wrong:
        raise SettingRefused("TELEMATIK_ID: not a Telematik-ID") from wrong
    if not node_url.startswith("https://"):
        raise SettingRefused("--node-url: must begin with https://")
    with bootstrap.database(chosen).work(me) as work:
        work.directory.put(Participant(me, name, node_url.rstrip("/"), tuple(destination)))
        work.audit(Action.PARTICIPANT_ENROLLED, node_url=node_url)
    typer.echo(f"{me}: {name} at {node_url}, destinations {', '.join(destination)}")
