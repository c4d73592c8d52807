"""gematik's XSD and WSDL of the XDS Document Service as oracles."""

from __future__ import annotations

from functools import cache
from pathlib import Path

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
    schema = _schema(shared("data", "gematik", "connector", "ext"))
    schema.validate(alone)
    return [f"{error.line}: {error.message}" for error in schema.error_log]


@cache
def _schema(folder: Path) -> etree.XMLSchema:
    imports = "".join(f'<import namespace="{space}" schemaLocation="{file}"/>' for space, file in _SCHEMAS.items())
    text = f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{imports}</schema>'
    return etree.XMLSchema(etree.fromstring(text, base_url=f"{folder}/all.xsd"))
