"""Encoded DICOM data sets on their way: header, digests, and the head that makes a file of them. No input, no output.

A data set is never held: it comes and goes as an iterator of chunks, and what is read from it is read under limits.
"""

from __future__ import annotations

from linkexchange.dataset.header import InstanceHeader, Labels, examine, read_header, read_labels
from linkexchange.dataset.meter import Digester, Meter
from linkexchange.dataset.part10 import IMPLEMENTATION_CLASS_UID, FileMeta, part10_head, split_part10

__all__ = [
    "IMPLEMENTATION_CLASS_UID",
    "Digester",
    "FileMeta",
    "InstanceHeader",
    "Labels",
    "Meter",
    "examine",
    "part10_head",
    "read_header",
    "read_labels",
    "split_part10",
]
