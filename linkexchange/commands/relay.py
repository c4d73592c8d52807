"""`linkexchange relay`: the hub's relay alone."""

from __future__ import annotations

from linkexchange import processes
from linkexchange.commands.options import SettingsFile, hub_settings


def relay(settings: SettingsFile = None) -> None:
    """Run only the relay (relay_port), beside a hub that runs elsewhere: one for each port and machine."""
    processes.relay(hub_settings(settings))
