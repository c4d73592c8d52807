"""`python -m ti_adapter.simulator`: serve a whole simulated TI until SIGTERM.

Prints `ready URL` as its only line once it answers. The key of the switchboard and of the patient's side comes from the
environment, since a command line is there for all to read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ti_adapter.simulator.konnektor.state import SIGNATURE_SECONDS
from ti_adapter.simulator.serving import ADMIN_KEY_VARIABLE, add_options, admin_key, die_with_parent
from ti_adapter.simulator.world import Plan, serve_world

__all__ = ["ADMIN_KEY_VARIABLE", "main"]


def main() -> None:
    """Read the options, serve, end with 0 on SIGTERM and Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ti_adapter.simulator", description="Serve a simulated TI.")
    add_options(parser)
    parser.add_argument("--folder", type=Path, required=True, help="where keys, certificates and ti.json are written")
    parser.add_argument("--plan", type=Path, required=True, help="JSON: how many record systems, which institutions")
    parser.add_argument("--signature-seconds", type=float, default=SIGNATURE_SECONDS, help="how long a card signs")
    key = admin_key(parser)
    options = parser.parse_args()
    try:
        plan = Plan.read(options.plan)
    except (OSError, ValueError) as wrong:
        parser.error(f"the plan: {wrong}")
    if options.die_with_parent:
        die_with_parent()
    pace = options.signature_seconds
    serve_world(options.folder, plan, host=options.host, admin_key=key, signature_seconds=pace)


if __name__ == "__main__":
    main()
