"""The tables, as SQLAlchemy Core sees them. A test holds them equal to what the migrations make.

Every table has the participant in its key. Row-level security shows a transaction only the rows of the participant on
whose behalf it runs; the directory alone may be read by all.
"""

from __future__ import annotations

from linkexchange.store.tables.base import metadata as metadata
from linkexchange.store.tables.both import *  # noqa: F403
from linkexchange.store.tables.deciding import *  # noqa: F403
from linkexchange.store.tables.hub import *  # noqa: F403
from linkexchange.store.tables.node import *  # noqa: F403
from linkexchange.store.tables.patients import *  # noqa: F403
from linkexchange.store.tables.release import *  # noqa: F403
from linkexchange.store.tables.trail import *  # noqa: F403
