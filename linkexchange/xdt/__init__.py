"""xDT, the line format of practice systems: GDT 2.1 and 3.x, BDT, KVDT; and the folder in which they leave it.

Read for one purpose only, to learn who a local patient is. docs/reference/patient-index.md says which fields count.
"""

from __future__ import annotations

from linkexchange.xdt.folder import PatientFolder
from linkexchange.xdt.patients import patients_of

__all__ = ["PatientFolder", "patients_of"]
