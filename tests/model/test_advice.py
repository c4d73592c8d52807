from __future__ import annotations

import pytest

from linkexchange.model.advice import ADVICE, MEANINGS, Concern, meaning, needs, ways
from linkexchange.model.findings import Answer, Check, Finding, Findings
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Retrieve

GOOD = dict.fromkeys(
    (Check.ECHO, Check.STUDY_FIND, Check.IMAGE_FIND, Check.GET, Check.MOVE, Check.STORE, Check.ASSOCIATIONS), Answer.YES
)
NO_GET = {**GOOD, Check.GET: Answer.NO}
NOTHING = {Check.STUDY_FIND: Answer.NO, Check.GET: Answer.NO, Check.MOVE: Answer.NO}


def found(answers: dict[Check, Answer]) -> Findings:
    return Findings("pacs", AeTitle("NODE"), tuple(Finding(*pair, "seen") for pair in answers.items()))


def concerns(answers: dict[Check, Answer]) -> list[Concern]:
    return [it.concern for it in needs(found(answers))]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (GOOD, []),
        ({**GOOD, **NOTHING}, []),
        ({**GOOD, Check.STORE: Answer.NO}, []),
        ({**GOOD, **NOTHING, Check.STORE: Answer.NO}, [Concern.NO_SERVICE]),
        ({Check.ECHO: Answer.UNANSWERED, Check.STORE: Answer.UNANSWERED}, [Concern.UNREACHABLE]),
        ({**GOOD, Check.MOVE_DESTINATION: Answer.NO}, []),
        ({**NO_GET, Check.MOVE_DESTINATION: Answer.NO}, [Concern.MOVE_DESTINATION]),
        ({**NO_GET, Check.MOVE_DESTINATION: Answer.NO, Check.QIDO: Answer.YES, Check.WADO: Answer.YES}, []),
        ({**NO_GET, Check.MOVE_DESTINATION: Answer.OPEN}, []),
        ({**NO_GET, Check.MOVE: Answer.NO, Check.MOVE_DESTINATION: Answer.OPEN}, [Concern.NO_RETRIEVAL]),
        ({**GOOD, Check.IMAGE_FIND: Answer.NO}, [Concern.NO_LISTING]),
        ({**GOOD, Check.IMAGE_FIND: Answer.NO, Check.QIDO: Answer.YES}, []),
        ({**GOOD, Check.GET: Answer.UNANSWERED}, [Concern.SILENCE]),
        ({**GOOD, Check.QIDO: Answer.UNANSWERED, Check.WADO: Answer.UNANSWERED}, [Concern.DICOMWEB] * 2),
        ({**GOOD, Check.TEST_OBJECT: Answer.NO}, [Concern.TEST_OBJECT]),
        ({**GOOD, Check.COUNTS: Answer.NO, Check.CANCEL: Answer.NO, Check.CHARSET: Answer.NO}, []),
    ],
)
def test_only_what_nothing_else_makes_up_for_is_a_concern(
    answers: dict[Check, Answer], expected: list[Concern]
) -> None:
    assert concerns(answers) == expected


def test_1_1_05_a_destination_that_is_not_known_is_told_with_our_ae_title_owner_and_next_step() -> None:
    (need,) = needs(found({**NO_GET, Check.MOVE_DESTINATION: Answer.NO}))
    assert "does not know our AE title NODE" in need.cause
    assert need.owner == "own PACS administrator"
    assert need.next_step.startswith("Register NODE at the PACS")


def test_the_best_way_to_retrieve_comes_first() -> None:
    every = {**GOOD, Check.WADO: Answer.YES}
    assert ways(found(every)) == [Retrieve.DICOMWEB, Retrieve.C_GET, Retrieve.C_MOVE]


@pytest.mark.parametrize("check", Check)
@pytest.mark.parametrize("answer", Answer)
def test_every_answer_to_every_check_has_a_meaning(check: Check, answer: Answer) -> None:
    always_yes = {Check.PDU, Check.ASSOCIATIONS}
    assert meaning(Finding(check, answer, "")) or (check in always_yes and answer is Answer.NO)


def test_the_tables_are_complete() -> None:
    assert (set(ADVICE), set(MEANINGS)) == (set(Concern), set(Check))
