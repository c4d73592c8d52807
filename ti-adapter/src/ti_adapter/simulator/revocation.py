"""What the services of the simulated TI find when they ask OCSP about a card."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509

IsRevoked = Callable[[x509.Certificate], bool]
"""Whether a certificate is revoked now."""


def never_revoked(_: x509.Certificate) -> bool:
    """For a service that stands alone, without an OCSP responder."""
    return False
