"""supervisord's own tick, which comes once a minute: too long to wait for in every run."""

import time

import pytest

from tests.appliance import folder_for_all, running, settings_in
from tests.clients.test_new_certificate import NAME, Client, files_of, in_place, new_leaf
from tests.fakes.dot_client import unverified_context
from tests.internet import Internet

pytestmark = pytest.mark.soak

TICK_S = 60
SLACK_S = 20


def test_a_new_certificate_is_served_within_a_minute_by_itself(internet: Internet) -> None:
    with folder_for_all() as folder:
        certs = folder / "certs"
        certs.mkdir()
        in_place(certs, files_of(new_leaf()))
        own = {"HOMEDOT_TLS__CERTIFICATE": str(certs / "cert.pem"), "HOMEDOT_TLS__KEY": str(certs / "key.pem")}
        environment = settings_in(folder, HOMEDOT_HOSTNAME=NAME, **own, **internet.environment)
        with running(folder, environment) as appliance:
            connected = Client.connect(appliance.dot_port, unverified_context())
            served = connected.leaf
            in_place(certs, files_of(new_leaf()))
            deadline_s = time.monotonic() + TICK_S + SLACK_S
            while served == connected.leaf:
                assert time.monotonic() < deadline_s
                time.sleep(1)
                visitor = Client.connect(appliance.dot_port, unverified_context())
                served = visitor.leaf
                visitor.tls.close()
            connected.tls.close()
