"""`linkexchange stop`."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import bootstrap, pull
from linkexchange.commands.arguments import transfer_of
from linkexchange.commands.options import USER, SettingsFile, node_settings
from linkexchange.model.transfer import FINAL
from linkexchange.watching import account, until_stopped


def stop(
    transfer: Annotated[
        str, typer.Argument(help="Number of the transfer, as `linkexchange pull` and its page name it.")
    ],
    settings: SettingsFile = None,
) -> None:
    """Stop a transfer. What has arrived stays, and nothing more is sent; one that has ended stays as it is."""
    node = bootstrap.node(node_settings(settings))
    number = transfer_of(transfer)
    pull.stop(node, number, USER)
    row = until_stopped(node, number)
    with node.store.work(node.me) as work:
        signed = work.transfers.proof(number)
    if row.state not in FINAL:
        typer.echo("stop asked for; the worker that has this transfer has not answered yet")
        raise typer.Exit(1)
    for line in account(node, row.state, row.reason, signed=signed):
        typer.echo(line)
