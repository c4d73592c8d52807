"""`linkexchange hub`: the resolver and its page."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import processes
from linkexchange.commands.options import SettingsFile, hub_settings
from linkexchange.processes import Part

Only = Annotated[Part | None, typer.Option(help="Run only this process, beside a hub that runs elsewhere.")]


def hub(settings: SettingsFile = None, only: Only = None) -> None:
    """Run the hub: its database (unless another is named), the resolver's mTLS port, the page, and the relay."""
    chosen = hub_settings(settings)
    parts = {
        Part.RESOLVER: processes.resolver,
        Part.WEB: processes.hub_web,
        Part.RELAY: processes.relay,
        Part.ENROLMENT: processes.enrolment,
        Part.TRAIL: processes.hub_trail,
    }
    run = parts[only] if only else processes.hub
    run(chosen)
