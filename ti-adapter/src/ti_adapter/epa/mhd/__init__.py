"""The MHD Service of the ePA: documents found by FHIR (ITI-67) and read as they were stored (ITI-68), and nothing else.

    mhd = MhdService(rest, kvnr)                                # `rest` as in `ti_adapter.epa`, inside the channel
    found = mhd.find(MhdSearch(codes={"typeCode": (Code("BILD", "1.3.6.1.4.1.19376.3.276.1.5.9"),)}))
    content = mhd.retrieve(found[0])

What is found is the same metadata as by XDS, so that either way can be taken.
"""

from __future__ import annotations

from ti_adapter.epa.mhd.client import MhdService
from ti_adapter.epa.mhd.reference import FoundDocument
from ti_adapter.epa.mhd.retrieving import RETRIEVABLE
from ti_adapter.epa.mhd.search import Asking, MhdSearch

__all__ = ["RETRIEVABLE", "Asking", "FoundDocument", "MhdSearch", "MhdService"]
