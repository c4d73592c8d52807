"""Texts in HL7 version 2 form, as XDS has them inside its metadata (ITI TF-3 section 4.2.3.1)."""

from __future__ import annotations

_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})


def escaped(text: str) -> str:
    """A text in which no character separates anything, and no line ends."""
    return " ".join(text.split()).translate(_ESCAPES)


def cx(value: str, authority: str, kind: str = "") -> str:
    """An identifier with the OID of its authority and, in a reference id list, the URN of its kind."""
    hd = f"&{authority}&ISO" if authority else ""
    return "^".join((escaped(value), "", "", hd, kind)).rstrip("^")


def xon(name: str, identifier: str, authority: str) -> str:
    """An institution: name, authority of its identifier in the sixth component, identifier in the tenth."""
    return f"{escaped(name)}^^^^^&{authority}&ISO^^^^{escaped(identifier)}"
