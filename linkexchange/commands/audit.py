"""`linkexchange audit`: whether the trail of this node or hub is whole, where it has got to, and what it says."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.bootstrap import Trails
from linkexchange.commands.arguments import kvnr_of
from linkexchange.commands.options import USER, OfHub, SettingsFile, hub_settings, node_settings
from linkexchange.errors import MessageFault, SettingRefused
from linkexchange.model.audit import HEAD_TYP
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.trail import Check, Sink
from linkexchange.signing import PublicKeys, verify
from linkexchange.trail.export import signed_head
from linkexchange.trail.history import history
from linkexchange.web.german_history import Sheet
from linkexchange.web.pages.names import Names

app = typer.Typer(help="The audit trail of this node, or with --hub of the hub.", no_args_is_help=True)


@app.command("verify")
def verify_trail(
    settings: SettingsFile = None,
    hub: OfHub = False,
    head: Annotated[Path | None, typer.Option(help="A signed head exported before: finds a cut tail.")] = None,
    key: Annotated[Path | None, typer.Option(help="JWK Set with earlier keys of this node or hub.")] = None,
) -> None:
    """Recompute the chain of hashes and name the first entry that does not fit; then the exit status is 1.

    The signed heads in `audit_file` are compared as well: they find a tail that was cut off.
    """
    trails = _open(settings, hub=hub, key=key)
    heads = [_exported(head, trails.checker.keys)] if head else []
    verdicts = {participant: trails.checker.look(participant, heads) for participant in trails.chains()}
    for participant, check in verdicts.items():
        typer.echo(f"{participant}: {_verdict(check)}")
    raise typer.Exit(0 if all(check.bad is None for check in verdicts.values()) else 1)


@app.command("head")
def head_of_trail(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Print the signed head of the trail; keep it outside, so that a cut tail can be found later."""
    trails = _open(settings, hub=hub)
    heads = {}
    for participant in trails.chains():
        with trails.store.work(participant) as work:
            heads[participant] = work.trail.head()
    typer.echo(signed_head(trails.signer, heads, bootstrap.now()))


@app.command("state")
def state_of_trail(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Show how far entries have got at each receiver; exit status 1 where one has too many waiting."""
    trails = _open(settings, hub=hub)
    full = False
    for participant in trails.chains():
        with trails.store.work(participant) as work:
            sinks = work.trail.sinks()
        full |= any(sink.is_full for sink in sinks)
        for sink in sinks:
            typer.echo(f"{participant}: {_waits(sink)}")
    raise typer.Exit(int(full))


@app.command("export")
def export_trail(settings: SettingsFile = None, hub: OfHub = False) -> None:
    """Send on now what waits for the receivers; otherwise the node or hub does so every few seconds."""
    typer.echo(f"{_open(settings, hub=hub).exporter.go_round()} entries sent on")


@app.command("patient-list")
def patient_list(
    kvnr: Annotated[str, typer.Option(help="The patient's KVNR.")],
    html: Annotated[Path | None, typer.Option(help="Write it as an HTML file, to be handed over or printed.")] = None,
    text: Annotated[Path | None, typer.Option(help="Write it as text, to be read aloud or printed.")] = None,
    settings: SettingsFile = None,
) -> None:
    """List for a patient, in plain German, what happened with the images here. That it was made is audited.

    Without a file it is printed.
    """
    chosen = node_settings(settings)
    with closing(bootstrap.node(chosen)) as node:
        lines = history(node.store, node.me, kvnr_of(kvnr), user=USER)
        names = Names(node.hub, node.now)
        sheet = Sheet(lines, node.name, node.now(), lambda it: names.of(TelematikId(it)))
    if html:
        _write(html, sheet.as_page())
    if text:
        _write(text, sheet.as_text())
    if not html and not text:
        typer.echo(sheet.as_text())


def _write(file: Path, content: str) -> None:
    """For this user only: whoever hands it over decides who reads it."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(content)
    typer.echo(f"{file} written", err=True)


@app.command("reconcile")
def reconcile(settings: SettingsFile = None) -> None:
    """At the hub: lay both ends of every transfer beside each other; exit status 1 where some do not agree."""
    lost = bootstrap.reconciler(hub_settings(settings)).reconcile()
    for one in lost:
        typer.echo(f"{one.transfer}: {one.origin} to {one.requester}: {one.imbalance}, since {_moment(one.found)}")
    typer.echo(f"{len(lost)} transfers do not agree" if lost else "both ends of every transfer agree")
    raise typer.Exit(int(bool(lost)))


def _open(file: Path | None, *, hub: bool, key: Path | None = None) -> Trails:
    known = _keys(key) if key else None
    return bootstrap.hub_trails(hub_settings(file), known) if hub else bootstrap.node_trails(node_settings(file), known)


def _keys(file: Path) -> PublicKeys:
    try:
        return PublicKeys.from_jwks(file.read_text())
    except (OSError, ValueError) as wrong:
        raise SettingRefused("--key: not a JWK Set of named P-256 keys") from wrong


def _verdict(check: Check) -> str:
    if check.bad is not None:
        return f"entry {check.bad}: {check.detail}"
    return f"{check.entries} entries, whole" + (f" ({check.detail})" if check.detail else "")


def _waits(sink: Sink) -> str:
    fault = f", failing since {_moment(sink.failing_since)} ({sink.fault})" if sink.failing_since else ""
    return f"{sink.name}: entry {sink.position} is there, {sink.waiting} of at most {sink.buffer_max} wait{fault}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _exported(file: Path, keys: PublicKeys) -> str:
    try:
        signed = file.read_text().strip()
        proven = verify(signed, keys)
    except (OSError, MessageFault) as wrong:
        raise SettingRefused("--head: not a head that this node or hub has signed") from wrong
    if proven.typ != HEAD_TYP or not isinstance(proven.claims.get("heads"), dict):
        raise SettingRefused("--head: not the head of an audit trail")
    return signed
