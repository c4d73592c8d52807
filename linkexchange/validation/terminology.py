"""Whether a code is one of a value set or of its code system, as far as both are shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from linkexchange.validation.bundled import listed
from linkexchange.validation.definitions import Definitions
from linkexchange.validation.finding import Finding, Severity

_MIME = re.compile(
    r"[A-Za-z0-9!#$&\-^_.+]{1,127}/[A-Za-z0-9!#$&\-^_.+]{1,127}(\s*;\s*[^\s=;]+=(?:\"[^\"]*\"|[^\s;]+))*"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_OPEN = {"urn:ietf:bcp:13": _MIME, "urn:ietf:bcp:47": _LANGUAGE}
"""Systems that no list can hold: their codes are known by their syntax."""

_SEVERITY = {"required": Severity.ERROR, "extensible": Severity.WARNING, "preferred": Severity.INFORMATION}


def bound(definitions: Definitions, binding: Mapping[str, str], value: Any, path: str) -> Iterator[Finding]:
    """What a binding has against a code, Coding, CodeableConcept or Quantity."""
    for url, strength in ((binding["valueSet"], binding["strength"]), (binding.get("max"), "required")):
        codes = definitions.value_sets.get(url or "")
        if codes is not None and url and strength != "preferred" and not _is_in(codes, value):
            yield Finding(
                path,
                "binding",
                f"no code of the value set {url} ({strength})",
                f"Use one of {_shown(codes)}.",
                _SEVERITY[strength],
            )


def known(definitions: Definitions, coding: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """A code must be one of its system, where that is shipped whole."""
    system, code = coding.get("system"), coding.get("code")
    codes = definitions.code_systems.get(system) if isinstance(system, str) else None
    if codes and isinstance(code, str) and code not in codes:
        yield Finding(f"{path}.code", "code", "not a code of its system", "Correct the code, or name its own system.")


def _is_in(codes: Mapping[str, list[str] | None], value: Any) -> bool:
    if isinstance(value, str):
        return any(_has(listing, value, system) for system, listing in codes.items())
    if not isinstance(value, Mapping):
        return True
    if "coding" in value or "text" in value:
        return any(_is_in(codes, it) for it in listed(value, "coding"))
    system, code = value.get("system"), value.get("code")
    if not isinstance(system, str) or not isinstance(code, str):
        return False
    return system in codes and _has(codes[system], code, system)


def _has(listing: list[str] | None, code: str, system: str) -> bool:
    if system in _OPEN:
        return _OPEN[system].fullmatch(code) is not None
    return listing is None or code in listing


def _shown(codes: Mapping[str, list[str] | None]) -> str:
    """The codes, where they are few enough to read."""
    some = [code for listing in codes.values() for code in listing or ("…",)]
    most = 12
    return ", ".join(some[:most]) + (" …" if len(some) > most else "") or "its codes"
