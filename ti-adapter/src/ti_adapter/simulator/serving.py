"""How a simulator is served as a process: it says when it answers and where, and ends with SIGTERM or its parent."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import sys
from typing import Final

import uvicorn
from fastapi import FastAPI

ADMIN_KEY_VARIABLE: Final = "TI_SIMULATOR_ADMIN_KEY"
"""From the environment, since a command line is there for all to read."""

_PR_SET_PDEATHSIG = 1


class _AnnouncingServer(uvicorn.Server):
    """Says when it answers, and where."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        print(f"ready http://{host}:{port}", flush=True)  # noqa: T201


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every simulator has."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the process that started this ends")


def admin_key(parser: argparse.ArgumentParser) -> str:
    """The key of what only a test or the demo may do; without it the process ends with a word on why."""
    key = os.environ.get(ADMIN_KEY_VARIABLE, "")
    if not key:
        parser.error(f"{ADMIN_KEY_VARIABLE} must hold a key for what only a test or the demo may do")
    return key


def serve(app: FastAPI, options: argparse.Namespace) -> None:
    """Serve until SIGTERM or Ctrl-C, and end with 0."""
    if options.die_with_parent:
        die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends in an orderly way and then raises the signal again.
        signal.signal(number, lambda *_: sys.exit(0))
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


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent dies: all state is in memory, so there is nothing to tidy up."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
