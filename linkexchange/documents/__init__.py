"""A link as a FHIR R4 document, and back. The only door to fhir.resources, which is imported when it is first needed.

    link    → compose → model (R4B) → JSON or XML → bytes      `write`
    bytes   → parse (limits first)  → model (R4B) → extract → link      `read`

The bytes of a document are its identity: they are hashed and stored as they came, never written anew. Described in
docs/reference/link-document.md.
"""

from linkexchange.documents.reading import read
from linkexchange.documents.writing import write

__all__ = ["read", "write"]
