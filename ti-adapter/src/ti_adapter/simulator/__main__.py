"""`python -m ti_adapter.simulator`: serve the simulated record system until SIGTERM.

Prints `ready URL` as its only line once it answers. The key of the patient's side comes from the environment, since a
command line is there for all to read.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from ti_adapter.pki import TrustList
from ti_adapter.simulator.app import create_app

ADMIN_KEY_VARIABLE = "TI_SIMULATOR_ADMIN_KEY"

_PR_SET_PDEATHSIG = 1


class _AnnouncingServer(uvicorn.Server):
    """Says when it answers, and where."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        print(f"ready http://{host}:{port}", flush=True)  # noqa: T201


def main() -> None:
    """Read the options, serve, end with 0 on SIGTERM and Ctrl-C."""
    options = _options()
    if options.die_with_parent:
        _die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends in an orderly way and then raises the signal again.
        signal.signal(number, lambda *_: sys.exit(0))
    app = create_app(TrustList.from_pem(options.trust.read_bytes()), os.environ[ADMIN_KEY_VARIABLE])
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    _AnnouncingServer(config).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ti_adapter.simulator", description="Serve a simulated TI.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--trust", type=Path, required=True, help="PEM file with the CAs whose cards may log in")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the process that started this ends")
    if not os.environ.get(ADMIN_KEY_VARIABLE):
        parser.error(f"{ADMIN_KEY_VARIABLE} must hold the key of the patient's side")
    return parser.parse_args()


def _die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent dies: all state is in memory, so there is nothing to tidy up."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
