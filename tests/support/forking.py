"""Processes of `python -m shopdb_core` that are forked from one which has imported everything.

Half of what a command costs is importing. So one process imports the packages once, and forks for each one:
the child gets its own arguments, directory, environment and files, runs as a new interpreter would, and ends
as one does. A test that is about starting itself uses `subprocess`.
"""

import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

MOST_BYTES = 100_000
"""Of a request: beyond it, a message may not fit into the buffer of a socket."""

OF_INTERPRETER = ("PYTHON", "LC_", "LANG", "COVERAGE")
"""How the variables begin that an interpreter reads when it starts."""

CUSTOMIZING = ("sitecustomize.py", "usercustomize.py")
"""Modules that an interpreter imports when it starts."""


def suits(environ: Mapping[str, str]) -> bool:
    """Whether a child with this environment is what a new interpreter would be.

    It may find more plugins, but not another version of what is already imported.
    """
    files = [file.name for folder in _more_path(environ) for file in Path(folder).glob("*")]
    starts_alike = not any(name.startswith("shopdb_") or name in CUSTOMIZING for name in files)
    is_same = _of_interpreter(environ) == _of_interpreter(os.environ)
    return hasattr(os, "pidfd_open") and is_same and starts_alike


def _of_interpreter(environ: Mapping[str, str]) -> dict[str, str]:
    names = (name for name in environ if name.startswith(OF_INTERPRETER) and name != "PYTHONPATH")
    return {name: environ[name] for name in names}


def _more_path(environ: Mapping[str, str]) -> list[str]:
    """Return the folders of `PYTHONPATH` that this process does not have there."""
    folders = environ.get("PYTHONPATH", "").split(os.pathsep)
    return [folder for folder in folders if folder and folder not in sys.path]


class ForkedProcess:
    """One child, with what tests use of `subprocess.Popen`."""

    def __init__(self, reply: socket.socket, stdout: IO[str] | None = None) -> None:
        self._reply = reply
        self.pid = int(reply.recv(100))
        self.stdout = stdout
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, `None` while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; that of a signal is negative. Raises `TimeoutExpired`."""
        if self.returncode is None:
            self._reply.settimeout(timeout)
            try:
                self.returncode = int(self._reply.recv(100))
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired("shopdb", timeout or 0) from error
            self._reply.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal while it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that forks, started with the first command."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        files: Sequence[IO[str] | int],
        stdout: IO[str] | None = None,
    ) -> ForkedProcess:
        """Start `shopdb ARGUMENTS` with three files as its input, output and errors."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"arguments": [*arguments], "cwd": str(cwd), "environ": {**environ}}
        descriptors = [each if isinstance(each, int) else each.fileno() for each in files]
        with theirs:
            socket.send_fds(self._running(), [json.dumps(request).encode()], [*descriptors, theirs.fileno()])
        return ForkedProcess(ours, stdout)

    def start_piped(
        self, arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], errors: IO[str]
    ) -> ForkedProcess:
        """Start `shopdb ARGUMENTS` without input, with its output in a pipe."""
        output, end = os.pipe()
        with open(os.devnull) as nothing, open(end, "w") as written:  # noqa: PTH123  # descriptors
            stdout = open(output)  # noqa: PTH123, SIM115  # who reads it closes it
            return self.start(arguments, cwd, environ, [nothing, written, errors], stdout)

    def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        given: str,
        timeout: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run `shopdb ARGUMENTS` to its end; raises `TimeoutExpired`."""
        files = [_in_memory(content) for content in (given, "", "")]
        process = self.start(arguments, cwd, environ, files)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        texts = []
        for file in files:
            with file:
                file.seek(0)
                texts.append(file.read())
        return subprocess.CompletedProcess([*arguments], code, *texts[1:])

    def close(self) -> None:
        """End it; children that still run go on."""
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.wait(20)

    def _running(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                command = [sys.executable, __file__, str(theirs.fileno())]
                self._process = subprocess.Popen(
                    command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
                )
        return self._control


def _in_memory(content: str) -> IO[str]:
    file = open(os.memfd_create("shopdb"), "w+")  # noqa: PTH123, SIM115  # the caller closes it
    file.write(content)
    file.seek(0)
    return file


def import_everything() -> None:
    """Import what commands and servers import later, but prometheus_client, which reads the environment."""
    from shopdb_core.cli.group import COMMANDS  # noqa: PLC0415  # in the process that forks alone
    from shopdb_core.plugins.registry import load_plugins  # noqa: PLC0415
    from shopdb_core.settings import PluginSelection  # noqa: PLC0415

    for module, _ in COMMANDS.values():
        importlib.import_module(f"shopdb_core.cli.{module}")
    for module in (
        "shopdb_core.app",
        "shopdb_core.server.http",
        "jinja2",
        "jwt",
        "argon2",
        "psycopg",
        "MySQLdb",
    ):
        with suppress(ImportError):
            importlib.import_module(module)
    load_plugins(PluginSelection())


def serve(control: socket.socket) -> None:
    """Fork for each request, and report its process id and later its exit code; return in the child.

    Exits when the test process has ended.
    """
    waiting: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in waiting:
                    selector.unregister(key.fd)
                    pid, reply = waiting.pop(key.fd)
                    _report(key.fd, pid, reply)
                    continue
                message, descriptors, *_ = socket.recv_fds(control, 2 * MOST_BYTES, 4)
                if not message:
                    sys.exit()
                if (pid := os.fork()) == 0:
                    for descriptor in waiting:
                        os.close(descriptor)
                    control.close()
                    become(json.loads(message), descriptors)
                    return
                reply = socket.socket(fileno=descriptors.pop())
                for descriptor in descriptors:
                    os.close(descriptor)
                reply.send(str(pid).encode())
                pidfd = os.pidfd_open(pid)
                waiting[pidfd] = pid, reply
                selector.register(pidfd, selectors.EVENT_READ)


def _report(pidfd: int, pid: int, reply: socket.socket) -> None:
    os.close(pidfd)
    _, status = os.waitpid(pid, 0)
    with reply, suppress(OSError):  # nobody waits for it
        reply.send(str(os.waitstatus_to_exitcode(status)).encode())


def become(request: dict, descriptors: list[int]) -> None:
    """Make this process the one that was asked for."""
    for target, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, target)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = ["shopdb", *request["arguments"]]
    sys.path[:1] = [request["cwd"], *_more_path(os.environ)]
    random.seed()


if __name__ == "__main__":
    import_everything()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("shopdb_core", run_name="__main__", alter_sys=True)
