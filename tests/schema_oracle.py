"""Several schema files of gematik's as one, so that a message may be of any of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lxml import etree


def errors(message: etree._Element, folder: Path, files: Mapping[str, str]) -> list[str]:
    """What the files of a folder, by their namespace, find wrong with a message."""
    schema = _schema(folder, tuple(files.items()))
    schema.validate(message)
    return [f"{error.line}: {error.message}" for error in schema.error_log]


@cache
def _schema(folder: Path, files: tuple[tuple[str, str], ...]) -> etree.XMLSchema:
    imports = "".join(f'<import namespace="{space}" schemaLocation="{file}"/>' for space, file in files)
    text = f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{imports}</schema>'
    return etree.XMLSchema(etree.fromstring(text, base_url=f"{folder}/all.xsd"))
