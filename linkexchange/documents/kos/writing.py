"""A link is written as a DICOM file of a Key Object Selection: complete, or not at all."""

from __future__ import annotations

from linkexchange.documents.addresses import is_plain_address
from linkexchange.documents.kos.flavour import Flavour
from linkexchange.documents.kos.held import held
from linkexchange.documents.parsing import INSTANCES_MAX
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.model.link import Link

SYNTAX = TransferSyntaxUid("1.2.840.10008.1.2.1")


def write(link: Link, flavour: Flavour = Flavour.MADO, *, node_url_hint: str | None = None) -> bytes:
    """Write a link as a DICOM file, in Explicit VR Little Endian; the same link and hint always give the same bytes.

    Args:
        link: What the manifest says, in so far as a Key Object Selection can hold it (`held`).
        flavour: That of XDS-I.b or of MADO, which describes series and instances.
        node_url_hint: Base URL of the origin's WADO-RS, for whoever does not look the location up.

    Raises:
        ValueError: The standards ask for something that the link has not; the text names the element and no value.
    """
    if node_url_hint is not None and not is_plain_address(node_url_hint):
        raise ValueError("the hint is not a plain https URL")
    if not (node_url_hint or link.origin.location or link.retrieve_ae):
        raise ValueError("Origin.location: nobody could find the study without location, AE title or address")
    kept = held(link, flavour)
    if len(kept.manifest.uids) > INSTANCES_MAX:
        raise ValueError("more instances than a reader takes")
    return _encoded(kept, flavour, node_url_hint)


def _encoded(link: Link, flavour: Flavour, address: str | None) -> bytes:
    from linkexchange.dataset import part10_head
    from linkexchange.documents.kos.content import content, evidence
    from linkexchange.documents.kos.encoding import encoded
    from linkexchange.documents.kos.header import SOP_CLASS, header, private

    listed = [evidence(link, address)]
    elements = {**header(link), **content(link, flavour), "CurrentRequestedProcedureEvidenceSequence": listed}
    head = part10_head(SopClassUid(SOP_CLASS), SopInstanceUid(link.link.oid), SYNTAX)
    return head + encoded(private(link), **elements)
