"""`linkexchange outbox`: what was sent to this node and waits until somebody has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange import outbox as use_case
from linkexchange.commands.arguments import study_of
from linkexchange.commands.options import USER, SettingsFile, node_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.outbox import REASON_MAX_CHARACTERS, Waiting
from linkexchange.outbox import Contents

app = typer.Typer(help="What waits in the outbox until somebody has it.", invoke_without_command=True)


@app.callback()
def bare(context: typer.Context, settings: SettingsFile = None) -> None:
    """What waits in the outbox until somebody has it. Without a further word: list it."""
    if context.invoked_subcommand is None:
        show(settings)


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """List the studies that wait: since when, how many images and bytes, how it stands, and to whom it was sent."""
    node = bootstrap.node(node_settings(settings))
    contents = use_case.waiting(node)
    for study in contents.studies:
        typer.echo("\t".join(_columns(study)))
    typer.echo(_room(contents), err=True)


@app.command("discard")
def discard(
    study: Annotated[str, typer.Argument(help="Study Instance UID, as `linkexchange outbox` lists it.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit trail, so name no patient.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Delete a study that waits, delivered or not. Nobody can bring it back; the decision is audited."""
    why, uid = reason.strip(), study_of(study)
    if not why or len(why) > REASON_MAX_CHARACTERS:
        raise SettingRefused(f"--reason: 1 to {REASON_MAX_CHARACTERS} characters")
    node = bootstrap.node(node_settings(settings))
    if not yes:
        typer.confirm("Delete the images of this study? Nobody can bring them back.", abort=True)
    typer.echo(f"discarded: {use_case.discard(node, uid, reason=why, user=USER)} images")


def _columns(it: Waiting) -> Iterator[str]:
    yield it.study
    yield f"since {it.since.astimezone():%Y-%m-%d %H:%M}"
    yield f"{it.instances} images"
    yield f"{it.bytes} bytes"
    yield f"{it.state}: {it.newest.outcome}" if it.newest and it.newest.outcome else str(it.state)
    if it.newest:
        yield f"to {it.newest.receiver}"
    if it.damaged:
        yield f"damaged: {it.damaged}"


def _room(contents: Contents) -> str:
    alarm = "ALARM: the outbox fills up; send or discard what waits. " if contents.alarm else ""
    most = f" of {contents.max_bytes}" if contents.max_bytes else ""
    return f"{alarm}{len(contents.studies)} studies, {contents.bytes}{most} bytes"
