"""`linkexchange doctor ti`: would the chain to the TI carry a pull tonight?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkexchange import bootstrap, doctor
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.model.readiness import Finding, Readiness, Verdict, Walked
from linkexchange.model.readiness_words import Language, evidence, step_name, told, verdict_name
from linkexchange.web import german

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {Verdict.WELL: "green", Verdict.WARNS: "yellow", Verdict.FAILS: "red", Verdict.UNSEEN: "dim"}
_HEADINGS = {Language.GERMAN: ("Was", "Ergebnis", "Beleg"), Language.ENGLISH: ("what", "verdict", "evidence")}
_LINES = {
    Language.GERMAN: "{what}: {cause} Zuständig: {owner}. Zu tun: {next_step}",
    Language.ENGLISH: "{what}: {cause} Owner: {owner}. Next: {next_step}",
}
_ALL_WELL = {Language.GERMAN: "Es ist nichts zu tun.", Language.ENGLISH: "Nothing is to be done."}


def ti(
    lang: Annotated[Language, typer.Option(help="Language of what is told; JSON has both.")] = Language.GERMAN,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Walk from the Konnektor to the record systems; the exit status is 1 where something would stop a pull tonight."""
    walked = doctor.ti(bootstrap.node(node_settings(settings)))
    if as_json:
        typer.echo(json.dumps(_document(walked), indent=2, ensure_ascii=False))
    else:
        _show(walked.readiness, lang)
    raise typer.Exit(1 if walked.readiness.blocks else 0)


def _document(walked: Walked) -> dict[str, Any]:
    """What was found, and what follows from it, in both languages."""
    known, since = walked.readiness.to_json(), walked.alarm_since
    needs = [_need(it) for it in _problems(walked.readiness)]
    return {**known, "at": walked.at.isoformat(), "alarm_since": since and since.isoformat(), "needs": needs}


def _need(found: Finding) -> dict[str, Any]:
    words = {it: told(found, it) for it in Language}
    said = {it.value: {"cause": one.cause, "next_step": one.next_step} for it, one in words.items()}
    owner = words[Language.ENGLISH].owner.value
    return {"step": found.step.value, "subject": found.subject, "reason": found.reason, "owner": owner, **said}


def _problems(readiness: Readiness) -> tuple[Finding, ...]:
    return (*readiness.blocks, *readiness.warns)


def _show(readiness: Readiness, lang: Language) -> None:
    from rich.console import Console

    console = Console()
    _show_table(readiness, lang, console)
    for found in _problems(readiness):
        console.print(_line(found, lang), markup=False, soft_wrap=True)
    if not _problems(readiness):
        console.print(_ALL_WELL[lang])


def _show_table(readiness: Readiness, lang: Language, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in _HEADINGS[lang]:
        table.add_column(heading)
    for it in readiness.findings:
        verdict = Text(verdict_name(it, lang), _STYLES[it.verdict])
        table.add_row(Text(step_name(it, lang)), verdict, Text(evidence(it, lang)))
    console.print(table)


def _line(found: Finding, lang: Language) -> str:
    said = told(found, lang)
    owner = german.OWNERS[said.owner] if lang is Language.GERMAN else said.owner.value
    return _LINES[lang].format(what=said.what, cause=said.cause, owner=owner, next_step=said.next_step)
