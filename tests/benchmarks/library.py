"""What fhir.resources alone does with a document: its model validates, and reads and writes both forms.

Nothing of ours is imported here, so that a process that holds only this is one without us.
"""

from __future__ import annotations

import json
from typing import Any


class Library:
    def __init__(self, content: bytes) -> None:
        from fhir.resources.R4B.bundle import Bundle

        self._model, self._content = Bundle, content
        self.xml: bytes = self._validated().model_dump_xml()

    def _validated(self) -> Any:
        return self._model.model_validate(json.loads(self._content))

    def read_json(self) -> None:
        """Read JSON and validate."""
        self._validated()

    def write_json(self) -> None:
        """Validate and write JSON."""
        self._validated().model_dump_json()

    def write_xml(self) -> None:
        """Validate and write XML."""
        self._validated().model_dump_xml()

    def read_xml(self) -> None:
        """Read XML and validate."""
        self._model.model_validate_xml(self.xml)
