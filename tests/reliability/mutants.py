"""Mutation testing: `cargo-mutants` changes the kernels, one place at a time; do the Rust tests notice?

``python tests/reliability/mutants.py [--figures FILE] [--shard 0/20] [OPTION ...]`` makes every twentieth of the mutants
of some files; ``--shard 0/1`` makes all. Options of ``cargo mutants`` may follow, such as ``--file
src/kernels/words/scan.rs``. A mutant that runs for ever is one that was noticed. What survives is listed in
``target/mutants.out/missed.txt``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

from page import Row, write

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "target" / "mutants.out"

#: Exit codes of a run that came to its end: all were noticed, some were not, some ran for ever.
RAN = (0, 2, 3)

#: A file of each topic, if nothing else is asked for.
SAMPLE = """
alloc.rs parallel.rs kernels/blocks.rs kernels/elementwise/select.rs kernels/image/border.rs kernels/image/taps.rs
kernels/monte_carlo/xoshiro.rs kernels/processor/mod.rs kernels/reduce/compensated.rs kernels/reduce/pairwise.rs
kernels/stats/moments.rs kernels/stats/number.rs kernels/table/field.rs kernels/table/record.rs
kernels/words/few.rs kernels/words/space.rs kernels/words/result.rs
""".split()


def lines(name: str) -> list[str]:
    """Return the lines of a file of results."""
    path = OUTPUT / name
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def main() -> int:
    """Make the mutants."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--shard", default="0/20")
    arguments, options = parser.parse_known_args()
    if "--file" not in options:
        options += [word for name in SAMPLE for word in ("--file", f"src/{name}")]
    command = ["cargo", "mutants", "--output", str(OUTPUT.parent)]
    command += ["--sharding", "round-robin", "--shard", arguments.shard]
    # Seconds: several times what the tests take.
    command += ["--timeout", "120", *options]
    command += ["--", "--lib", "--test", "corpus"]
    shutil.rmtree(OUTPUT, ignore_errors=True)
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode not in RAN:
        return done.returncode
    caught, missed, endless = (len(lines(f"{name}.txt")) for name in ("caught", "missed", "timeout"))
    killed, total = caught + endless, caught + missed + endless
    share = 100 * killed / max(total, 1)
    files = {
        line.partition(":")[0] for name in ("caught", "missed", "timeout") for line in lines(f"{name}.txt")
    }
    row = Row(
        "Mutants of the kernels are noticed by the Rust tests alone",
        f"{killed} of {total} in {len(files)} files ({share:.0f} %; shard {arguments.shard} of their mutants)",
        share > 90,
        "`tox -e mutants`",
    )
    print(row)
    if arguments.figures:
        write(arguments.figures, [row])
    return int(not row.reached)


if __name__ == "__main__":
    sys.exit(main())
