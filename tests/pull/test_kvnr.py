"""L-04: the KVNR in the header of an image is that of the record, however it is written, or nothing passes."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from world import HOSPITAL, KVNR, PRACTICE, World, data_set, uid

from linkexchange.model.identifiers import Kvnr
from linkexchange.model.transfer import State

pytestmark = pytest.mark.slow
OTHER = Kvnr.with_check_digit("B87654321")
ISSUER = "1.2.276.0.76.4.8"


def numbered(*kvnrs: str) -> bytes:
    """An image of the test patient with these among its other numbers."""
    numbers = [Dataset() for _ in kvnrs]
    for holder, kvnr in zip(numbers, kvnrs, strict=True):
        holder.PatientID, holder.IssuerOfPatientID = kvnr, ISSUER
    return data_set(1, OtherPatientIDsSequence=numbers)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kvnrs", "detail"),
    [
        ([OTHER], "OtherPatientIDsSequence"),
        ([f"{KVNR[:-1]}{(int(KVNR[-1]) + 1) % 10}"], "OtherPatientIDsSequence"),
        ([f"{KVNR[:4]} {KVNR[4:]}"], "OtherPatientIDsSequence"),
        ([OTHER.lower()], "OtherPatientIDsSequence"),
        ([KVNR, OTHER], ""),
        ([OTHER, KVNR], ""),
    ],
    ids=["another", "a wrong check digit", "a space within", "another in small letters", "two", "the other first"],
)
def test_l_04_an_image_with_another_kvnr_lets_nothing_pass(world: World, kvnrs: list[str], detail: str) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].instances = {uid(1): numbered(*kvnrs)}
    transfer = world.pull(entry)
    assert transfer.state is not State.COMPLETE
    assert detail in transfer.reason
    assert world.pacs[PRACTICE].sent == []


@pytest.mark.parametrize("kvnr", [KVNR.lower(), f" {KVNR}", f"{KVNR}  "], ids=["small letters", "before", "behind"])
def test_l_04_small_letters_and_spaces_around_it_do_not_make_another_kvnr(world: World, kvnr: str) -> None:
    image = numbered(kvnr)
    assert world.pull(world.publish(image)).state is State.COMPLETE
    assert world.pacs[PRACTICE].instances == {uid(1): image}
