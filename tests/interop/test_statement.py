"""The DICOM conformance statement says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pynetdicom
import pytest
from interop import dcmjs

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.dicom import acse, bulk, command, pdu
from linkexchange.dicom.line import CONTEXTS_MAX, DEFAULT_TIMEOUTS
from linkexchange.dicom.outbox import INVALID_INSTANCE
from linkexchange.dicom.plan import BATCH, EVERY_SYNTAX
from linkexchange.dicom.receiver import DEFAULT_LIMITS
from linkexchange.settings import NodeSettings
from linkexchange.spool.intake import Status

PAGE = (Path(__file__).parents[2] / "docs/reference/dicom-conformance-statement.md").read_text()
IDLE_SECONDS = NodeSettings.model_fields["idle_seconds"].default


def test_the_transfer_syntaxes_are_listed_in_the_order_in_which_they_are_proposed() -> None:
    section = PAGE.partition("## 7. ")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"1\.2\.840\.10008\.1\.2[0-9.]*[0-9]|1\.2\.840\.10008\.1\.2\b", section)) == EVERY_SYNTAX


@pytest.mark.parametrize(
    "fact",
    [
        f"| implementation class UID | {IMPLEMENTATION_CLASS_UID} |",
        f"| implementation version name | {acse.IMPLEMENTATION_VERSION.decode()} |",
        f"| maximum length announced | {pdu.PDU_MAX_BYTES} bytes |",
        f"| longest PDU that is taken, whatever was announced | {pdu.PDU_CAP_BYTES} bytes |",
        f"| longest command set that is taken | {command.COMMAND_MAX_BYTES} bytes |",
        f"| presentation contexts in one request | at most {CONTEXTS_MAX} |",
        f"| items taken in one A-ASSOCIATE | {acse.ITEMS_MAX}, ",
        f"{acse.SYNTAXES_MAX} transfer syntaxes in a context |",
        f"release of ours is waited for at most {bulk._RELEASE_SECONDS:g} s",
        f"| connection to a PACS | {DEFAULT_TIMEOUTS.connect_seconds:g} s |",
        f"| the answer to a request for an association | {DEFAULT_TIMEOUTS.negotiate_seconds:g} s in all |",
        f"TLS included | {DEFAULT_LIMITS.first_seconds:g} s |",
        f"| receiver: silence afterwards | setting `idle_seconds`, default {IDLE_SECONDS:g} s |",
        f"at most {DEFAULT_LIMITS.in_all} that were admitted, {DEFAULT_LIMITS.of_peer} of them from one address",
        f"and {DEFAULT_LIMITS.waiting} that have not said yet who they are",
        f"at most {DEFAULT_LIMITS.drained_bytes >> 20} MiB",
        f"(at most {BATCH} UIDs in a list)",
        f"| {Status.CONFLICT:04X} | another data set waits under this SOP Instance UID",
        f"| {INVALID_INSTANCE:04X} | the command names no SOP Instance |",
        f"| {Status.FULL:04X} | the limit is reached, the disk is full or fails",
        f"| {Status.NOT_WHAT_IT_SAYS:04X} | SOP Class or Instance UID of the data set are not those of the command |",
        f"| {Status.UNREADABLE:04X} | the data set cannot be followed to its end |",
        f"| pynetdicom | {pynetdicom.__version__} |",
        f"| dcmjs-dimse | {dcmjs.VERSION} |",
    ],
)
def test_a_number_in_the_statement_is_that_of_the_code(fact: str) -> None:
    assert fact in PAGE


def test_the_version_of_dcmjs_is_the_one_that_is_installed() -> None:
    wanted = json.loads((dcmjs.SCRIPTS / "package.json").read_text())["dependencies"]
    locked = json.loads((dcmjs.SCRIPTS / "package-lock.json").read_text())["packages"]
    assert wanted == {"dcmjs-dimse": dcmjs.VERSION}
    assert locked["node_modules/dcmjs-dimse"]["version"] == dcmjs.VERSION
    assert all("integrity" in it for name, it in locked.items() if name)
