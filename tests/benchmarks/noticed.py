"""What good clients of a server notice of others, and what the server holds meanwhile."""

from __future__ import annotations

import psutil


def held(server: psutil.Process) -> tuple[int, float]:
    """Open files, and resident memory in MB."""
    return server.num_fds(), server.memory_info().rss / 1e6


def p50(took: list[float]) -> float:
    """The median of what was measured, in its unit."""
    return sorted(took)[len(took) // 2]


def p99(took: list[float]) -> float:
    """What 99 of 100 do not exceed."""
    return sorted(took)[len(took) * 99 // 100]
