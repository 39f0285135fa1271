"""Running the dump programs of the servers, found on the PATH, with no password on the command line."""

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TypeAlias

from shopdb_core.errors import BackupFailure

Report: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how many bytes of it are done, and how many there are; 0: unknown."""

BLOCK = 1024 * 1024
LONGEST_MESSAGE = 300
FAST = 1
"""Level of compression: the next ones take twice the time for a tenth of the size."""


def program(*names: str, package: str) -> str:
    """Return the path of the first program that is installed; `package` is Debian's package of it."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise BackupFailure(f"{names[0]} is not on the PATH: install it (on Debian: {package})")


@contextmanager
def secret_file(content: str) -> Iterator[str]:
    """Yield the path of a file that only this user can read, and that is gone after the block."""
    with TemporaryDirectory(prefix="shopdb-") as folder:
        path = Path(folder) / "secret"
        path.touch(0o600)
        path.write_text(content, encoding="utf-8")
        yield str(path)


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    feed: Callable[[IO[bytes]], None] | None = None,
    take: Callable[[IO[bytes]], None] | None = None,
) -> None:
    """Run a program to its end; `feed` writes its input, or `take` reads its output.

    Raises `BackupFailure` with the first line of its errors. The program is killed if this is interrupted.
    """
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE if take else subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **environ},
        )
        try:
            _exchange(process, feed, take)
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code:
            errors.seek(0)
            raise BackupFailure(f"{Path(command[0]).name} failed: {_message(errors.read(64 * 1024), code)}")


def _exchange(
    process: subprocess.Popen[bytes],
    feed: Callable[[IO[bytes]], None] | None,
    take: Callable[[IO[bytes]], None] | None,
) -> None:
    if feed is not None and process.stdin is not None:
        try:
            with process.stdin as stdin:
                feed(stdin)
        except BrokenPipeError:
            pass  # the program has given up, and its exit code and errors say why
    if take is not None and process.stdout is not None:
        with process.stdout as stdout:
            take(stdout)


def _message(errors: bytes, code: int) -> str:
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    # Programs warn of versions first, and name the error last or in a line of its own.
    named = [line for line in lines if "error" in line.lower()]
    return (named or lines or [f"exit code {code}"])[0][:LONGEST_MESSAGE]


def compress(source: IO[bytes], file: Path, advance: Callable[[int], None]) -> int:
    """Write all of `source` to a new compressed file; return how many bytes it had."""
    size = 0
    with gzip.open(file, "xb", compresslevel=FAST) as target:
        while block := source.read(BLOCK):
            target.write(block)
            size += len(block)
            advance(size)
    return size


def inflate(file: Path, target: IO[bytes], most: int, advance: Callable[[int], None]) -> None:
    """Write what a compressed file holds; raises `BackupFailure` beyond `most` bytes, or if it is damaged."""
    size = 0
    try:
        with gzip.open(file, "rb") as source:
            while block := source.read(BLOCK):
                size += len(block)
                if size > most:
                    raise BackupFailure("The archive holds more data than its manifest says: it was changed.")
                target.write(block)
                advance(size)
    except (gzip.BadGzipFile, EOFError) as error:
        raise BackupFailure("The data of the archive is damaged.") from error


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk; Windows cannot, and does not need it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
