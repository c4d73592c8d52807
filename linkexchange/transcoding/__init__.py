"""Converts images without loss, in processes of their own; the sole door to numpy and the codecs.

`pool` and `process` are what a node's processes import: nothing heavy. Everything else is imported by `worker` alone,
in a process that has a ceiling of memory, a limit of time, no way to write a file, and none of the node's secrets.
"""

from __future__ import annotations

from linkexchange.transcoding.pool import TranscodingPool
from linkexchange.transcoding.process import Limits

__all__ = ["Limits", "TranscodingPool"]
