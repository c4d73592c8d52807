"""Secrets in tables: as digests only, so that a copy of the database opens nothing."""

from __future__ import annotations

import hashlib


def hashed(secret: str) -> str:
    """SHA-256, in hexadecimal. The secrets are random and long, so that nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
