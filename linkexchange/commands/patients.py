"""`linkexchange patients`: whose record images belong to, where a person must say so; and who objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from linkexchange import bootstrap
from linkexchange.commands.arguments import kvnr_of, number_of, study_of
from linkexchange.commands.options import USER, SettingsFile, node_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.index import Entry, Question
from linkexchange.model.patient import LocalPatientId

app = typer.Typer(help="Whose record images belong to, and who objects.", invoke_without_command=True)
_Kvnr = Annotated[str, typer.Option(help="The patient's KVNR.")]
_Study = Annotated[str | None, typer.Option(help="Study Instance UID; without it, all studies.", show_default=False)]


@app.callback()
def bare(context: typer.Context, settings: SettingsFile = None) -> None:
    """What waits for a person. Without a further word: list it."""
    if context.invoked_subcommand is None:
        show(settings)


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """List the questions that wait: number, doubt, what the images say, and what the index knows. Patient data."""
    for question, known in bootstrap.patient_index(node_settings(settings)).waiting():
        typer.echo("\t".join(_columns(question, known)))


@app.command("decide")
def decide(
    question: Annotated[str, typer.Argument(help="Number of the question, as `linkexchange patients` lists it.")],
    kvnr: Annotated[str | None, typer.Option(help="Whose images they are.", show_default=False)] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody's: they are not published.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Answer a question. It holds for these images and later ones with the same number and header; it is audited."""
    if (kvnr is None) is not nobody:
        raise SettingRefused("either --kvnr or --nobody")
    index = bootstrap.patient_index(node_settings(settings))
    index.decide(_question(question), kvnr_of(kvnr) if kvnr else None, user=USER)
    typer.echo("decided")


@app.command("set")
def assign(
    number: Annotated[str, typer.Argument(help="Patient ID, as the images name it.")],
    kvnr: _Kvnr,
    issuer: Annotated[str, typer.Option(help="Issuer of Patient ID; without it, whoever uses the number.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Say whose number it is: no message says otherwise from now on. Audited."""
    local = LocalPatientId(number.strip(), issuer.strip())
    if not local.value:
        raise SettingRefused("NUMBER: is empty")
    bootstrap.patient_index(node_settings(settings)).assign(local, kvnr_of(kvnr), user=USER)
    typer.echo("set")


@app.command("card")
def card(
    number: Annotated[str, typer.Argument(help="Patient ID of this patient; without it, none is assigned.")] = "",
    issuer: Annotated[str, typer.Option(help="Issuer of Patient ID; without it, whoever uses the number.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Read the insurance card (eGK) in the terminal: the record opens to this institution. Audited."""
    from linkexchange.telematik import Telematik

    read = node_settings(settings)
    local = LocalPatientId(number.strip(), issuer.strip()) if number.strip() else None
    with Telematik(read, bootstrap.now) as telematik:
        until = bootstrap.patient_index(read).admit(telematik.insurance_card(), local, user=USER)
    typer.echo(f"the record is open until {until:%Y-%m-%d}")


@app.command("object")
def objection(kvnr: _Kvnr, study: _Study = None, settings: SettingsFile = None) -> None:
    """The patient objects: nothing is published any more, and what is published is withdrawn. Audited."""
    index = bootstrap.patient_index(node_settings(settings))
    index.object(kvnr_of(kvnr), study_of(study) if study else None, user=USER)
    typer.echo("objection kept")


@app.command("agree")
def agreement(kvnr: _Kvnr, study: _Study = None, settings: SettingsFile = None) -> None:
    """The patient objects no longer. Audited."""
    index = bootstrap.patient_index(node_settings(settings))
    there = index.withdraw_objection(kvnr_of(kvnr), study_of(study) if study else None, user=USER)
    typer.echo("objection ended" if there else "there was no such objection")


def _columns(question: Question, known: Sequence[Entry]) -> Sequence[str]:
    header = question.header
    local = question.local
    born = str(header.birth_date or "no birth date")
    return (
        str(question.question),
        f"since {question.asked.astimezone():%Y-%m-%d %H:%M}",
        question.doubt.value,
        f"{local.value} of {local.issuer}" if local.issuer else local.value,
        f"images: {header.name}, {born}, {header.sex or 'no sex'}, {header.kvnr or 'no KVNR'}",
        *(
            f"known: {it.family}^{it.given}, {it.birth_date or 'no birth date'}, {it.sex or 'no sex'}, "
            f"{it.kvnr or 'no KVNR'} ({it.source})"
            for it in known
        ),
    )


def _question(value: str) -> UUID:
    return number_of(value, "QUESTION: not the number of a question")
