"""What a node signed before its certificate was renewed can still be proven, and nothing that others signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority, NodeCertificate
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from trail.test_export import ME

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import Signer, verify
from linkexchange.trail.earlier import earlier_keys


def signer(files: NodeCertificate) -> Signer:
    return Signer.of(load_pem_private_key(files.key.read_bytes(), None), files.thumbprint)  # type: ignore[arg-type]


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_head_of_an_earlier_key_is_proven(ca: Authority) -> None:
    before, after = ca.node(ME), ca.node(ME)
    head = signer(before).sign({"heads": {}}, typ="x")
    pems = [before.certificate.read_text(), after.certificate.read_text()]
    keys = earlier_keys(pems, ca.certificate.read_bytes(), ME)
    assert set(keys.keys) == {before.thumbprint, after.thumbprint}
    assert verify(head, keys).claims == {"heads": {}}


def test_a_certificate_of_another_or_by_another_is_not_believed(ca: Authority, tmp_path: Path) -> None:
    stranger = ca.node(TelematikId("1-2-stranger"))
    nameless = ca.issue([])
    forged = Authority(tmp_path, "forged").node(ME)
    pems = [it.certificate.read_text() for it in (stranger, nameless, forged)]
    keys = earlier_keys(pems, ca.certificate.read_bytes(), ME)
    assert keys.keys == {}
    with pytest.raises(MessageFault):
        verify(signer(forged).sign({"heads": {}}, typ="x"), keys)
