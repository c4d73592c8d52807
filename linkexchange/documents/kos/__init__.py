"""A link as a DICOM Key Object Selection, the manifest of XDS-I.b and MADO, and back. pydicom is imported late.

    link  → held (what such a file can hold) → header, evidence, content → bytes      `write`
    bytes → parsed (limits first) → header, evidence, content → manifest → link      `read`, `link_of`

The writer writes what the standards ask for or nothing; the reader takes what is found in the field, and says of each
oddity that it has seen it (`Defect`). Described in docs/reference/key-object-selection.md.
"""

from linkexchange.documents.kos.defects import Defect
from linkexchange.documents.kos.flavour import Flavour
from linkexchange.documents.kos.held import held
from linkexchange.documents.kos.linking import Supplement, link_of
from linkexchange.documents.kos.manifest import KosManifest, Lookup, Whereabouts
from linkexchange.documents.kos.reading import read
from linkexchange.documents.kos.writing import write

__all__ = [
    "Defect",
    "Flavour",
    "KosManifest",
    "Lookup",
    "Supplement",
    "Whereabouts",
    "held",
    "link_of",
    "read",
    "write",
]
