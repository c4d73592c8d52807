"""Interfaces of the German Telematikinfrastruktur. Knows nothing of DICOM or links."""
