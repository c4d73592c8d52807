"""`linkexchange doctor`: is everything around this node as it has to be?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkexchange import bootstrap
from linkexchange import doctor as use_case
from linkexchange.commands import doctor_ti
from linkexchange.commands.arguments import study_of
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.doctor import Probed
from linkexchange.errors import SettingRefused
from linkexchange.model.advice import meaning, needs
from linkexchange.model.findings import Answer, Scope
from linkexchange.ports import Node

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="Looks whether everything around this node is as it has to be.", no_args_is_help=True)
app.command("ti")(doctor_ti.ti)
_STYLES = {Answer.YES: "green", Answer.NO: "yellow", Answer.OPEN: "dim", Answer.UNANSWERED: "red"}


@app.command("pacs")
def pacs(
    name: Annotated[str, typer.Argument(help="Name of the PACS; without it, all PACS of this node.")] = "",
    study: Annotated[str, typer.Option(help="Look at this study (its UID) instead of the first one found.")] = "",
    store: Annotated[
        bool, typer.Option("--store", help="Also store a test object without any patient. It stays in the PACS.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Write what was found into the passport of the PACS.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON and nothing else.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Find out by asking what a PACS can do; the exit status is 1 where an administrator has something to do."""
    node = bootstrap.node(node_settings(settings))
    if study and not name:
        raise SettingRefused("--study is in one PACS: name it")
    scope = Scope(study_of(study) if study else None, store)
    probes = [use_case.probe(node, name, scope)] if name else [use_case.probe(node, it, scope) for it in _names(node)]
    if as_json:
        typer.echo(json.dumps([_document(it) for it in probes], indent=2))
    else:
        _show_all(probes)
    if apply:
        _apply(node, probes, silent=as_json)
    raise typer.Exit(1 if any(needs(it.findings) for it in probes) else 0)


def _names(node: Node) -> list[str]:
    with node.store.work(node.me) as work:
        return [passport.name for passport in work.pacs.all()]


def _document(probed: Probed) -> dict[str, Any]:
    """The findings with what follows from them."""
    concerns = [
        {"concern": it.concern.value, "cause": it.cause, "owner": it.owner.value, "next_step": it.next_step}
        for it in needs(probed.findings)
    ]
    known = probed.findings.to_json()
    return {**known, "at": probed.at.isoformat(), "changes": list(probed.changes), "needs": concerns}


def _show_all(probes: Sequence[Probed]) -> None:
    from rich.console import Console

    console = Console()
    for probed in probes:
        _show(probed, console)


def _show(probed: Probed, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    found = probed.findings
    table = Table(title=f"{found.pacs}, asked as {found.calling_ae}", title_justify="left")
    for heading in ("what", "answer", "evidence", "meaning"):
        table.add_column(heading)
    for it in found.checks:
        table.add_row(it.check.value, Text(it.answer.value, _STYLES[it.answer]), Text(it.evidence), meaning(it))
    console.print(table)
    for change in probed.changes:
        console.print(f"{found.pacs}: changed: {change}", markup=False, soft_wrap=True)
    for need in needs(found):
        console.print(
            f"{found.pacs}: {need.cause} Owner: {need.owner}. Next: {need.next_step}", markup=False, soft_wrap=True
        )


def _apply(node: Node, probes: Sequence[Probed], *, silent: bool) -> None:
    for probed in probes:
        passport = use_case.apply(node, probed.findings)
        if not silent:
            words = f"{passport.retrieve}, {passport.max_associations} associations, {len(passport.syntaxes)} syntaxes"
            typer.echo(f"{passport.name}: passport: {words}")
