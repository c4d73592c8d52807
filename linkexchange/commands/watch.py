"""`linkexchange watch`: studies that publish themselves, what they wait for, and old ones."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from linkexchange import bootstrap, notice
from linkexchange.commands.arguments import study_of
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.watched import Source, Wait, Watched

app = typer.Typer(help="Studies that publish themselves, and what they wait for.", no_args_is_help=True)
Pacs = Annotated[str, typer.Option(help="Name of the PACS that holds the studies.")]


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """List the studies that wait, the oldest first: since when, for what, and when they are looked at again."""
    node = bootstrap.node(node_settings(settings))
    with node.store.work(node.me) as work:
        waiting, counts, untold = work.watched.waiting(), work.watched.counts(), work.links.untold()
    for it in waiting:
        typer.echo("\t".join(_columns(it)))
    told = [f"{count} wait for {wait}" for wait, count in counts.items() if wait is not Wait.NOTHING]
    typer.echo(", ".join([*told, f"{len(untold)} links that a record has not been told of yet"]), err=True)


@app.command("look")
def look(
    study: Annotated[str, typer.Argument(help="Study Instance UID.")],
    pacs: Pacs,
    settings: SettingsFile = None,
) -> None:
    """Watch a study from now on, if it is not watched yet, and let it be looked at at once."""
    node = bootstrap.node(node_settings(settings))
    is_new = notice.heard(node, pacs, study_of(study), Source.PERSON)
    typer.echo("watched from now on" if is_new else "is looked at")


@app.command("backfill")
def backfill(
    pacs: Pacs,
    first: Annotated[str, typer.Option("--from", help="First Study Date, as in 2020-01-31.")],
    last: Annotated[str, typer.Option("--to", help="Last Study Date.")],
    settings: SettingsFile = None,
) -> None:
    """Publish the old studies of these days, in the hours and at the rate of the settings; safe to repeat."""
    days = _day(first, "--from"), _day(last, "--to")
    if days[0] > days[1]:
        raise SettingRefused("--from: must not be after --to")
    chosen = node_settings(settings)
    if not chosen.backfill_hours:
        raise SettingRefused("LINKEXCHANGE_BACKFILL_HOURS: is empty, so no old study would ever have its turn")
    typer.echo(f"{notice.backfill(bootstrap.node(chosen), pacs, *days)} studies have been queued")


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingRefused(f"{option}: not a day such as 2020-01-31") from None


def _columns(it: Watched) -> list[str]:
    why = f"{it.wait}: {it.detail}" if it.detail else str(it.wait)
    due = f"looked at {it.due.astimezone():%Y-%m-%d %H:%M}" if it.due else "not looked at"
    return [it.study, it.pacs, f"noticed {it.noticed.astimezone():%Y-%m-%d %H:%M} ({it.source})", why, due]
