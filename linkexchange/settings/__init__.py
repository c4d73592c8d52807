"""Settings: what a process needs to start. Read once, frozen, handed down as plain values.

Each key comes from the environment (`LINKEXCHANGE_` and its name in capitals) or from the TOML file that
`LINKEXCHANGE_SETTINGS_FILE` or `--settings` names; the environment wins. A key that does not exist is refused by name,
so that a slip of the pen is seen. PACS, destinations and participants are no settings but rows in the database.
docs/reference/settings.md is made from the docstrings below.
"""

from __future__ import annotations

from linkexchange.settings.both import PREFIX as PREFIX
from linkexchange.settings.both import CommonSettings as CommonSettings
from linkexchange.settings.hub import HubSettings as HubSettings
from linkexchange.settings.node import NodeSettings as NodeSettings
from linkexchange.settings.reading import FILE_KEY as FILE_KEY
from linkexchange.settings.reading import load as load
