"""The own PACS by DIMSE (PS3.7, PS3.8), and the sole door to pynetdicom.

`CGetArchive` is a PACS as a source, `StoreDestination` as a destination. Both speak for one calling AE title, wait no
longer than their `Timeouts`, and raise nothing but the classes of `linkexchange.errors`.
"""

from __future__ import annotations

from linkexchange.dicom.archive import CGetArchive
from linkexchange.dicom.destination import StoreDestination
from linkexchange.dicom.inquiry import echo, holder_of
from linkexchange.dicom.line import Timeouts

__all__ = ["CGetArchive", "StoreDestination", "Timeouts", "echo", "holder_of"]
