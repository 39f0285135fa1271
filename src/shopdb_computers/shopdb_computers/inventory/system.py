"""Name, operating system, start and user of this machine."""

import platform
import socket
from datetime import UTC, datetime

import psutil


def hostname() -> str:
    """Give the machine's own name, with a domain only where it was set with one."""
    return socket.gethostname()


def operatingsystem() -> dict[str, str | None]:
    """Give `osname` and `osversion`."""
    if platform.system() == "Linux":
        return linux_release()
    if platform.system() == "Windows":
        name = f"Microsoft Windows {platform.release()} {platform.win32_edition() or ''}"
        return {"osname": name.strip(), "osversion": platform.version()}
    return {"osname": platform.system(), "osversion": platform.release()}


def linux_release() -> dict[str, str | None]:
    """Read os-release(5); a machine without the file has only its kernel to name."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return {"osname": "Linux", "osversion": platform.release()}
    return {"osname": release["NAME"], "osversion": release.get("VERSION", release.get("VERSION_ID"))}


def lastboottime() -> str:
    """Give the time of the last start, RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(int(psutil.boot_time()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def currentuser() -> str | None:
    """Name the user whose session is the latest; the account that runs this program does not count."""
    sessions = psutil.users()
    return max(sessions, key=lambda session: session.started).name if sessions else None
