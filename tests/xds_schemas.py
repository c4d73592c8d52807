"""gematik's XSD and WSDL of the XDS Document Service as oracles."""

from __future__ import annotations

from pathlib import Path

import schema_oracle
from lxml import etree
from shared_data import shared

_SCHEMAS = {
    "urn:ihe:iti:xds-b:2007": "IHE/XDS.b_DocumentRepository.xsd",
    "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0": "ebRS/lcm.xsd",
    "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0": "ebRS/query.xsd",
    "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0": "ebRS/rs.xsd",
}


def wsdl() -> Path:
    return shared("data", "gematik", "xds", "schema", "XDSDocumentService.wsdl")


def errors(message: etree._Element) -> list[str]:
    """What the schemas find wrong with a message; documents that it includes are taken as base64."""
    alone = etree.fromstring(etree.tostring(message))
    for include in alone.findall(".//{http://www.w3.org/2004/08/xop/include}Include"):
        include.getparent().remove(include)
    return schema_oracle.errors(alone, shared("data", "gematik", "connector", "ext"), _SCHEMAS)
