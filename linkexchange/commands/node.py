"""`linkexchange node`, and its processes `data`, `worker`, `web` and `notice`, which also run alone."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import processes
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.processes import Process

Without = Annotated[list[Process], typer.Option(help="Leave this process out, since it runs elsewhere; may repeat.")]


def node(settings: SettingsFile = None, without: Without = []) -> None:  # noqa: B006 - typer copies it
    """Run a node: its database (unless another is named), one data, one worker and one web process, and notice."""
    processes.node(node_settings(settings), without)


def data(settings: SettingsFile = None) -> None:
    """Run only the data process: studies pass through here when this node is the origin (mTLS port)."""
    processes.data(node_settings(settings))


def worker(settings: SettingsFile = None) -> None:
    """Run only a worker: pulls, offers, receipts. Start as many as you like, on any machine with the same database."""
    processes.worker(node_settings(settings))


def web(settings: SettingsFile = None) -> None:
    """Run only the pages for people."""
    processes.web(node_settings(settings))


def notice(settings: SettingsFile = None) -> None:
    """Run only the ports at which PACS and RIS give notice of studies (ian_port, hl7_port)."""
    processes.notice(node_settings(settings))
