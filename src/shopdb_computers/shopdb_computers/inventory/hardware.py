"""Memory and processor of this machine."""

import platform
import re
import sys
from pathlib import Path

import psutil

if sys.platform == "win32":
    from shopdb_computers.inventory.registry import processor_name


def memorygb() -> float:
    """Return the memory in GiB, to one decimal."""
    return round(psutil.virtual_memory().total / 2**30, 1)


def cputype() -> str | None:
    """Return the processor's model, if the system reports it."""
    if sys.platform == "win32":
        return processor_name()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        return model_name(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    return platform.processor() or None


def model_name(cpuinfo: str) -> str | None:
    """Return the model from the text of proc_cpuinfo(5); many ARM kernels do not report it."""
    found = re.search(r"^model name[ \t]*:[ \t]*(.*\S)", cpuinfo, re.MULTILINE)
    return found[1] if found else None
