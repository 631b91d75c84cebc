"""Proxies and certificates from the environment: precedence, errors, and direct connections to this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from kling_widgets.client.http import network
from kling_widgets.errors import ConnectionFailedError
from tests.client.conftest import MP4, Maker
from tests.conftest import need
from tests.servers import Answer, Asked, FaultServer

SERVICE = "https://service.example"
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "p:1"}, "HTTPS_PROXY"),
        ({"https_proxy": "p:1"}, "https_proxy"),
        ({"https_proxy": "p:1", "HTTPS_PROXY": "q:1"}, "https_proxy"),
        ({"ALL_PROXY": "p:1"}, "ALL_PROXY"),
        ({"ALL_PROXY": "p:1", "HTTPS_PROXY": "q:1"}, "HTTPS_PROXY"),
        ({"HTTP_PROXY": "p:1"}, ""),
        ({"HTTPS_PROXY": ""}, ""),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "service.example"}, ""),
        ({"HTTPS_PROXY": "p:1", "no_proxy": " .example "}, ""),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "other.example,*"}, ""),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "vice.example"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "::1,fe80::/10"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "http://[,::::,[,/,%,10.0.0.0/99,é"}, "HTTPS_PROXY"),
    ],
)
def test_the_proxy_of_an_address(environ: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheme's variable precedes ALL_PROXY, and lower case precedes upper case; NO_PROXY never raises."""
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    found = network.proxy_for(f"{SERVICE}/v1")
    assert (found.name if found else "") == name


