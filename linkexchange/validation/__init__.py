"""A link document beside its profiles: everything that is wrong with it, not only the first thing.

    bytes → limits, structure (`reading`) → snapshots (`walk`) → rules beside them (`identifiers`, `document`) → Report

The reader of the node (`documents.read`) stops at the first fault and believes nothing; this one goes on and explains.
Described in docs/reference/validation.md.
"""

from linkexchange.validation.finding import Finding, Report, Severity
from linkexchange.validation.validating import validate

__all__ = ["Finding", "Report", "Severity", "validate"]
