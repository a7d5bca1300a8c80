# SPDX-License-Identifier: GPL-2.0-or-later
"""axe-core, which finds what stands in the way of people who do not see or point: one version of
it, got by npm once and kept in the build directory."""

import hashlib
import io
import os
import subprocess
import tarfile
import tempfile

VERSION = "4.14.1"
SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
KEPT = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), f"axe-core-{VERSION}.js")


def fetch():
    """None when it is there, or why not."""
    if os.path.exists(KEPT):
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(["npm", "pack", f"axe-core@{VERSION}"], cwd=folder, text=True,
                                  capture_output=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as why:
            return f"npm cannot get axe-core: {why}"
        if done.returncode:
            return "npm cannot get axe-core: " + (done.stderr.strip().splitlines() or [""])[-1]
        with open(f"{folder}/axe-core-{VERSION}.tgz", "rb") as f:
            pack = f.read()
    if (found := hashlib.sha256(pack).hexdigest()) != SHA256:
        raise SystemExit(f"axe-core {VERSION} is not what it was: sha256 {found}")
    with tarfile.open(fileobj=io.BytesIO(pack)) as tar:
        text = tar.extractfile("package/axe.min.js").read()
    with open(KEPT + ".new", "wb") as f:
        f.write(text)
    os.rename(KEPT + ".new", KEPT)
    return None


def violations(browser):
    """What it finds on the page as it is, a line each."""
    if not browser.run("return Boolean(window.axe)"):
        with open(KEPT, encoding="utf-8") as f:
            browser.run(f.read())
    return browser.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        axe.run(document, {resultTypes: ['violations']}).then(
            (r) => done(r.violations.map((v) => `${v.id}: ${v.help}: ${
                v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.failureSummary).join(' | ')}`)),
            (error) => done([String(error)]));""")
