"""The genuine Elasticsearch server for tests: one for all, and servers of a test's own.

The vendor's distribution for integration tests, kept by `tests/install-peers`. A server runs as an
unprivileged account (it refuses root) on loopback, on a port of its own, in a temporary folder, and
is ended by its pid. `TRAPGATE_TEST_ELASTICSEARCH_URL` names a user's server, taken instead of
the shared one.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import msgspec
import pytest

from ports import free_port

VERSION = os.environ.get("TRAPGATE_TEST_ELASTICSEARCH_VERSION", "8.19.0")
"""Of the distribution; 9.2.0 works as well where `install-peers` was told the same and a Java 21 or
newer is there."""

URL_VARIABLE = "TRAPGATE_TEST_ELASTICSEARCH_URL"

QUICK_START = "-XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
"""Options of Java that halve the start, for a server that need not be fast afterwards."""

STARTS_WITHIN_S = 90.0
"""A quiet machine takes 8 s."""

ENDS_WITHIN_S = 30.0

POLL_S = 0.05

HEAP = "-Xms512m -Xmx512m"

ACCOUNT = "nobody"
"""Who runs the server where the tests run as root."""

SETTINGS: Mapping[str, str] = {
    "discovery.type": "single-node",
    "xpack.security.enabled": "false",
    "network.host": "127.0.0.1",
    "transport.port": "0",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "cluster.max_shards_per_node": "10000",  # each test has data streams of its own
}

USER, PASSWORD = "elastic", "l4b-p4ssword"
"""Who may do everything on a server with `xpack.security.enabled`."""


class Elasticsearch:
    """One server: a folder, a port, and a process now and then."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] = {},
        *,
        password: str = "",
        tls: ssl.SSLContext | None = None,
        files: Mapping[str, bytes] = {},
        java_options: str = QUICK_START,
    ) -> None:
        """Lay the server out in `folder`, which must be empty and open to `ACCOUNT`; `start`
        starts it. `tls` is how to talk to it if the settings make it answer over TLS, `files` go
        into its folder of settings, the only one that it reads certificates from."""
        self._home = folder / "server"
        self._log = folder / "log"
        self._auth = httpx.BasicAuth(USER, password) if password else None
        self._verify = tls or True
        self._java_options = f"{HEAP} {java_options}"
        self._user = ACCOUNT if os.geteuid() == 0 else None
        self._port = free_port()
        self._settings = {**SETTINGS, "http.port": str(self._port), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._port}"
        shutil.copytree(_unpacked(), self._home, symlinks=True)
        folder.chmod(0o755)
        for name, data in files.items():
            (self._home / "config" / name).write_bytes(data)
        self._own(self._home)
        if password:
            self.run("elasticsearch-keystore", "create")
            self.run("elasticsearch-keystore", "add", "-x", "bootstrap.password", input=password)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = [part for item in self._settings.items() for part in ("-E", "=".join(item))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._home / "bin" / "elasticsearch", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own: the launcher and the server
                env=_environment(self._java_options),
                user=self._user,
                group=_group() if self._user else None,
                extra_groups=[] if self._user else None,
            )
        try:
            self._await_answer()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it as an operator does; nothing happens if it does not run."""
        if self._process is not None:
            _end(self._process.pid)
            self._process.wait(ENDS_WITHIN_S)
            self._process = None

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(ENDS_WITHIN_S)
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections are taken and nothing is answered, until `resume`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask the server something, as an operator does with curl."""
        with httpx.Client(base_url=self.url, auth=self._auth, verify=self._verify) as client:
            return client.request(method, path, json=body, timeout=ENDS_WITHIN_S)

    def _await_answer(self) -> None:
        until = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            ended = self._process is None or self._process.poll() is not None
            assert not ended, self._log.read_text(errors="replace")[-4_000:]
            assert time.monotonic() < until, f"Elasticsearch does not answer; see {self._log}"
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        # 408 while the shards of an earlier run are not back yet
        path = "/_cluster/health?wait_for_status=yellow&timeout=1s"
        try:
            return self.request("GET", path).status_code == 200
        except httpx.TransportError:
            return False

    def run(self, name: str, *arguments: str, input: str = "") -> None:
        """Run one of the server's own tools, while the server does not run."""
        subprocess.run(
            [self._home / "bin" / name, *arguments],
            input=input.encode(),
            capture_output=True,
            check=True,
            timeout=STARTS_WITHIN_S,
            env=_environment(self._java_options),
            user=self._user,
            group=_group() if self._user else None,
        )

    def _own(self, folder: Path) -> None:
        if self._user:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self._user, _group())


