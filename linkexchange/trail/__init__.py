"""The audit trail beyond the chain: entries leave the house, are checked, grow old, and are balanced.

    entry → event → FHIR AuditEvent, DICOM audit message → sinks

An entry is written in the transaction of its step (`store.trail`) and never waits for a receiver.
"""
