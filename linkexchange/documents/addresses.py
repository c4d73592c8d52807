"""Addresses that may stand in a document, which lies in a record for years and which many read."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"https://[^\s/?#@]+(/[^\s?#@]*)?")


def is_plain_address(url: str) -> bool:
    """An https URL without user, query and fragment, in which a secret could travel into the record."""
    return _PLAIN.fullmatch(url) is not None