def _environment(java_options: str) -> Mapping[str, str]:
    return {**os.environ, "ES_JAVA_HOME": str(_java_home()), "ES_JAVA_OPTS": java_options}


def _group() -> int:
    return pwd.getpwnam(ACCOUNT).pw_gid


def _end(pid: int) -> None:
    """Ask a server to end; returns when it has (its parent may have to reap it yet)."""
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + ENDS_WITHIN_S
    while _runs(pid):
        if time.monotonic() > until:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(POLL_S)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def lacking() -> str | None:
    """What this machine lacks to run a server; `None`: nothing."""
    if not (_unpacked() / "bin" / "elasticsearch").exists():
        return f"Elasticsearch {VERSION} is not there: run tests/install-peers"
    if _java_home() is None:
        return f"there is no Java that Elasticsearch {VERSION} runs on (Debian 12: openjdk-17-jre)"
    return None


def _unpacked() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "trapgate-peers" / f"elasticsearch-{VERSION}"


def _java_home() -> Path | None:
    """The folder of a Java that this version runs on, the oldest that does."""
    named = os.environ.get("ES_JAVA_HOME")
    if named:
        return Path(named)
    least = 17 if VERSION.startswith("8.") else 21
    found: dict[int, Path] = {}
    for release in Path("/usr/lib/jvm").glob("*/release"):
        for line in release.read_text(errors="replace").splitlines():
            key, _, value = line.partition("=")
            if key == "JAVA_VERSION":
                found[int(value.strip('"').partition(".")[0])] = release.parent
    fit = [number for number in found if number >= least]
    return found[min(fit)] if fit else None


@contextmanager
def laid_out(
    settings: Mapping[str, str] = {},
    *,
    password: str = "",
    tls: ssl.SSLContext | None = None,
    files: Mapping[str, bytes] = {},
    java_options: str = QUICK_START,
) -> Iterator[Elasticsearch]:
    """A server of one's own, not started; ended and deleted afterwards. Skips the test where there
    can be none."""
    _require()
    # not in pytest's folder, into which the server's account cannot look
    with tempfile.TemporaryDirectory(prefix="trapgate-elastic-") as folder:
        server = Elasticsearch(
            Path(folder),
            settings,
            password=password,
            tls=tls,
            files=files,
            java_options=java_options,
        )
        try:
            yield server
        finally:
            server.kill()


def _require() -> None:
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)


class Shared(msgspec.Struct):
    """The shared server as the workers of one run know it: what the file beside the lock holds."""

    url: str
    owner: int
    users: list[int]
    """The processes that use it, and the one among them that started it, by their ids."""


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The URL of a server without security that all tests of all workers share: a test uses data
    streams of its own `namespace`, and changes nothing that concerns others."""
    theirs = os.environ.get(URL_VARIABLE)
    if theirs:
        yield theirs.rstrip("/")
        return
    root = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        root = root.parent
    path = root / "elasticsearch.json"
    with ExitStack() as owned:
        yield _entered(path, owned)
        while not _left(path):
            time.sleep(POLL_S)


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    """A name that no other test has, fit for the end of a data stream's."""
    text = f"{request.node.nodeid} {os.getpid()} {time.time_ns()}"
    return "t" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _entered(path: Path, owned: ExitStack) -> str:
    """The URL of the shared server; the first worker starts it, and owns it."""
    with _alone(path):
        if path.exists():
            shared = _shared(path)
        else:
            server = owned.enter_context(laid_out())
            server.start()
            owned.callback(server.stop)
            shared = Shared(server.url, os.getpid(), [])
        shared.users.append(os.getpid())
        path.write_bytes(msgspec.json.encode(shared))
    return shared.url


def _left(path: Path) -> bool:
    """Whether this worker need not wait: the one that owns the server does, until nobody uses it
    any more (who has crashed does not)."""
    with _alone(path):
        shared = _shared(path)
        shared.users = [pid for pid in shared.users if pid != os.getpid() and _runs(pid)]
        path.write_bytes(msgspec.json.encode(shared))
        if shared.owner != os.getpid():
            return True
        if not shared.users:
            path.unlink()
        return not shared.users


def _shared(path: Path) -> Shared:
    return msgspec.json.decode(path.read_bytes(), type=Shared)


@pytest.fixture
def own_elasticsearch() -> Iterator[Elasticsearch]:
    """A server of the test's own, started: to stop, kill, pause or break."""
    with laid_out() as server:
        server.start()
        yield server
