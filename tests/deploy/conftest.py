"""Fixtures: the shipped files, a certificate of a test CA, and proxies that run them before a site."""

import datetime as dt
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DEPLOY = Path(__file__).parents[2] / "deploy"
HOST = "localhost"


@dataclass(frozen=True)
class Proxied:
    """A site with a server, and a client of the proxy before it."""

    site: Any
    server: Any
    client: httpx.Client
    port: int
    tls: ssl.SSLContext


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate for `localhost`, signed by a CA that clients trust by `context`."""

    chain: Path
    key: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Certificate:
    """Return a certificate of a CA that exists for these tests alone."""
    folder = tmp_path_factory.mktemp("tls")
    authority, issuer = ec.generate_private_key(ec.SECP256R1()), _name("A CA of tests")
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    root = _signed(issuer, issuer, authority.public_key(), authority, [(is_authority, True)])
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    leaf = _signed(_name(HOST), issuer, key.public_key(), authority, [(names, False)])
    (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "shopdb.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    (folder / "shopdb.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    return Certificate(folder / "shopdb.pem", folder / "shopdb.key", context)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(subject, issuer, public_key, signer, extensions) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture
def proxied(request, site, certificate, tmp_path, not_permitted) -> Iterator[Proxied]:
    """Run a server of `site` behind the proxy that the test names by its parameter."""
    program = shutil.which(request.param) or not_permitted(f"{request.param} is not installed")
    site.variables["SHOPDB_TRUSTED_PROXIES"] = "127.0.0.1"
    server = site.serve()
    port = _free_port()
    command = _COMMANDS[request.param](program, tmp_path, server.url, port, certificate)
    process = subprocess.Popen(command, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    url = f"https://{HOST}:{port}"
    with httpx.Client(base_url=url, timeout=60, trust_env=False, verify=certificate.context) as client:
        deadline = time.monotonic() + 30
        while not _answers(client):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.headers["X-API-Key"] = server.key
        yield Proxied(site, server, client, port, certificate.context)
    process.terminate()
    process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/health").is_success
    except httpx.TransportError:
        return False


def _nginx(program: str, folder: Path, upstream: str, port: int, certificate: Certificate) -> list[str]:
    """Write the shipped configuration with this test's addresses, and return the command that runs it."""
    text = (DEPLOY / "nginx.conf").read_text()
    text = _replaced(text, "listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    text = _replaced(text, "server 127.0.0.1:8080;", f"server {upstream.removeprefix('http://')};")
    text = _replaced(text, "/etc/nginx/tls/shopdb.pem", str(certificate.chain))
    text = _replaced(text, "/etc/nginx/tls/shopdb.key", str(certificate.key))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;"
        f"events {{}} http {{ access_log off; {folders} {text} }}"
    )
    return [program, "-e", "stderr", "-p", str(folder), "-c", str(file)]


def _caddy(program: str, folder: Path, upstream: str, port: int, certificate: Certificate) -> list[str]:
    text = (DEPLOY / "Caddyfile").read_text()
    tls = f"{HOST}:{port} {{\n\ttls {certificate.chain} {certificate.key}\n"
    text = _replaced(text, "shopdb.example.com {\n", tls)
    text = _replaced(text, "127.0.0.1:8080", upstream.removeprefix("http://"), times=2)
    text = _replaced(text, "{\n\tservers {", "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {")
    file = folder / "Caddyfile"
    file.write_text(text)
    return [program, "run", "--adapter", "caddyfile", "--config", str(file)]


_COMMANDS: dict[str, Callable[..., list[str]]] = {"nginx": _nginx, "caddy": _caddy}


def _replaced(text: str, old: str, new: str, times: int = 1) -> str:
    assert len(re.findall(re.escape(old), text)) == times, old
    return text.replace(old, new)
