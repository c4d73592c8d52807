"""`linkexchange ask` and `asked`: ask another institution to release a study, and hear what became of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import typer

from linkexchange import bootstrap, releasing
from linkexchange.commands.arguments import day_of, kvnr_of, study_of, telematik_id_of
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.errors import RequestIncomplete
from linkexchange.model.release_request import Kind, Sought, Wanted
from linkexchange.model.released import Asked

USUAL_DAYS = 14


def ask(
    participant: Annotated[str, typer.Argument(help="Telematik-ID of the institution that has the images.")],
    kind: Annotated[Kind, typer.Option(help="Why there is no document to read.")],
    reason: Annotated[str, typer.Option(help="A reason that a person there can read; blanks are none.")],
    user: Annotated[str, typer.Option(help="Name of the person who asks.")],
    destination: Annotated[str, typer.Option(help="Name of the PACS here that gets the images.")],
    until: Annotated[str, typer.Option(help="Last day; without it, two weeks from now.")] = "",
    kvnr: Annotated[str, typer.Option(help="The patient's KVNR; or name and birth date.")] = "",
    family: Annotated[str, typer.Option(help="The patient's family name.")] = "",
    given: Annotated[str, typer.Option(help="The patient's given name.")] = "",
    born: Annotated[str, typer.Option(help="The patient's birth date, as 1970-01-31.")] = "",
    sex: Annotated[str, typer.Option(help="The patient's sex: M, F or O.")] = "",
    study: Annotated[str, typer.Option(help="Study Instance UID, where it is known.")] = "",
    accession: Annotated[str, typer.Option(help="Accession number, where it is known.")] = "",
    modality: Annotated[str, typer.Option(help="Modality, such as CT.")] = "",
    body_part: Annotated[str, typer.Option(help="Body part examined, such as HEAD.")] = "",
    first: Annotated[str, typer.Option(help="The study is not older than this day.")] = "",
    last: Annotated[str, typer.Option(help="The study is not newer than this day.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Ask another institution to release one study, where no document can be read. It decides by rule or by person."""
    origin = telematik_id_of(participant)
    number = kvnr_of(kvnr) if kvnr else None
    named = study_of(study) if study else None
    try:
        patient = Sought(number, family.strip(), given.strip(), _day(born, "--born"), sex)
        texts = (accession.strip(), modality.strip().upper(), body_part.strip().upper())
        wanted = Wanted(named, *texts, _day(first, "--first"), _day(last, "--last"))
    except ValueError as wrong:
        raise RequestIncomplete(str(wrong)) from wrong
    node = bootstrap.node(node_settings(settings))
    last_day = _day(until, "--until") or node.now().astimezone().date() + timedelta(days=USUAL_DAYS)
    wish = releasing.Wish(origin, kind, reason, patient, wanted, last_day, user, destination)
    typer.echo(f"asked: {releasing.ask(node, wish)}")


def asked(settings: SettingsFile = None) -> None:
    """List the newest requests of this institution for a release: number, origin, kind, where it stands."""
    node = bootstrap.node(node_settings(settings))
    with node.store.work(node.me) as work:
        rows = work.own_requests.recent()
    for row in rows:
        typer.echo("\t".join(_columns(row)))


def _columns(row: Asked) -> list[str]:
    request = row.request
    expires = f"until {row.expires.astimezone():%Y-%m-%d %H:%M}" if row.expires else ""
    columns = (str(request.request), request.origin, request.kind.value, row.standing.value, row.detail, expires)
    return [it for it in columns if it]


def _day(value: str, option: str) -> date | None:
    return day_of(value, option) if value else None
