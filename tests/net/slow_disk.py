# SPDX-License-Identifier: GPL-2.0-or-later
"""A posternd whose disk stalls when told to (tests/lab/slow_disk.c), or whose clock is set."""

import contextlib
import os
import subprocess

from space import Skip


def preload(postern, name, *environ):
    """Restarts the daemon with a library of tests/lab; what it was started with before."""
    built = os.path.join(postern.build, f"tests/lab/{name}.so")
    library = f"{postern.dir}/{name}.so"
    if not os.path.exists(built):
        raise Skip(f"{built} is not built")
    if not os.path.exists(library):     # users of the programs may not see the build directory
        with open(library, "w"):
            pass
        subprocess.run(["mount", "--bind", built, library], check=True)
    plain = postern.daemon.argv
    postern.daemon.argv = ["env", f"LD_PRELOAD={library}", *environ,
                           "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0", *plain]
    postern.restart()
    return plain


class SlowDisk:
    """Restarts the daemon with it; stall(True) until stall(False) no write comes to an end."""

    def __init__(self, postern):
        self.stalled = f"{postern.dir}/stalled"
        self.plain = preload(postern, "slow_disk", f"POSTERN_TEST_STALL={self.stalled}")

    def stall(self, on):
        if on:
            with open(self.stalled, "w"):
                pass
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.stalled)
