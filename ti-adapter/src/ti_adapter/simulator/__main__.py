"""`python -m ti_adapter.simulator`: serve the simulated record system until SIGTERM.

Prints `ready URL` as its only line once it answers. The key of the patient's side comes from the environment, since a
command line is there for all to read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ti_adapter.pki import TrustList
from ti_adapter.simulator.app import create_app
from ti_adapter.simulator.serving import ADMIN_KEY_VARIABLE, add_options, admin_key, serve

__all__ = ["ADMIN_KEY_VARIABLE", "main"]


def main() -> None:
    """Read the options, serve, end with 0 on SIGTERM and Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ti_adapter.simulator", description="Serve a simulated TI.")
    add_options(parser)
    parser.add_argument("--trust", type=Path, required=True, help="PEM file with the CAs whose cards may log in")
    key = admin_key(parser)
    options = parser.parse_args()
    serve(create_app(TrustList.from_pem(options.trust.read_bytes()), key), options)


if __name__ == "__main__":
    main()
