"""What the simulator signs, judged by what we did not write: gematik's schema, and xmlsec1."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree  # type: ignore[import-untyped]
from peers.ground import require
from shared_data import shared
from simulated_tsl import TslScene

from ti_adapter.errors import TslRefused
from ti_adapter.pki import read_tsl
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS

pytestmark = pytest.mark.slow

SCENE = TslScene.made(datetime.now(UTC))

JUDGED_ALIKE = (
    "no signature",
    "signer of a foreign CA",
    "signer of a look-alike CA",
    "signer with a broken signature",
    "signer expired",
    "signer not yet valid",
    "signature of a stranger",
    "flipped signature",
    "signature of another list",
    "one service more",
    "text changed",
)


def xmlsec_believes(document: bytes, folder: Path) -> bool:
    """Whether xmlsec1 verifies the signature and the chain of its signer to the one anchor."""
    require("xmlsec1")
    (folder / "tsl.xml").write_bytes(document)
    (folder / "anchor.pem").write_bytes(SCENE.listing.ca.certificate.public_bytes(Encoding.PEM))
    ids = ("--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties")
    trusted = ("--enabled-key-data", "x509", "--trusted-pem", str(folder / "anchor.pem"))
    done = subprocess.run(
        ["xmlsec1", "--verify", *ids, *trusted, str(folder / "tsl.xml")], capture_output=True, check=False, timeout=20
    )
    return done.returncode == 0


def test_xmlsec1_believes_a_right_list(tmp_path: Path) -> None:
    assert xmlsec_believes(SCENE.listing.issued(), tmp_path)


@pytest.mark.parametrize("name", JUDGED_ALIKE)
def test_xmlsec1_and_we_refuse_the_same_lists(name: str, tmp_path: Path) -> None:
    document = BROKEN_LISTS[name](SCENE.listing)
    assert not xmlsec_believes(document, tmp_path)
    with pytest.raises(TslRefused):
        read_tsl(document, SCENE.anchors, datetime.now(UTC))


def test_a_simulated_list_validates_against_the_schema_of_gematik() -> None:
    schema = etree.XMLSchema(etree.parse(shared("data", "gematik", "connector", "ext", "tsl.xsd")))
    schema.assertValid(etree.fromstring(SCENE.listing.issued()))
