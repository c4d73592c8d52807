"""`linkexchange find` and `linkexchange pull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from linkexchange import bootstrap
from linkexchange import pull as use_case
from linkexchange.commands.arguments import kvnr_of
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.model.transfer import Ask, Authority, Purpose, State, Transfer
from linkexchange.ports import Node
from linkexchange.watching import account, until_ended

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C has ended (128 and the number of SIGINT)."""

Kvnr = Annotated[str, typer.Option(help="The patient's KVNR.")]


def find(kvnr: Kvnr, settings: SettingsFile = None) -> None:
    """List the links to studies in a patient's record, newest first."""
    node = bootstrap.node(node_settings(settings))
    for entry in node.record.find(kvnr_of(kvnr)):
        typer.echo(f"{entry.entry}\t{entry.created:%Y-%m-%d %H:%M}\t{entry.title}")


def pull(
    entry: Annotated[str, typer.Argument(help="Entry in the record, as `linkexchange find` lists it.")],
    kvnr: Kvnr,
    destination: Annotated[str, typer.Option(help="Name of the own PACS that receives the study.")],
    purpose: Annotated[Purpose, typer.Option(help="What the images are for.")] = Purpose.TREATMENT,
    user: Annotated[str, typer.Option(help="Who asks; it stands in the audit trail of both ends.")] = "command line",
    proof: Annotated[Path | None, typer.Option(help="Write the signed proof into this file.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Bring a study into the own PACS, and print the proof. The exit status is 0 only when it is complete."""
    node = bootstrap.node(node_settings(settings))
    ask = Ask(Authority.RECORD, destination, purpose, user=user, kvnr=kvnr_of(kvnr), entry=entry)
    ended = _watch(node, use_case.request(node, ask))
    with node.store.work(node.me) as work:
        signed = work.transfers.proof(ended.transfer)
    if proof and signed:
        proof.write_text(signed)
    for line in account(node, ended.state, ended.reason, signed=signed):
        typer.echo(line)
    raise typer.Exit(0 if ended.state is State.COMPLETE else 1)


def _watch(node: Node, transfer: UUID) -> Transfer:
    """Until it has ended. Whoever looks away (Ctrl-C) does not stop it, and is told how one does."""
    typer.echo(f"transfer {transfer}", err=True)
    try:
        return until_ended(node, transfer)
    except KeyboardInterrupt:
        typer.echo(f"it goes on without you; to stop it: linkexchange stop {transfer}", err=True)
        raise typer.Exit(INTERRUPTED) from None
