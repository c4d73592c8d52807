"""Where no direct way leads from node to node, the hub joins two outbound connections, and sees ciphertext only.

`Relay` is the hub's end, `Caller` that of a requester's node and `Standing` that of an origin's. The words between them
are in `words`, and docs/reference/relay.md describes them.
"""

from __future__ import annotations

from linkexchange.relay.dialing import Caller, Place, Standing
from linkexchange.relay.meeting import Limits
from linkexchange.relay.server import Admit, Patience, Relay, Rules
from linkexchange.relay.serving import serve
from linkexchange.relay.stream import Pace

__all__ = ["Admit", "Caller", "Limits", "Pace", "Patience", "Place", "Relay", "Rules", "Standing", "serve"]
