"""Archives of backups: those that are made, and those that somebody has changed."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path


def quiet(_label: str, _done: int, _total: int) -> None:
    """Report nothing."""


def names_in(folder: Path) -> list[str]:
    """Return the names of all files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def members_of(archive: Path) -> dict[str, bytes]:
    """Return what an archive has."""
    with tarfile.open(archive) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}


def write_members(archive: Path, members: dict[str, bytes], **fields: object) -> None:
    """Write an archive anew; `fields` are those of every member but the manifest, such as its `type`."""
    with tarfile.open(archive, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for field, value in fields.items() if name != "manifest.json" else ():
                setattr(member, field, value)
            tar.addfile(member, io.BytesIO(content))


def with_manifest(members: dict[str, bytes], change: Callable[[dict], object]) -> dict[str, bytes]:
    """Return members with a changed manifest, whose hashes are those of the other members."""
    manifest = json.loads(members["manifest.json"])
    for name, content in members.items():
        if name != "manifest.json":
            described = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            manifest["members"][name] = described
    change(manifest)
    return {**members, "manifest.json": json.dumps(manifest).encode()}
