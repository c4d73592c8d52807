"""The own PACS by DIMSE (PS3.7, PS3.8), and the sole door to pynetdicom.

`CGetArchive` and `CMoveArchive` are a PACS as a source, `StoreDestination` as a destination, and `Receiver` is the port
at which a PACS sends what a C-MOVE has asked for. They speak for one calling AE title, wait no
longer than their `Timeouts`, and raise nothing but the classes of `linkexchange.errors`.
"""

from __future__ import annotations

from linkexchange.dicom.archive import CGetArchive
from linkexchange.dicom.availability import AvailabilityListener
from linkexchange.dicom.callers import Callers
from linkexchange.dicom.destination import StoreDestination
from linkexchange.dicom.inquiry import echo, holder_of
from linkexchange.dicom.lease import Pool
from linkexchange.dicom.line import Line, Timeouts
from linkexchange.dicom.moving import CMoveArchive
from linkexchange.dicom.receiver import Limits, Receiver
from linkexchange.dicom.sightings import sightings

__all__ = [
    "AvailabilityListener",
    "CGetArchive",
    "CMoveArchive",
    "Callers",
    "Limits",
    "Line",
    "Pool",
    "Receiver",
    "StoreDestination",
    "Timeouts",
    "echo",
    "holder_of",
    "sightings",
]
