"""`linkexchange release-rules`: which studies this institution publishes, and a dry run that explains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from linkexchange import bootstrap, release
from linkexchange.commands.arguments import kvnr_of, study_of
from linkexchange.commands.options import USER, SettingsFile, node_settings
from linkexchange.commands.tables import table_of
from linkexchange.errors import SettingRefused
from linkexchange.model.release import Opinion, load

app = typer.Typer(help="Which studies this institution publishes.", no_args_is_help=True)


@app.command("list")
def show(settings: SettingsFile = None) -> None:
    """Print the rules in their order, as JSON that `load` takes."""
    rules = bootstrap.release_rules(node_settings(settings)).all()
    typer.echo(json.dumps({"rules": [rule.to_row() for rule in rules]}, ensure_ascii=False, indent=2))


@app.command("load")
def replace(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file with the list `rules`.")],
    settings: SettingsFile = None,
) -> None:
    """Put the rules of a file in the place of all that were there; a wrong one changes nothing. Audited."""
    try:
        rules = load(table_of(file))
    except ValueError as wrong:
        raise SettingRefused(f"FILE: {wrong}") from None
    bootstrap.release_rules(node_settings(settings)).replace(rules, user=USER)
    typer.echo(f"rules: {len(rules)}")


@app.command("explain")
def explain(
    study: Annotated[str, typer.Argument(help="Study Instance UID.")],
    pacs: Annotated[str, typer.Option(help="Name of the PACS that holds the study.")],
    kvnr: Annotated[
        str | None, typer.Option(help="The patient's KVNR, where the index does not know it.", show_default=False)
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Say what each rule says of a study, and whether it would be published now. Nothing is published or written."""
    chosen = node_settings(settings)
    node = bootstrap.node(chosen)
    explained = release.explain(node, study_of(study), pacs=pacs, kvnr=kvnr_of(kvnr) if kvnr else None)
    for opinion in explained.opinions:
        typer.echo("\t".join(_columns(opinion)))
    typer.echo(explained.sentence)


def _columns(opinion: Opinion) -> Iterator[str]:
    yield opinion.rule
    until = f" until {opinion.until.astimezone():%Y-%m-%d %H:%M}" if opinion.until else ""
    yield f"no{until}" if opinion.withholds else "does not apply"
    yield from (f"{it.condition}: {'holds' if it.holds else 'does not hold'}" for it in opinion.findings)
    if opinion.why:
        yield opinion.why
