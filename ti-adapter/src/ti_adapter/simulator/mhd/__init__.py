"""The MHD Service of the simulated record system: read-only, over the documents and rules that its XDS has."""

from ti_adapter.simulator.mhd.answering import SimulatedMhd
from ti_adapter.simulator.mhd.reference import EXTENSIONS, document_reference

__all__ = ["EXTENSIONS", "SimulatedMhd", "document_reference"]
