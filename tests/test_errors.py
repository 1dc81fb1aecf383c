from app.errors import (
    HomedotError,
    ListError,
    OperatorError,
    PeerError,
    PublicNameError,
    SettingsError,
    UpstreamError,
)


def test_an_operator_error_carries_every_fault_and_reads_as_lines() -> None:
    assert OperatorError(["one", "two"]).faults == ("one", "two")
    assert str(OperatorError(["one", "two"])) == "one\ntwo"
    assert OperatorError("one").faults == ("one",)


def test_one_root_and_one_branch_for_each_who_must_act() -> None:
    assert set(HomedotError.__subclasses__()) == {
        OperatorError,
        ListError,
        PublicNameError,
        PeerError,
        UpstreamError,
    }


def test_faults_are_counted_in_words_that_people_search_for() -> None:
    assert SettingsError("dot.port: must be a port").heading == "1 configuration error"
    assert SettingsError(["one", "two", "three"]).heading == "3 configuration errors"
    assert OperatorError("/data: is full").heading == "1 error"
