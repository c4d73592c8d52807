"""Free text on its way into and out of a document."""

from __future__ import annotations

import re

TEXT_MAX = 1024
FORBIDDEN = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What XML cannot hold (XML 1.0 section 2.2). A document has the same text in both encodings."""


def plain(text: str) -> str:
    """Text as a document can hold it: no control characters, no blanks around it, at most `TEXT_MAX` long.

    A PACS sends what people once typed, and an odd character in a description must not keep a study from its reader.
    """
    return FORBIDDEN.sub("", text).strip()[:TEXT_MAX].rstrip()
