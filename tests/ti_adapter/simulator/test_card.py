from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from simulated_ti import make_pki

from ti_adapter.errors import CardFailed
from ti_adapter.simulator.card import CardSlot, SimulatedCard
from ti_adapter.simulator.shape import SimulatedInstitution

CARD = make_pki().card(SimulatedInstitution("5-2.9001", "Klinik Nord"))


def test_a_card_that_was_saved_is_the_same_when_it_is_loaded(tmp_path: Path) -> None:
    CARD.save(tmp_path / "new" / "folder")
    loaded = SimulatedCard.load(tmp_path / "new" / "folder")
    assert loaded.certificate == CARD.certificate
    assert loaded.key.private_numbers() == CARD.key.private_numbers()


def test_the_key_file_is_for_its_owner_only_even_where_another_lay_open(tmp_path: Path) -> None:
    (tmp_path / "key.pem").touch(0o644)
    CARD.save(tmp_path)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_a_key_does_not_show_in_the_text_of_a_card() -> None:
    assert "key" not in repr(CARD)


def test_an_empty_slot_fails_until_a_card_lies_in_it_and_again_when_it_is_pulled(tmp_path: Path) -> None:
    slot = CardSlot(tmp_path)
    with pytest.raises(CardFailed):
        _ = slot.certificate
    CARD.save(tmp_path)
    assert slot.certificate == CARD.certificate
    (tmp_path / "key.pem").unlink()
    with pytest.raises(CardFailed):
        slot.external_authenticate(bytes(32))


def test_a_key_of_another_kind_is_no_card(tmp_path: Path) -> None:
    CARD.save(tmp_path)
    (tmp_path / "key.pem").write_bytes(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(CardFailed):
        SimulatedCard.load(tmp_path)
