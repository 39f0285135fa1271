"""Distributions as an installer leaves them: a module and its metadata, in a folder on the path."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a distribution with one module, named after it, on the path; it leaves again afterwards."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(
        distribution: str, source: str, entry_points: Mapping[str, str], requires: Sequence[str] = ()
    ) -> None:
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source)
        metadata = tmp_path / f"{module}-1.0.dist-info"
        metadata.mkdir()
        headers = [f"Name: {distribution}", "Version: 1.0", *(f"Requires-Dist: {text}" for text in requires)]
        (metadata / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *headers, ""]))
        lines = [f"{name} = {target}" for name, target in entry_points.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[shopdb]", *lines, ""]))

    before = set(sys.modules)
    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
