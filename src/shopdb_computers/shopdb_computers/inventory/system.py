"""Name, operating system, start, user, memory and processor of this machine."""

import platform
import re
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

if sys.platform == "win32":
    from shopdb_computers.inventory.registry import processor_name


def hostname() -> str:
    """Return the machine's own name, with a domain if the name was set with one."""
    return socket.gethostname()


def operatingsystem() -> dict[str, str | None]:
    """Return `osname` and `osversion`."""
    if platform.system() == "Linux":
        return linux_release()
    if platform.system() == "Windows":
        name = f"Microsoft Windows {platform.release()} {platform.win32_edition() or ''}"
        return {"osname": name.strip(), "osversion": platform.version()}
    return {"osname": platform.system(), "osversion": platform.release()}


def linux_release() -> dict[str, str | None]:
    """Read os-release(5); without the file, return the name and release of the kernel."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return {"osname": "Linux", "osversion": platform.release()}
    return {"osname": release["NAME"], "osversion": release.get("VERSION", release.get("VERSION_ID"))}


def lastboottime() -> str:
    """Return the time of the last start, RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(int(psutil.boot_time()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def currentuser() -> str | None:
    """Return the user of the newest session, which need not be the user of this process."""
    sessions = psutil.users()
    return max(sessions, key=lambda session: session.started).name if sessions else None


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
