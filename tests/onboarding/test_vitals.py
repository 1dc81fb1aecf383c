from app.onboarding.enrolment import Enrolment

from .asking import FrontDoor, ask


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
