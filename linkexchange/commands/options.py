"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.settings import FILE_KEY, HubSettings, NodeSettings, load

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help=f"TOML file with settings; {FILE_KEY} names it as well.", show_default=False),
]
USER = "command line"
"""Who acts, in the audit trail, where a command asks for no name."""
OfHub = Annotated[bool, typer.Option("--hub", help="Of the hub: read the settings as those of a hub.")]


def node_settings(file: Path | None) -> NodeSettings:
    """Settings of a node, and logs as they ask."""
    settings = load(NodeSettings, file)
    bootstrap.log_to_stderr(settings.log_level)
    return settings


def hub_settings(file: Path | None) -> HubSettings:
    """Settings of a hub, and logs as they ask."""
    settings = load(HubSettings, file)
    bootstrap.log_to_stderr(settings.log_level)
    return settings


def settings_of(file: Path | None, *, hub: bool) -> HubSettings | NodeSettings:
    """Settings of either."""
    return hub_settings(file) if hub else node_settings(file)
