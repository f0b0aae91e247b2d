"""Cutting this process, and whatever it starts, off the network: by the kernel, before anything heavy is loaded.

A user namespace gives an ordinary user the right to make a network namespace, and a new network namespace has no
interface but its own loopback. The kernel offers no way back. Loopback is brought up, because `torchrun` talks to
itself over it. What the cut does not cover: files on network drives, and pipes or sockets that were open before.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from inbetween.core.errors import PremisesError

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""As the headers of Linux have them."""
IFREQ = struct.Struct("16sH22x")
"""`struct ifreq` with its flags."""
ELSEWHERE = ("192.0.2.1", 9)
"""An address of the block reserved for documentation (RFC 5737): belongs to nobody, so a probe can tell nobody."""

REMEDY = (
    "run where the kernel allows user namespaces, or on a machine that has no network, "
    "and say --allow-open-network to go on with the network left open, on the record"
)


@dataclass(frozen=True)
class Isolation:
    """What was done and what could be seen of it, for the audit log."""

    cut: bool
    namespace_before: str
    namespace_after: str
    interfaces: tuple[str, ...]
    probe: str
    """What the kernel answered to a connection to the outside; empty where none was tried."""
    open_sockets: int
    """Sockets handed in by the parent process: the cut does not close them."""
    reason: str
    """Why the network was left open; empty where it was cut."""


def cut_network(allow_open: bool = False) -> Isolation:
    """Leave the network for good and return the evidence.

    Raises `PremisesError` when the kernel refuses, unless `allow_open`: then the reason is in the evidence. Must come
    before threads exist, hence before NumPy and torch are imported: the kernel moves whole processes only.
    """
    before = _namespace()
    try:
        _unshare()
    except OSError as error:
        reason = error.strerror or str(error)
        if not allow_open:
            raise PremisesError(f"the network could not be cut ({reason}); {REMEDY}") from error
        return Isolation(False, before, before, _interfaces(), "", _open_sockets(), reason)
    evidence = Isolation(True, before, _namespace(), _interfaces(), _probe(), _open_sockets(), "")
    if evidence.namespace_after == before or evidence.interfaces != ("lo",) or evidence.probe != "ENETUNREACH":
        raise PremisesError(f"the network was cut but something still leads outside ({evidence}); use another machine")
    return evidence


def _unshare() -> None:
    """Into a new user and network namespace, as the same user, with loopback up. Raises `OSError`."""
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, f"{sys.platform} has no network namespaces")
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise OSError(errno.EINVAL, f"{threads} threads are running already")
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"the kernel refuses a network namespace: {os.strerror(code)}")
    # The same user inside as outside, so that files are still written in their name.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _raise_loopback()


def _raise_loopback() -> None:
    _ask(SIOCSIFFLAGS, "lo", _flags("lo") | IFF_UP)


def _flags(interface: str) -> int:
    return int(IFREQ.unpack(_ask(SIOCGIFFLAGS, interface, 0))[1])


def _ask(request: int, interface: str, flags: int) -> bytes:
    """One `ioctl` about an interface's flags; see netdevice(7)."""
    import fcntl  # Linux only, as is everything that leads here

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        return fcntl.ioctl(control, request, IFREQ.pack(interface.encode(), flags))


def _namespace() -> str:
    """The kernel's name for the network this process is in."""
    try:
        return str(Path("/proc/self/ns/net").readlink())
    except OSError:
        return ""


def _interfaces() -> tuple[str, ...]:
    """The interfaces that are up: some kernels put dead ends of tunnels (sit0, tunl0) into every namespace."""
    names = [name for _, name in socket.if_nameindex()] if sys.platform.startswith("linux") else []
    return tuple(sorted(name for name in names if _flags(name) & IFF_UP))


def _probe() -> str:
    """The name of the error that a connection to the outside ends in. Only asked once the network is cut."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(2)
        code = attempt.connect_ex(ELSEWHERE)
    return errno.errorcode.get(code, str(code))


def _open_sockets() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return 0
    links = []
    for entry in folder.iterdir():
        try:
            links.append(str(entry.readlink()))
        except OSError:  # the descriptor of this very listing is closed by now
            continue
    return sum(link.startswith("socket:") for link in links)
