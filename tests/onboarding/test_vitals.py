from app.onboarding.enrolment import Enrolment

from .asking import ILL, UNKNOWN, WELL, FrontDoor, ask


def test_health_is_what_it_is_told(own_authority: Enrolment) -> None:
    well, ill = ask(own_authority, "/healthz"), ask(own_authority, "/healthz", healthy=False)
    assert (well.status_code, well.text) == (200, "ok\n")
    assert ill.status_code == 503
    assert "does not answer" in ill.text
    assert well.headers["content-type"].startswith("text/plain")


def test_metrics_are_text_for_prometheus(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "homedot_connections 1" in answer.text


def test_probe_answers_only_where_a_device_would_be_answered(own_authority: Enrolment) -> None:
    assert ask(own_authority, "/probe").status_code == 200
    assert ask(own_authority, "/probe", front=FrontDoor(answers=False)).status_code == 503


def test_probe_is_where_the_profile_looks_for_it(own_authority: Enrolment) -> None:
    for url in own_authority.probe_urls:
        answer = ask(own_authority, url)
        assert (answer.status_code, answer.history) == (200, [])  # no redirect: it would not count


def test_ready_is_only_who_is_well_and_the_sentence_says_why_not(own_authority: Enrolment) -> None:
    for health, code in ((WELL, 200), (ILL, 503), (UNKNOWN, 503)):
        answer = ask(own_authority, "/readyz", front=FrontDoor(health=health))
        assert (answer.status_code, answer.text) == (code, f"{health.text}\n")


def test_the_status_is_what_the_command_prints(own_authority: Enrolment) -> None:
    answer = ask(own_authority, "/status.json")
    assert answer.json() == {"schema": 1, "answers": True}
    assert answer.headers["content-type"] == "application/json"
