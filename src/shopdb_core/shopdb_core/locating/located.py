"""A plugin that a process of its own can load, wherever it came from."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shopdb_core.errors import ConfigurationError
from shopdb_hookspecs import Json

LINES_TOLD = 10


@dataclass(frozen=True, slots=True)
class Located:
    """One plugin by its name; `folder` is where its distribution was unpacked, `None` if it is installed."""

    name: str
    folder: Path | None = None

    def ask(self, module: str, arguments: Sequence[str] = ()) -> Json:
        """Run `python -m module NAME OUTPUT ARGUMENTS...`, which writes JSON into OUTPUT, and return that.

        There the plugin's distribution is found before one of the same name that is installed. Raises
        `ConfigurationError` with the process's last lines where it wrote nothing.
        """
        with tempfile.TemporaryDirectory(prefix="shopdb-asking-") as folder:
            output = Path(folder) / "answer.json"
            # -P: the directory from which ShopDB was called must not hide the plugin that was meant.
            command = [sys.executable, "-P", "-m", module, self.name, str(output), *arguments]
            done = subprocess.run(
                command, env=self._environ(), capture_output=True, text=True, errors="replace", check=False
            )
            if not output.exists():
                raise ConfigurationError(f"The plugin {self.name} cannot be asked: {last_lines(done)}")
            return json.loads(output.read_text(encoding="utf-8"))

    def _environ(self) -> dict[str, str]:
        if self.folder is None:
            return dict(os.environ)
        path = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def last_lines(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a process said last, for the people who have to find out why it failed."""
    said = (done.stderr or "") + (done.stdout or "")
    lines = [line.strip() for line in said.splitlines() if line.strip()][-LINES_TOLD:]
    return "\n    ".join(["its process said", *lines] if lines else [f"it ended with {done.returncode}"])
