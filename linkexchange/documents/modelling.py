"""The R4B model as a judge: does this structure hold what FHIR asks of a Bundle?

Known gaps, so that nobody trusts it with more: it takes any code where FHIR has a closed list, any resource where a
reference has named targets, and numbers where a text is asked. `extract` checks the codes and references we use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_ELEMENT = re.compile(r"[a-zA-Z]{1,64}")


def modelled(raw: Mapping[str, Any], fault: Callable[[str], Exception]) -> Any:
    """The validated Bundle; raises `fault` with path and rule of the first finding, never with a value."""
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        return Bundle.model_validate(raw)
    except ValidationError as wrong:
        finding = _finding(wrong.errors(include_url=False, include_context=False, include_input=False)[0])
    except Exception:
        # The library looks resource types up by name, and what it raises for hostile ones is not agreed upon.
        finding = "Bundle: not a FHIR R4 document"
    raise fault(finding)


def _finding(error: Mapping[str, Any]) -> str:
    """Names and positions only; an unknown name comes from the sender and is left out, as is the library's text."""
    location = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    steps = "".join(f"[{it}]" if isinstance(it, int) else f".{it}" for it in location if _is_named(it))
    return f"Bundle{steps}: {error['type'].replace('_', ' ')}"


def _is_named(step: str | int) -> bool:
    return isinstance(step, int) or _ELEMENT.fullmatch(step) is not None
