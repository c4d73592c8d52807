"""What a record system is told about a link document: XDS metadata as values, and as an MHD DocumentReference.

    link, content → metadata → XdsMetadata      what an XDS DocumentEntry says (`ti` makes ebRIM of it)
                             → document_reference      the same for FHIR peers (MHD, MADO)

All codes come from a profile, a TOML file (`profile`); those that are shipped are `epa` and `mado`. Described in
docs/reference/document-metadata.md.
"""

from linkexchange.documents.envelope.metadata import Content, metadata
from linkexchange.documents.envelope.mhd import document_reference
from linkexchange.documents.envelope.profile import CodesProfile, load, named, shipped
from linkexchange.model.metadata import Coding, XdsMetadata

__all__ = [
    "CodesProfile",
    "Coding",
    "Content",
    "XdsMetadata",
    "document_reference",
    "load",
    "metadata",
    "named",
    "shipped",
]
