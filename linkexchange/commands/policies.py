"""`linkexchange policies`, `quotas` and `locks`: by what a hub or an origin decides, and who is locked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.commands.arguments import number_of, telematik_id_of
from linkexchange.commands.options import USER, OfHub, SettingsFile, settings_of
from linkexchange.commands.tables import table_of
from linkexchange.errors import SettingRefused
from linkexchange.model import policy as policies
from linkexchange.model import quota

File = Annotated[Path, typer.Argument(help="TOML or JSON file.")]
app = typer.Typer(help="The policy of this node, or with --hub of the hub.", no_args_is_help=True)
quotas = typer.Typer(help="The quotas of this node, or with --hub of the hub.", no_args_is_help=True)
locks = typer.Typer(help="Requesters that have come to a quota here, or with --hub at the hub.", no_args_is_help=True)


@app.command("show")
def show_policy(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Print the policy as JSON that `load` takes."""
    _print(bootstrap.rulebook(settings_of(settings, hub=hub)).policy().to_document())


@app.command("load")
def load_policy(file: File, settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Put the policy of a file in the place of the one that was there; a wrong one changes nothing. Audited."""
    book = bootstrap.rulebook(settings_of(settings, hub=hub))
    try:
        policy = policies.load(table_of(file))
        left = book.load_policy(policy, user=USER, at=bootstrap.now())
    except ValueError as wrong:
        raise SettingRefused(f"FILE: {wrong}") from None
    typer.echo(f"rules: {len(policy.rules)}, {policy.combining}")
    for name in left:
        typer.echo(f"{name}: the hub cannot judge it and leaves it to the origins, which have policies of their own")


@quotas.command("show")
def show_quotas(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Print the quotas as JSON that `load` takes."""
    held = bootstrap.rulebook(settings_of(settings, hub=hub)).quotas()
    _print({"quotas": [it.to_row() for it in held]})


@quotas.command("load")
def load_quotas(file: File, settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Put the quotas of a file in the place of all that were there; a wrong one changes nothing. Audited."""
    book = bootstrap.rulebook(settings_of(settings, hub=hub))
    try:
        loaded = quota.load(table_of(file))
        book.load_quotas(loaded, user=USER, at=bootstrap.now())
    except ValueError as wrong:
        raise SettingRefused(f"FILE: {wrong}") from None
    typer.echo(f"quotas: {len(loaded)}")


@locks.command("list")
def list_locks(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Print who is locked, the newest first: requester, number of the lock, quota, since when, and the user, if any."""
    for requester, lock in bootstrap.rulebook(settings_of(settings, hub=hub)).locks():
        user = lock.who if lock.who != requester else ""
        typer.echo(
            "\t".join((requester, str(lock.lock), lock.quota, f"{lock.since:%Y-%m-%d %H:%M:%S %Z}", user)).rstrip()
        )


@locks.command("lift")
def lift(
    requester: Annotated[str, typer.Argument(help="Telematik-ID of the requester.")],
    lock: Annotated[str, typer.Argument(help="Number of the lock.")],
    settings: SettingsFile = None,
    hub: OfHub = False,
) -> None:
    """Let a requester ask again. Audited; what it has used of its quotas is counted anew."""
    number = number_of(lock, "LOCK: not the number of a lock")
    book = bootstrap.rulebook(settings_of(settings, hub=hub))
    lifted = book.lift(telematik_id_of(requester, "REQUESTER"), number, user=USER, at=bootstrap.now())
    typer.echo("lifted" if lifted else "there is no such lock")


def _print(document: dict[str, object]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