@pytest.mark.parametrize(
    ("listed", "url", "direct"),
    [
        ("10.0.0.0/8", "https://10.1.2.3/x", True),
        ("10.0.0.0/8", "https://11.1.2.3/x", False),
        ("10.1.2.3", "https://10.1.2.3:8443/x", True),
        ("::1,fd00::/8", "https://[fd00::5]/x", True),
        ("::1,fe80::/10", "https://[fd00::5]/x", False),
        ("[fd00::5]", "https://[fd00::5]/x", True),
        ("fd00::/8", "https://10.1.2.3/x", False),
        ("service.example:8443", "https://service.example:8443/x", True),
        ("service.example:8443", "https://service.example:8444/x", False),
    ],
)
def test_addresses_and_networks_in_no_proxy(
    listed: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY may contain IPv4 and IPv6 addresses and networks, as VPNs and clouds set it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", listed)
    assert (network.proxy_for(url) is None) is direct


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        (" http://proxy.example:3128/ ", "http://proxy.example:3128/"),
        ("http://proxy.example", "http://proxy.example"),
        ("https://proxy.example:443", "https://proxy.example"),
        ("socks5://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("socks5h://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("socks://127.0.0.1:7890/", "socks5://127.0.0.1:7890/"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        (f"http://user:{SECRET}@proxy.example:3128", "http://proxy.example:3128"),
        (f"http://user:p%40{SECRET}@proxy.example:3128", "http://proxy.example:3128"),
    ],
)
def test_proxies_may_lack_a_scheme(value: str, url: str) -> None:
    """A proxy may lack its scheme, or have the SOCKS scheme that desktops write."""
    found = network.parse_proxy(
        network.EnvironmentVariable("HTTPS_PROXY", value), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    assert str(found.url) == url


BAD_PROXIES = (
    *("http://proxy.example:31x28", "http://proxy.example:312800", "http://proxy.example:0", "proxy.example:port"),
    *("nonsense://proxy.example", "socks4://proxy.example:1080", "http//proxy.example:3128", "http:/proxy.example"),
    *("http://", "http://:3128", "http://proxy.example:3128/path", "http://[::1", "http://pro xy:1", "\x01", "://"),
    *(f"http://user:{SECRET}@proxy.example:x", f"http://us er:{SECRET}#@proxy.example", f"user:{SECRET}@"),
)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", BAD_PROXIES)
def test_a_bad_proxy_is_named(make: Maker, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Making the client raises one line that names the variable, but not its value, which may hold a password."""
    with contextlib.suppress(ValueError):
        monkeypatch.setenv(name, value)
    with pytest.raises(ConnectionFailedError, match=rf"^Nothing was sent: the proxy in {name} ") as caught:
        make()
    assert SECRET not in str(caught.value)


def test_a_proxy_that_is_not_there_is_named(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a proxy refuses the connection, the error names it."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@127.0.0.1:{_closed_port()}")
    with pytest.raises(ConnectionFailedError, match=r"refused; through the proxy in HTTPS_PROXY\)") as caught:
        make(SERVICE).create({"model": "m"})
    assert SECRET not in str(caught.value) and "Nothing was sent" in str(caught.value)


def test_a_proxy_that_is_corrected_counts(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corrected variable applies to the next request of the same client, and a wrong one does not end a wait."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{_closed_port()}")
    client = make(SERVICE)
    for value, says in (("http://p:x", "the proxy in HTTPS_PROXY is not an address"), ("", "ALL_PROXY")):
        monkeypatch.setenv("HTTPS_PROXY", value)
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{_closed_port()}")
        with pytest.raises(ConnectionFailedError, match=says):
            client.get("t1")
    heard: list[str] = []
    monkeypatch.setenv("HTTPS_PROXY", "http://p:x")
    with pytest.raises(TimeoutError):
        client.wait("t1", timeout=20, on_trouble=lambda error: heard.append(str(error)))
    assert heard and all("the proxy in HTTPS_PROXY" in each for each in heard)


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


# --- certificates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", network.CERTIFICATES)
@pytest.mark.parametrize("what", ["nowhere", "no folder", "empty file", "no certificates", "unnamed", "empty folder"])
def test_bad_certificates_are_named(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, what: str
) -> None:
    """A variable without usable certificates gives one line with its name."""
    (tmp_path / "empty file").touch()
    (tmp_path / "no certificates").write_text("not a certificate")
    (tmp_path / "unnamed").mkdir()
    shutil.copy(certifi.where(), tmp_path / "unnamed" / "ca.pem")
    (tmp_path / "empty folder").mkdir()
    place = tmp_path / "empty file" / "below" if what == "no folder" else tmp_path / what
    monkeypatch.setenv(name, str(place))
    with pytest.raises(ConnectionFailedError, match=rf"^Nothing was sent: {name} cannot be used \("):
        make()


def test_a_key_log_that_cannot_be_written_is_named(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An SSLKEYLOGFILE that cannot be written is reported, too: Python opens it with the certificates."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "keys"))
    with pytest.raises(ConnectionFailedError, match="SSLKEYLOGFILE"):
        make()


def test_which_certificates_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables for Python clients precede those that an environment sets for its own use."""
    assert network.certificates_for(SERVICE) is None
    for name in reversed(network.CERTIFICATES):
        monkeypatch.setenv(name, "somewhere")
        found = network.certificates_for(SERVICE)
        assert found and found.name == name
    assert network.certificates_for("https://localhost:1") is None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", " ")
    found = network.certificates_for(SERVICE)
    assert found and found.name == "CURL_CA_BUNDLE"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a private key and a certificate for ``service.example`` that no other program trusts."""
    need("certificates", shutil.which("openssl") is not None, "there is no openssl")
    folder = tmp_path_factory.mktemp("authority")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=service.example"]
    for extension in ("subjectAltName=DNS:service.example", "keyUsage=critical,digitalSignature,keyCertSign"):
        command += ["-addext", extension]
    subprocess.run(
        [*command, "-keyout", folder / "private.pem", "-out", folder / "ca.pem"], check=True, capture_output=True
    )
    named = subprocess.run(
        ["openssl", "x509", "-subject_hash", "-noout", "-in", folder / "ca.pem"],
        check=True,
        capture_output=True,
        text=True,
    )
    (folder / "hashed").mkdir()
    shutil.copy(folder / "ca.pem", folder / "hashed" / f"{named.stdout.strip()}.0")
    return folder


@pytest.fixture
def tunnel(authority: Path) -> Iterator[_Tunnel]:
    """A proxy in front of a TLS service that answers every request the same."""
    with _Tunnel(authority) as made:
        yield made


class _Tunnel:
    """An HTTP or SOCKS5 proxy that answers as the service itself, whatever the requested host."""

    def __init__(self, authority: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(authority / "ca.pem", authority / "private.pem")
        self._server = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.kinds: list[str] = []

    def __enter__(self) -> _Tunnel:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if connection.recv(1, socket.MSG_PEEK) == b"\x05":
                connection.recv(100)
                connection.sendall(b"\x05\x00")
                connection.recv(300)
                connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
                self.kinds.append("socks")
            else:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                self.kinds.append("http")
            with self._context.wrap_socket(connection, server_side=True) as secured:
                while secured.recv(65536):
                    body = b'{"code": "success", "data": {"task_id": "t1", "status": "processing"}}'
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("REQUESTS_CA_BUNDLE", "ca.pem"),
        ("REQUESTS_CA_BUNDLE", "hashed"),
        ("CURL_CA_BUNDLE", "ca.pem"),
        ("SSL_CERT_FILE", "ca.pem"),
        ("SSL_CERT_DIR", "hashed"),
    ],
)
def test_certificates_of_the_environment_are_trusted(
    make: Maker, monkeypatch: pytest.MonkeyPatch, authority: Path, tunnel: _Tunnel, name: str, what: str
) -> None:
    """Certificates of a network that inspects TLS, given by a file or a folder, for either client, through a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", tunnel.place)
    monkeypatch.setenv(name, str(authority / what))
    if name != "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", certifi.where())  # as conda sets it
        if name == "SSL_CERT_DIR":
            monkeypatch.delenv("SSL_CERT_FILE")
    assert make(SERVICE).get("t1").status == "running"
    assert tunnel.kinds == ["http"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("", "set REQUESTS_CA_BUNDLE to the file of its certificates"), ("SSL_CERT_FILE", "SSL_CERT_FILE")],
)
def test_the_error_for_an_untrusted_certificate_names_the_variable(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tunnel: _Tunnel, name: str, says: str
) -> None:
    """The error names the variable with the trusted certificates, or the one to set."""
    monkeypatch.setenv("HTTPS_PROXY", tunnel.place)
    if name:
        monkeypatch.setenv(name, certifi.where())
    with pytest.raises(ConnectionFailedError, match=says) as caught:
        make(SERVICE).create({"model": "m"})
    assert "certificate verify failed" in str(caught.value) and "Nothing was sent" in str(caught.value)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks"])
