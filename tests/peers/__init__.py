"""PACS of other makers for tests: Orthanc, DCMTK's dcmqrscp and storescp, pynetdicom's qrscp.

    with peers.Orthanc() as origin, peers.Dcmqrscp() as destination:
        origin.upload(paths)
        ...
        assert destination.files() == origin.files()

Each is a child process with a folder and ports of its own; it is gone when its `with` ends, and also when the test
process is killed. `stop` and `start` take it down and bring it back with what it holds. `files` is what lies on its
disk, as encoded data sets; `part10` the same with preamble and file meta.
"""

from __future__ import annotations

from peers.dcmtk import Dcmqrscp, StoreScp
from peers.ground import HOST, free_port, require
from peers.orthanc import Orthanc
from peers.qrscp import Qrscp
from peers.server import Server, data_set, echo, send

__all__ = [
    "HOST",
    "Dcmqrscp",
    "Orthanc",
    "Qrscp",
    "Server",
    "StoreScp",
    "data_set",
    "echo",
    "free_port",
    "require",
    "send",
]
