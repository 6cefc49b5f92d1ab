import pytest

from core.trace import Recorder


def test_a_stage_keeps_what_went_in_and_out_and_fits_in_the_total() -> None:
    recorder = Recorder()
    with recorder.stage("recall", n_in=1) as stage:
        stage.n_out = 100
    with recorder.stage("fuse"):
        pass
    trace = recorder.trace()
    assert [(s.name, s.n_in, s.n_out) for s in trace.stages] == [("recall", 1, 100), ("fuse", None, None)]
    assert 0 < sum(s.ms for s in trace.stages) <= trace.total_ms


def test_a_stage_that_fails_is_recorded_and_the_failure_goes_on() -> None:
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError), recorder.stage("rank", n_in=5):
        _ = 1 / 0
    assert [(s.name, s.n_in, s.n_out) for s in recorder.trace().stages] == [("rank", 5, None)]


def test_a_trace_taken_early_does_not_grow() -> None:
    recorder = Recorder()
    early = recorder.trace()
    with recorder.stage("late"):
        pass
    assert early.stages == ()
