from __future__ import annotations

import signal

import pytest


def test_a_finding_turns_the_alarm_off_and_a_quiet_input_does_not() -> None:
    run = pytest.importorskip("fuzz.run")
    one_input = run.alarm_off(lambda content: 1 // len(content))
    of_the_test = signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        one_input(b"quiet")
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        with pytest.raises(ZeroDivisionError):
            one_input(b"")
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, *of_the_test)
