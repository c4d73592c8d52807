"""Files of other makers are what their table says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import linkexchange.web

VENDOR = Path(linkexchange.web.__file__).parent / "static/vendor"


def test_every_vendored_file_has_the_digest_that_its_table_names() -> None:
    rows = re.findall(r"^\| (\S+) \|.* ([0-9a-f]{64}) \|$", (VENDOR / "VENDORED.md").read_text(), re.MULTILINE)
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir()}
    del found["VENDORED.md"]
    assert found == dict(rows)
