"""What everything leans on: the image starts, answers, keeps its identity and its secrets, and ends well."""

import json
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from app import __version__
from app.errors import SettingsError
from app.onboarding.steps import OPEN_PAGE
from tests.container import rights
from tests.documents import run_in
from tests.fakes.screen import codes_in

from .docker import Stack, docker, fetch, override

pytestmark = pytest.mark.image

PAGE = "http://127.0.0.1:8853"
PROFILE = f"{PAGE}/homedot.mobileconfig"
MOST_MEGABYTES = 190
FROM_START_TO_ANSWER_S = 10


@pytest.fixture(scope="module")
def root(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root certificate, from where a user gets it."""
    path = tmp_path_factory.mktemp("root") / "root.pem"
    path.write_bytes(fetch(f"{PAGE}/ca.pem"))
    return path


def kdig(root: Path, *arguments: str) -> str:
    command = ["kdig", "@127.0.0.1", f"+tls-ca={root}", "+tls-hostname=dns.home.arpa", "+retry=0", "+timeout=5"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=30, check=False).stdout


def test_a_signed_name_is_answered_and_validated_soon_after_the_start(stack: Stack, root: Path) -> None:
    answer = kdig(root, "signed.test", "A", "+dnssec")
    since_start_s = stack.seconds_since_start()
    assert "status: NOERROR" in answer
    assert re.search(r"Flags:.* ad", answer)
    print(f"first answer {since_start_s:.2f} s after the container's start")
    assert since_start_s < FROM_START_TO_ANSWER_S


def test_a_bogus_name_is_servfail_with_an_extended_error(stack: Stack, root: Path) -> None:
    answer = kdig(root, "bogus.test", "A", "+dnssec")
    assert "status: SERVFAIL" in answer
    assert "EDE: 6" in answer


def test_the_qr_code_in_the_log_is_the_address_of_the_page(stack: Stack, root: Path) -> None:
    assert codes_in(stack.log) == [f"{PAGE}/"]
    assert f"{OPEN_PAGE} {PAGE}/\n" in stack.log
    assert PROFILE in stack.log


def test_nothing_in_the_log_of_a_start_worries_anybody(stack: Stack, root: Path) -> None:
    assert "unbound:" not in stack.log
    said = [line for line in stack.log.splitlines() if " lists: " not in line]  # which find no internet here
    assert not re.search(r"\b(WARN|warning|error|Traceback)\b", "\n".join(said))


def test_setup_phone_shows_the_same_again(stack: Stack, root: Path) -> None:
    assert stack.exec("homedot", "setup-phone").stdout.strip() in stack.log


def test_doctor_finds_nothing_wrong_but_a_list_that_cannot_be_had_here(stack: Stack, root: Path) -> None:
    names = ("--bogus-name", "bogus.test", "--slow-name", "d500-doctor.slow.test")
    done = stack.exec("homedot", "doctor", "--json", *names, check=False)
    causes = [cause["check"] for cause in json.loads(done.stdout)["causes"]]
    assert causes in ([], ["block lists"]), done.stdout
    assert done.returncode == len(causes)


def test_healthcheck_is_content(stack: Stack, root: Path) -> None:
    stack.exec("homedot", "healthcheck")
    assert stack.inspect("{{.Config.Healthcheck.Test}}") == "[CMD homedot healthcheck]"


def test_the_root_file_system_is_read_only(stack: Stack, root: Path) -> None:
    assert stack.inspect("{{.HostConfig.ReadonlyRootfs}}") == "true"
    for folder in ("/", "/etc", "/opt/homedot", "/usr/local/lib/homedot", "/config"):
        assert stack.exec("touch", f"{folder}/written", check=False).returncode != 0, folder


@pytest.mark.parametrize(
    ("path", "readers"),
    [
        ("/data/ca/intermediate.key", set()),
        ("/data/tls/leaf.key", set()),
        ("/run/homedot/tls/pair.pem", {"homedot-dot"}),
        ("/data/web/token", {"homedot-web"}),
        ("/run/homedot/settings/root.json", set()),
        ("/run/homedot/public/root.pem", {"homedot-acme", "homedot-dot", "homedot-lists", "homedot-web", "unbound"}),
    ],
)
def test_every_program_reads_its_own_secret_alone_and_none_the_authoritys_key(
    stack: Stack, root: Path, path: str, readers: set[str]
) -> None:
    users = ("homedot-acme", "homedot-dot", "homedot-lists", "homedot-web", "unbound")
    able = {user for user in users if stack.exec("head", "-c1", path, user=user, check=False).returncode == 0}
    assert able == readers


def test_blocking_is_paused_from_the_page_by_who_has_the_token(stack: Stack, root: Path) -> None:
    token = stack.exec("homedot", "token").stdout.strip()
    for chosen, said in (("5m", b"Paused for 5 minutes more."), ("0", b"In force")):
        form = ["-d", f"token={token}", "-d", f"for={chosen}"]
        done = subprocess.run(["curl", "-fsSL", *form, f"{PAGE}/blocking/pause"], capture_output=True, check=True)
        assert said in done.stdout


def test_of_programs_facing_the_network_only_the_one_with_a_low_port_has_a_capability(stack: Stack, root: Path) -> None:
    status = stack.exec("sh", "-c", "grep -H -E '^(Name|Uid|CapEff|NoNewPrivs):' /proc/[0-9]*/status").stdout
    facts: dict[str, dict[str, str]] = {}
    for line in status.splitlines():
        path, name, value = line.split(":", 2)
        facts.setdefault(path, {})[name] = value.strip()
    dropped = [fact for fact in facts.values() if not fact["Uid"].startswith("0")]
    assert len({fact["Uid"] for fact in dropped}) == 4
    dot = stack.exec("id", "-u", "homedot-dot").stdout.strip()
    for fact in dropped:
        may_bind = fact["Uid"].split()[0] == dot
        assert int(fact["CapEff"], 16) == (0x400 if may_bind else 0), fact  # CAP_NET_BIND_SERVICE
        assert fact["NoNewPrivs"] == "1", fact


def test_neither_pip_nor_a_compiler_is_in_the_image(stack: Stack) -> None:
    found = stack.exec("sh", "-c", "command -v pip pip3 gcc cc make; python3 -c 'import pip'", check=False)
    assert found.stdout == ""
    assert "No module named 'pip'" in found.stderr


def test_the_image_is_small(image: str) -> None:
    megabytes = int(docker("image", "inspect", "-f", "{{.Size}}", image).stdout) / 1e6
    print(f"the image has {megabytes:.0f} MB")
    assert megabytes <= MOST_MEGABYTES


def test_the_image_says_what_it_is(image: str) -> None:
    labels = docker("image", "inspect", "-f", "{{json .Config.Labels}}", image).stdout
    assert '"org.opencontainers.image.title":"Homedot"' in labels
    assert '"org.opencontainers.image.licenses":"MIT"' in labels


def test_labels_page_and_command_agree_on_version_and_commit(stack: Stack, root: Path, image: str) -> None:
    labels = json.loads(docker("image", "inspect", "-f", "{{json .Config.Labels}}", image).stdout)
    version, commit = (labels[f"org.opencontainers.image.{kind}"] for kind in ("version", "revision"))
    assert version == __version__
    assert re.fullmatch("[0-9a-f]{7,40}", commit)
    told = f"homedot {version} (commit {commit[:7]})"
    assert stack.exec("homedot", "version").stdout == f"{told}\n"
    assert told in fetch(f"{PAGE}/").decode()
    assert told in stack.log


def test_what_compose_builds_from_a_clone_knows_its_commit_too(clone: Path, image: str, tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
    shutil.copytree(clone, tmp_path, dirs_exist_ok=True)
    for words in (["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "a clone"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    built = f"{image}-cloned"
    named = override(tmp_path / "named.yaml", built, {}, {})
    cloned = Stack(tmp_path, "homedot-test-cloned", (tmp_path / "compose.yaml", named))
    try:
        cloned.compose("build", "-q")
        told = docker("run", "--rm", built, "homedot", "version").stdout
        assert told == f"homedot {__version__} (commit {commit[:7]})\n"
    finally:
        docker("rmi", built, check=False)


def identity(stack: Stack) -> tuple[bytes, str]:
    profile = fetch(PROFILE)
    return profile, stack.exec("homedot", "setup-phone").stdout


def test_down_and_up_and_a_new_image_keep_root_pin_and_profile(stack: Stack, image: str) -> None:
    before = identity(stack)
    stack.compose("down")
    stack.compose("up", "-d", "--no-build")
    assert identity(stack) == before
    first = stack.inspect("{{.Image}}")
    docker("build", "-q", "-t", image, "--build-arg", "REVISION=another", str(stack.checkout))
    try:
        stack.compose("up", "-d", "--no-build")
        assert stack.inspect("{{.Image}}") != first
        assert identity(stack) == before
    finally:
        docker("tag", first, image)


def test_the_documented_backup_restores_the_same_homedot(stack: Stack, tmp_path: Path) -> None:
    before = identity(stack)
    backup, remove, restore = [block.text for block in run_in("pasted") if block.document == "docs/backup.md"][:3]
    stack.shell(tmp_path, backup)
    assert (tmp_path / "homedot-backup.tar").stat().st_mode & 0o077 == 0
    for lines in (remove, restore):
        stack.shell(tmp_path, lines)
    assert identity(stack) == before


def test_stops_in_time_with_exit_code_0(stack: Stack) -> None:
    fetch(PROFILE)
    begun_s = time.monotonic()
    stack.compose("stop")
    assert time.monotonic() - begun_s < 10
    assert stack.inspect("{{.State.ExitCode}}") == "0"
    stack.compose("start")


def test_unbound_follows_the_roots_keys_in_memory_and_takes_them_from_the_volume(image: str) -> None:
    """With the rights of compose.yaml, and without a network: nobody is asked."""
    settings = ["-e", "HOMEDOT_ADDRESSES=127.0.0.1", "-e", "HOMEDOT_RESOLVER__MODE=recursive"]
    container = docker("run", "-d", "--network", "none", *rights(), *settings, image).stdout.strip()
    try:
        _until_healthy(container)
        followed, kept = "/run/homedot/unbound/root.key", "/data/dnssec-root.key"
        assert docker("exec", container, "stat", "-c", "%U %a", followed).stdout == "unbound 644\n"
        assert docker("exec", container, "find", "/data", "-user", "unbound").stdout == ""
        now_s = int(time.time())
        confirmed = f"(printf ';;id: . 1\\n;;last_success: {now_s} ;;then\\n'; cat {followed}) > {kept}"
        docker("exec", container, "sh", "-c", confirmed)
        docker("restart", container)
        _until_healthy(container)
        assert f"last_success: {now_s}" in docker("exec", container, "cat", followed).stdout
        docker("exec", container, "sh", "-c", f"echo nonsense > {kept}")
        docker("restart", container)
        _until_healthy(container)
        log = docker("logs", container)
        assert f"warning homedot: {kept}: is no trust anchor" in log.stdout + log.stderr
        assert "DNSKEY" in docker("exec", container, "cat", followed).stdout
    finally:
        docker("rm", "-fv", container)


def _until_healthy(container: str) -> None:
    deadline = time.monotonic() + 30
    while docker("exec", container, "homedot", "healthcheck", check=False).returncode:
        assert time.monotonic() < deadline, docker("logs", container)
        time.sleep(0.2)  # until it listens there is nothing to wait on


def test_three_faults_are_told_in_one_message_with_exit_code_2(image: str, tmp_path: Path) -> None:
    (tmp_path / "homedot.yaml").write_text("dot:\n  prot: 853\n")
    done = docker(
        "run", "--rm", "-v", f"{tmp_path}:/config:ro", "-e", "HOMEDOT_RESOLVER__MODE=magic",
        "-e", "HOMEDOT_TLS__CERTIFICATE=/config/cert.pem", "-e", "HOMEDOT_TLS__KEY=/config/homedot.yaml", image,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    told = done.stdout + done.stderr
    assert f"error   homedot: {SettingsError([''] * 3).heading}:" in told.splitlines()[0]
    assert all(name in told for name in ("dot.prot", "resolver.mode", "tls.certificate"))


def test_a_program_that_cannot_run_stops_the_container_with_a_line_that_names_it(image: str) -> None:
    with socket.create_server(("", 5399)):
        done = docker(
            "run", "--rm", "--network", "host", "-e", "HOMEDOT_ADDRESSES=127.0.0.1", "-e", "HOMEDOT_DOT__PORT=5399",
            "-e", "HOMEDOT_WEB__PORT=5397",
            "-e", "HOMEDOT_RESOLVER__MODE=recursive", image, check=False, timeout_s=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert "homedot: dot keeps failing; stopping." in done.stdout + done.stderr
