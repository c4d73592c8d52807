from __future__ import annotations

import pytest
from world import EXPLICIT, data_set, in_chunks

from linkexchange.dataset import Labels, read_labels

LABELLED = {
    "InstitutionalDepartmentName": "Frauenklinik Süd",
    "ConfidentialityConstraintOnPatientDataDescription": "VIP – nur für Ärzte",
}


@pytest.mark.parametrize("size", [7, 100, 1 << 20])
def test_department_and_confidentiality_are_read_from_before_and_behind_the_series(size: int) -> None:
    labels = read_labels(EXPLICIT, in_chunks(data_set(1, **LABELLED), size))
    assert labels == Labels(*LABELLED.values())


def test_what_an_image_does_not_say_is_empty() -> None:
    assert read_labels(EXPLICIT, in_chunks(data_set(1))) == Labels()


def test_the_pixels_are_not_read() -> None:
    encoded = data_set(1, **LABELLED)
    chunks = in_chunks(encoded, 50)
    read_labels(EXPLICIT, chunks)
    assert len(b"".join(chunks)) > 400
