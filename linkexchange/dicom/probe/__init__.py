"""What a PACS can do, found out by asking: the passport probe.

Nothing in the PACS is changed, except by the test object that is stored where `Scope.store` asks for it. Every check
stands alone: one that fails or takes too long becomes a finding, and the next is made.
"""

from __future__ import annotations

from linkexchange.dicom.probe.course import probe
from linkexchange.dicom.probe.visit import Limits

__all__ = ["Limits", "probe"]
