"""The models of fhir.resources (FHIR R4B): what they refuse to take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from pydantic import ValidationError


def version() -> str:
    """Of the library that is installed."""
    return metadata.version("fhir.resources")


def errors(documents: Mapping[str, Any]) -> dict[str, list[str]]:
    """Name of each document → its errors, empty for one that the models take."""
    return {name: _errors(json.dumps(it)) for name, it in documents.items()}


def _errors(document: str) -> list[str]:
    from fhir.resources.R4B.bundle import Bundle

    try:
        Bundle.model_validate_json(document)
    except ValidationError as wrong:
        return [f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in wrong.errors()]
    except (LookupError, TypeError) as failed:
        # No finding but a failure, as at a resource that it does not know, or at a list for a text: refused as well.
        return [f"failed: {type(failed).__name__}"]
    return []
