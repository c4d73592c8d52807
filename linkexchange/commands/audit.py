"""`linkexchange audit`: whether the trail of this node or hub is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from linkexchange import bootstrap
from linkexchange.commands.options import SettingsFile, hub_settings, node_settings
from linkexchange.errors import MessageFault, SettingRefused
from linkexchange.model.audit import first_bad
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import Signer, verify
from linkexchange.store.work import Database

HEAD_TYP = "linkexchange-audit-head+jws"
app = typer.Typer(help="The audit trail of this node, or with --hub of the hub.", no_args_is_help=True)
OfHub = Annotated[bool, typer.Option("--hub", help="Read the settings as those of a hub.")]


@dataclass(frozen=True, slots=True)
class _Trail:
    """One chain for each participant, and the key that signs their heads."""

    database: Database
    participants: tuple[TelematikId, ...]
    signer: Signer


@app.command("verify")
def verify_trail(
    settings: SettingsFile = None,
    hub: OfHub = False,
    head: Annotated[Path | None, typer.Option(help="A signed head exported before: finds a cut tail.")] = None,
) -> None:
    """Recompute the chain of hashes and name the first entry that does not fit; then the exit status is 1."""
    trail = _open(settings, hub=hub)
    exported = _exported(trail, head) if head else {}
    verdicts = [_verdict(trail, participant, exported.get(participant)) for participant in trail.participants]
    for line, _ in verdicts:
        typer.echo(line)
    raise typer.Exit(0 if all(whole for _, whole in verdicts) else 1)


@app.command("head")
def head_of_trail(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Print the signed head of the trail; keep it outside, so that a cut tail can be found later."""
    trail = _open(settings, hub=hub)
    heads = {str(participant): _head(trail, participant) for participant in trail.participants}
    typer.echo(trail.signer.sign({"at": bootstrap.now().isoformat(), "heads": heads}, typ=HEAD_TYP))


def _open(file: Path | None, *, hub: bool) -> _Trail:
    if not hub:
        settings = node_settings(file)
        me = TelematikId(settings.telematik_id)
        return _Trail(bootstrap.database(settings), (me,), bootstrap.node_signer(settings))
    chosen = hub_settings(file)
    database = bootstrap.database(chosen)
    return _Trail(database, tuple(database.participants()), bootstrap.hub_signer(chosen))


def _verdict(trail: _Trail, participant: TelematikId, exported: dict[str, Any] | None) -> tuple[str, bool]:
    with trail.database.audit_trail(participant) as entries:
        bad = first_bad(entries)
    if bad is not None:
        return f"{participant}: entry {bad} does not follow from the one before it", False
    if exported and not trail.database.has_audit_entry(participant, exported["seq"], exported["hash"]):
        return f"{participant}: entry {exported['seq']} of the exported head is not there: the tail was cut", False
    return f"{participant}: {_head(trail, participant)['seq']} entries, whole", True


def _head(trail: _Trail, participant: TelematikId) -> dict[str, Any]:
    last = trail.database.audit_head(participant)
    return {"seq": last.seq, "hash": str(last.hash)} if last else {"seq": 0, "hash": ""}


def _exported(trail: _Trail, file: Path) -> dict[str, Any]:
    try:
        proven = verify(file.read_text().strip(), trail.signer.public)
    except (OSError, MessageFault) as wrong:
        raise SettingRefused("--head: not a head that this node or hub has signed") from wrong
    heads = proven.claims.get("heads")
    if proven.typ != HEAD_TYP or not isinstance(heads, dict):
        raise SettingRefused("--head: not the head of an audit trail")
    return heads
