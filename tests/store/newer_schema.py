"""A pytest plugin for the code of an older version: its databases have the schema of a newer one.

Needs `NEWER_MIGRATIONS`, the folder of the newer migrations, and `NEWER`, its last revision.
"""

from __future__ import annotations

import os
from pathlib import Path

from linkexchange.store import schema

schema.MIGRATIONS = Path(os.environ["NEWER_MIGRATIONS"])
schema.NEWEST = os.environ["NEWER"]
