"""`python -m ti_adapter.simulator.konnektor`: serve the simulated Konnektor until SIGTERM.

Prints `ready URL` as its only line once it answers. As after every start of a Konnektor no PIN is verified: `POST
/switchboard/pins` with the key of the environment in `x-admin-key` is somebody who goes round and enters them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ti_adapter.konnektor.context import Context
from ti_adapter.pki import TrustList
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.konnektor.app import create_app
from ti_adapter.simulator.konnektor.state import SimulatedKonnektor
from ti_adapter.simulator.serving import add_options, admin_key, serve


def main() -> None:
    """Read the options, insert the cards, serve, end with 0 on SIGTERM and Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m ti_adapter.simulator.konnektor", description="Serve a simulated Konnektor."
    )
    add_options(parser)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--trust", type=Path, required=True, help="PEM file with the CAs whose certificates are valid")
    parser.add_argument("--card", type=Path, action="append", default=[], help="folder of a simulated SMC-B")
    parser.add_argument("--mandant", default="Mandant1")
    parser.add_argument("--client-system", default="Clientsystem1")
    parser.add_argument("--workplace", default="Arbeitsplatz1")
    key = admin_key(parser)
    options = parser.parse_args()
    context = Context(options.mandant, options.client_system, options.workplace)
    konnektor = SimulatedKonnektor([context], TrustList.from_pem(options.trust.read_bytes()))
    for folder in options.card:
        konnektor.insert(SimulatedCard.load(folder))
    serve(create_app(konnektor, key), options)


if __name__ == "__main__":
    main()
