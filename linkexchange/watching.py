"""Watching what a worker does, for people at a terminal: how far it is, and how it went."""

from __future__ import annotations

import sys
import time
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from linkexchange.errors import HubUnavailable
from linkexchange.model.identifiers import LinkId
from linkexchange.model.proof import ARRIVED
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Node
from linkexchange.signing import PROOF_MAX_BYTES, verify

_TURN_SECONDS = 0.1
ANNOUNCE_SECONDS = 120.0
STOP_SECONDS = 10.0


def until_announced(node: Node, link: LinkId) -> None:
    """Wait until the record holds the link; raises `HubUnavailable` after two minutes, while the worker goes on."""
    deadline = time.monotonic() + ANNOUNCE_SECONDS
    while time.monotonic() < deadline:
        with node.store.work(node.me) as work:
            if work.links.get(link).entry:
                return
        time.sleep(_TURN_SECONDS)
    raise HubUnavailable("not announced yet; the worker goes on trying")


def until_ended(node: Node, transfer: UUID, console: Console | None = None) -> Transfer:
    """Show a bar until the transfer has ended, and say when it waits."""
    words = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("instances{task.fields[left]}"),
    )
    with Progress(*words, console=console or Console(file=sys.stdout)) as bar:
        line = bar.add_task("requested", total=None, left="")
        while True:
            with node.store.work(node.me) as work:
                row, counts = work.transfers.get(transfer), work.transfers.counts(transfer)
            label = f"{row.state} ({row.reason})" if row.reason else str(row.state)
            estimate = left(counts.seconds_left) if row.state is State.MOVING else ""
            bar.update(line, description=label, completed=counts.done, total=counts.total or None, left=estimate)
            if row.state in FINAL:
                return row
            time.sleep(_TURN_SECONDS)


def until_stopped(node: Node, transfer: UUID) -> Transfer:
    """Wait until it has ended, but not longer than a worker needs to see that somebody wants it stopped."""
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        with node.store.work(node.me) as work:
            row = work.transfers.get(transfer)
        if row.state in FINAL or time.monotonic() > deadline:
            return row
        time.sleep(_TURN_SECONDS)


def account(node: Node, state: State, reason: str, *, signed: str | None) -> list[str]:
    """A proof for people: the sentence, and one line for each instance that is not there."""
    if signed is None:
        return [f"{state}: {reason}"]
    claims = verify(signed, node.signer.public, max_bytes=PROOF_MAX_BYTES).claims
    sentence = f"{claims['outcome']}: {claims['stored']} of {claims['expected']} instances"
    absent = [_line(row) for row in claims["instances"] if row["fate"] not in ARRIVED]
    return [f"{sentence} ({reason})" if reason else sentence, *absent]


def left(seconds: float | None) -> str:
    """How long it will still take, no more exactly than an estimate is; empty where there is none."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if minutes < 1:
        return ", a few seconds left"
    return f", about {minutes} minutes left" if minutes > 1 else ", about a minute left"


def _line(row: dict[str, Any]) -> str:
    status = f" status 0x{row['status']:04X}" if row["status"] else ""
    return f"  {row['fate']}: {row['sop_instance']}{status} {row['note']}".rstrip()
