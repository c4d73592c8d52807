"""`linkexchange releases`: what others ask to have released, and the answers to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from linkexchange import bootstrap, releasing
from linkexchange.commands.arguments import day_of, kvnr_of, number_of, study_of
from linkexchange.commands.options import USER, SettingsFile, node_settings
from linkexchange.commands.tables import table_of
from linkexchange.errors import SettingRefused
from linkexchange.model.letting import load
from linkexchange.model.released import Heard

app = typer.Typer(help="What others ask to have released.", no_args_is_help=True)
_Request = Annotated[str, typer.Argument(help="Number of the request, as `linkexchange releases list` names it.")]
_User = Annotated[str, typer.Option(help="Name of the person who decides; it stands in the audit trail.")]


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """List what is open, what awaits a review, then the rest. Holds patient data where a reason does."""
    node = bootstrap.node(node_settings(settings))
    with node.store.work(node.me) as work:
        rows = work.requests.recent()
    for row in rows:
        typer.echo("\t".join(_columns(row, overdue=row.is_overdue(node.now()))))


@app.command("show")
def options(request: _Request, settings: SettingsFile = None) -> None:
    """Say whom and which studies an open request may mean here. Asks the PACS; changes nothing. Patient data."""
    node = bootstrap.node(node_settings(settings))
    with node.store.work(node.me) as work:
        asked = work.requests.get(_number(request)).request
    known, found = releasing.find(node, asked.patient, asked.wanted)
    typer.echo(f"in doubt: {known.hold}" if known.hold else f"known as {known.kvnr}")
    for option in found:
        summary = option.found.summary
        started = f"{summary.started:%Y-%m-%d}" if summary.started else "no date"
        sure = "sure" if option.sure else "not sure"
        typer.echo(f"{summary.manifest.study}\t{option.pacs}\t{started}\t{' '.join(sorted(option.modalities))}\t{sure}")


@app.command("release")
def release(
    request: _Request,
    study: Annotated[str, typer.Argument(help="Study Instance UID of the one study that is let go.")],
    pacs: Annotated[str, typer.Option(help="Name of the PACS that holds the study.")],
    until: Annotated[str, typer.Option(help="Last day of the release, as 2027-01-31.")],
    user: _User,
    kvnr: Annotated[str, typer.Option(help="The patient's KVNR, where the index does not know it.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Let one study go until a day: an offer goes out, and the requester's node pulls."""
    node, number = bootstrap.node(node_settings(settings)), _number(request)
    named, last = study_of(study), day_of(until, "--until")
    insured = kvnr_of(kvnr) if kvnr else None
    link = releasing.release(node, number, named, pacs=pacs, until=last, user=user, kvnr=insured)
    typer.echo(f"released: link {link}")


@app.command("refuse")
def refuse(
    request: _Request,
    reason: Annotated[str, typer.Option(help="Why; the requester reads it.")],
    user: _User,
    settings: SettingsFile = None,
) -> None:
    """Refuse a request, with a reason."""
    releasing.refuse(bootstrap.node(node_settings(settings)), _number(request), reason=reason, user=user)
    typer.echo("refused")


@app.command("review")
def review(
    request: _Request,
    user: _User,
    justified: Annotated[bool, typer.Option("--justified/--not-justified", help="Whether the emergency was one.")],
    note: Annotated[str, typer.Option(help="A remark without names of patients.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Look at a release in an emergency afterwards. Two persons must, and neither may have asked for it."""
    node = bootstrap.node(node_settings(settings))
    reviewed = releasing.review(node, _number(request), justified=justified, user=user, note=note)
    typer.echo("awaits one more person" if reviewed.awaits_review else "reviewed by two persons")


@app.command("rules")
def rules(settings: SettingsFile = None) -> None:
    """Print the rules that let studies go, as JSON that `load` takes."""
    found = bootstrap.letting(node_settings(settings)).all()
    typer.echo(json.dumps({"rules": [rule.to_row() for rule in found]}, ensure_ascii=False, indent=2))


@app.command("load")
def replace(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file with the list `rules`.")],
    settings: SettingsFile = None,
) -> None:
    """Put the rules of a file in the place of all that were there; a wrong one changes nothing. Audited."""
    try:
        found = load(table_of(file))
    except ValueError as wrong:
        raise SettingRefused(f"FILE: {wrong}") from None
    bootstrap.letting(node_settings(settings)).replace(found, user=USER)
    typer.echo(f"rules: {len(found)}")


def _columns(row: Heard, *, overdue: bool) -> list[str]:
    request = row.request
    review = f"{len(row.reviews)} of 2 reviews" if row.review_by else ""
    late = "OVERDUE" if overdue else ""
    columns = (
        str(request.request),
        f"{row.heard.astimezone():%Y-%m-%d %H:%M}",
        request.requester,
        request.kind.value,
        row.standing.value,
        row.hold,
        f"{row.basis} by {row.by}" if row.basis else "",
        review,
        late,
        request.reason,
    )
    return [it for it in columns if it]


def _number(value: str) -> UUID:
    return number_of(value, "REQUEST: not the number of a request")