def test_a_socks_proxy_is_gone_through(
    make: Maker, monkeypatch: pytest.MonkeyPatch, authority: Path, tunnel: _Tunnel, scheme: str
) -> None:
    """A SOCKS proxy resolves the host name, in every spelling of its scheme."""
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://{tunnel.place}")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    assert make(SERVICE).get("t1").status == "running"
    assert tunnel.kinds == ["socks"]


# --- this machine ---------------------------------------------------------------------------------------------------

BROKEN = {
    "a SOCKS proxy": {"ALL_PROXY": "socks5://127.0.0.1:9"},
    "no proxy": {"NO_PROXY": "::1,fe80::/10"},
    "no proxy, with one": {"NO_PROXY": "::1,fe80::/10", "HTTP_PROXY": "http://127.0.0.1:9"},
    "a stale file": {"SSL_CERT_FILE": "/nowhere/cacert.pem"},
    "a stale folder": {"SSL_CERT_DIR": "/nowhere/certs"},
    "a stale bundle": {"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem", "CURL_CA_BUNDLE": "/nowhere/ca.pem"},
    "a stale key log": {"SSLKEYLOGFILE": "/nowhere/keys"},
    "no scheme": {"HTTP_PROXY": "127.0.0.1:9", "HTTPS_PROXY": "127.0.0.1:9"},
    "a port that is none": {"HTTPS_PROXY": "http://proxy.example:31x28", "all_proxy": "http://proxy.example:312800"},
    "a password": {"HTTP_PROXY": f"http://user:{SECRET}@127.0.0.1:9", "https_proxy": f"http://user:{SECRET}@["},
}


@pytest.fixture(params=BROKEN.values(), ids=list(BROKEN))
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment whose proxies and certificates are all unusable."""
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)
    environ: dict[str, str] = request.param
    return environ


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_whatever_is_set(
    make: Maker, broken: dict[str, str], tmp_path: Path, host: str
) -> None:
    """Submitting, uploading, querying and downloading work on this machine, whatever the environment."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/v1/files/uploads":
            return Answer(body={"url": f"{server.url}/a.png"})
        if asked.path == "/clip.mp4":
            return Answer(body=MP4)
        done = {"task_id": "t1", "status": "success", "url": f"{server.url}/clip.mp4"}
        return Answer(body={"code": "success", "data": done})

    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x04\x00\x00\x00\x04\x00\x08\x02\x00\x00\x00" + bytes(5000)
    with FaultServer(answer) as server:
        client = make(server.url.replace("127.0.0.1", host))
        assert client.upload(png) == f"{server.url}/a.png"
        task = client.generate("2.6", prompt="a boat")
        assert client.download(task, tmp_path / "clip.mp4").read_bytes() == MP4


def test_a_failed_download_from_another_machine_names_the_variable(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The failed download of a video on another machine names the variable that causes it."""
    url = "https://media.example/clip.mp4"
    for name, value in {"HTTPS_PROXY": "http://p:x", "SSL_CERT_FILE": "/nowhere/cacert.pem"}.items():
        with FaultServer(lambda asked: Answer()) as server, monkeypatch.context() as patch:
            patch.setenv(name, value)
            client = make(server.url)
            with pytest.raises(ConnectionFailedError, match=rf"media\.example did not start.*{name}"):
                client.download(url, tmp_path / "clip.mp4")
    assert not os.listdir(tmp_path / "work")
