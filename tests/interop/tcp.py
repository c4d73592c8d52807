"""Whether somebody listens: all that can be asked of a port that wants TLS first."""

from __future__ import annotations

import socket

import peers


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((peers.HOST, port)) == 0
