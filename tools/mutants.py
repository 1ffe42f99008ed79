"""Mutation testing: `cargo-mutants` changes the kernels, one place at a time; do the Rust tests notice?

``python tools/mutants.py [--figures FILE] [--shard 3/20] [TOPIC ...]`` makes every twentieth of the
mutants of some files; ``--shard 0/1`` makes all. Each is tried on the tests of its own topic, in a copy of the
tree. A mutant that runs for ever is one that was noticed. What survives is printed. Mutants that change no result
are not made: see ``EQUAL``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

from page import Row, publish
from tree import ROOT, copy

WORK = ROOT / "target" / "mutants"

#: The files, under `src`. The tests of the topic in which a file lies have to notice.
FILES = """
    alloc.rs
    layout/order.rs
    parallel/*.rs
    kernels/eft.rs
    kernels/elementwise/select.rs
    kernels/image/border.rs
    kernels/image/taps.rs
    kernels/monte_carlo/xoshiro.rs
    kernels/processor/chunk_means.rs
    kernels/processor/state.rs
    kernels/reduce/pairwise.rs
    kernels/stats/moments.rs
    kernels/stats/number.rs
    kernels/table/field.rs
    kernels/table/record.rs
    kernels/words/result.rs
    kernels/words/short_text.rs
    kernels/words/space.rs
""".split()

#: Mutants that give the same results, by their names, and why they do.
EQUAL = {
    r"in advise_large_pages": "advice to the system how to map memory, not what is in it",
    r"processor/state\.rs:\d+:\d+: replace \* with .$": "constants: how many elements make a block",
    r"replace < with <= in Work<'a>::for_each": "no two parts have one index",
    r"replace < with (==|>|<=) in sorted": "both ways of sorting, and both sizes of digits, give the same order",
    r"in Words::finish": "a capacity, to which a vector grows in any case",
    r"replace \| with \^ in wide_spaces": "no two of the conditions hold for one character",
    r"(replace \|\| with &&|delete match arm .*) in number_at": "a short way beside one that does the same",
    r"replace > with >= in decimal": "a short way, left one number earlier",
}


def topics() -> dict[str, list[Path]]:
    """Return the files of each topic, which is how `cargo test` names it: `parallel`, `kernels::words`."""
    found: dict[str, list[Path]] = {}
    for pattern in FILES:
        parts = pattern.removesuffix(".rs").split("/")
        topic = "::".join(parts[: 2 if parts[0] == "kernels" else 1])
        found.setdefault(topic, []).extend(sorted((ROOT / "src").glob(pattern)))
    return found


#: Exit codes of a run that came to its end: all were noticed, some were not, some ran for ever.
RAN = (0, 2, 3)


def mutants(topic: str, shard: str) -> dict[str, list[str]] | None:
    """Make the mutants of a topic; return which were caught, missed, and ran for ever."""
    output = WORK / "mutants.out"
    shutil.rmtree(output, ignore_errors=True)
    command = ["cargo", "mutants", "--in-place", "--sharding", "round-robin", "--shard", shard]
    command += [word for name in EQUAL for word in ("--exclude-re", name)]
    command += [word for path in topics()[topic] for word in ("--file", str(path.relative_to(ROOT)))]
    command += ["--", "--lib", topic]
    if subprocess.run(command, cwd=WORK, check=False).returncode not in RAN:
        return None
    return {
        kind: (output / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
        for kind in ("caught", "missed", "timeout")
    }


def main() -> int:
    """Make the mutants."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--shard", default="3/20")
    parser.add_argument("topics", nargs="*", default=list(topics()))
    arguments = parser.parse_args()
    copy(WORK)
    total = killed = 0
    files: set[str] = set()
    missed: list[str] = []
    for topic in arguments.topics:
        found = mutants(topic, arguments.shard)
        if found is None:
            return 1
        total += sum(map(len, found.values()))
        killed += len(found["caught"]) + len(found["timeout"])
        missed += found["missed"]
        files |= {line.partition(":")[0] for lines in found.values() for line in lines}
    print(*missed, sep="\n")
    row = Row(
        "Mutants of the kernels are noticed by the Rust tests of their topic alone",
        f"{killed} of {total} in {len(files)} files ({100 * killed / max(total, 1):.0f} %; shard {arguments.shard})",
        killed > 0.9 * total,
        "`tools/mutants.py`",
    )
    return publish([row], arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
