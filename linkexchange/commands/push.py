"""`linkexchange push`."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange import push as use_case
from linkexchange.commands.arguments import kvnr_of, study_of, telematik_id_of
from linkexchange.commands.options import SettingsFile, node_settings


def push(
    study: Annotated[str, typer.Argument(help="Study Instance UID.")],
    participant: Annotated[str, typer.Argument(help="Telematik-ID of the receiver.")],
    pacs: Annotated[str, typer.Option(help="Name of the PACS that holds the study, or `outbox`.")],
    kvnr: Annotated[str, typer.Option(help="The patient's KVNR, where the image header names none.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Let a participant have a study: an offer goes out, and the receiver's node pulls."""
    node = bootstrap.node(node_settings(settings))
    receiver = telematik_id_of(participant)
    link = use_case.push(node, study_of(study), receiver, pacs=pacs, kvnr=kvnr_of(kvnr) if kvnr else None)
    typer.echo(f"offered to {receiver}: link {link}")
