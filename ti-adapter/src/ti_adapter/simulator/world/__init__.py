"""One process that is the whole simulated TI, and its switchboard.

    serve_world(folder, plan, host="127.0.0.1", admin_key=key)      # until SIGTERM; `folder/ti.json` says where all is

`plan` says what there is; `authorities` is the PKI; `site` an institution with its Konnektor, `record_house` a record
system with its VAU; `world` puts them together, `listening` serves them, and `switchboard` breaks them on demand.
"""

from __future__ import annotations

from ti_adapter.simulator.world.plan import Plan, PlannedInstitution
from ti_adapter.simulator.world.running import serve_world

__all__ = ["Plan", "PlannedInstitution", "serve_world"]
