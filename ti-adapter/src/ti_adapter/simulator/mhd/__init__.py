"""The MHD Service of the simulated record system: read-only, over the documents and rules that its XDS has."""

from ti_adapter.simulator.mhd.reference import EXTENSIONS, document_reference
from ti_adapter.simulator.mhd.service import SimulatedMhd

__all__ = ["EXTENSIONS", "SimulatedMhd", "document_reference"]
