"""Mutation testing: `cargo-mutants` changes the kernels, one place at a time; do the Rust tests notice?

``python tools/mutants.py [--figures FILE] [--shard 3/20 ...] [--topics TOPIC ...]`` makes every twentieth of the
mutants of some files; ``--shard 0/1`` makes all. Each is tried on the tests of its own topic, in a copy of the
tree. A mutant that runs for ever is one that was noticed. What survives is printed. Mutants that change no result
are not made: see ``EQUAL``. With ``--figures`` what became of each shard is kept in `tools/mutants.json`, in the
place of what became of it before, and the row has the sums of all shards there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import asdict, dataclass
from pathlib import Path

from page import Row, publish
from tree import ROOT, copy

WORK = ROOT / "target" / "mutants"
#: What became of the shards that were ever made.
SHARDS = Path(__file__).with_name("mutants.json")

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
    r"(in|replace) advise_large_pages": "advice to the system how to map memory, not what is in it",
    r"alloc\.rs:\d+:\d+: replace << with >>$": "constants: from how many bytes it is given",
    r"processor/state\.rs:\d+:\d+: replace \* with .$": "constants: how many elements make a block",
    r"replace >= with < in Processor::update": "numbers enter the moments later",
    r"replace < with <= in Work<'a>::each": "no two parts have one index",
    r"replace > with >= in stay_awake": "no moment is met to the nanosecond",
    r"replace \|\| with && in Standby<J>::hand": "nothing is handed to nobody in any case",
    r"replace < with (==|>|<=) in sorted": "both ways of sorting, and both sizes of digits, give the same order",
    r"image/taps\.rs:\d+:\d+: replace % with / in integrated": "when it asks whether to stop",
    r"in Words::finish": "a capacity, to which a vector grows in any case",
    r"replace \| with \^ in wide_spaces": "no two of the conditions hold for one character",
    r"processor/state\.rs:\d+:\d+: replace / with \* in Processor::reserve": "how much memory is asked for",
    r"replace > with >= in Chunk::cell": "texts are kept that nobody asks for",
    r"(replace \|\| with &&|delete match arm .*|replace match guard .* with false|replace \+ with -) in number_at": "a short way beside one that does the same",
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


@dataclass
class Shard:
    """What became of the mutants of a shard."""

    noticed: int = 0
    missed: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nine tenths were noticed."""
        return self.noticed >= 9 * self.missed


#: Exit codes of a run that came to its end: all were noticed, some were not, some ran for ever.
RAN = (0, 2, 3)


def mutants(topic: str, shard: str) -> dict[str, list[str]]:
    """Make the mutants of a topic; return which were caught, missed, and ran for ever."""
    output = WORK / "mutants.out"
    shutil.rmtree(output, ignore_errors=True)
    command = ["cargo", "mutants", "--in-place", "--sharding", "round-robin", "--shard", shard]
    # On a machine that does other things as well, what runs for ever is not what runs for long.
    command += ["--minimum-test-timeout", "90"]
    command += [word for name in EQUAL for word in ("--exclude-re", name)]
    command += [word for path in topics()[topic] for word in ("--file", str(path.relative_to(ROOT)))]
    command += ["--", "--lib", topic]
    # No lines of backtraces: nobody reads them, and each mutant is linked anew.
    environment = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0"}
    if subprocess.run(command, cwd=WORK, env=environment, check=False).returncode not in RAN:
        raise SystemExit(f"cargo-mutants failed: {topic}")
    return {
        kind: (output / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
        for kind in ("caught", "missed", "timeout")
    }


def made(shard: str, names: list[str]) -> Shard:
    """Make the mutants of a shard; print what survives."""
    result = Shard()
    for topic in names:
        found = mutants(topic, shard)
        print(*found["missed"], sep="\n", flush=True)
        result.noticed += len(found["caught"]) + len(found["timeout"])
        result.missed += len(found["missed"])
    return result


def kept(done: dict[str, Shard]) -> dict[str, Shard]:
    """Keep what became of shards; return that of all that are kept."""
    before = json.loads(SHARDS.read_text(encoding="utf-8")) if SHARDS.exists() else {}
    shards = {shard: Shard(**result) for shard, result in before.items()} | done
    shards = dict(sorted(shards.items(), key=lambda item: [int(part) for part in item[0].split("/")]))
    lines = ",\n".join(f'  "{shard}": {json.dumps(asdict(result))}' for shard, result in shards.items())
    SHARDS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return shards


def row(shards: dict[str, Shard]) -> Row:
    """Return the row of the page."""
    noticed = sum(result.noticed for result in shards.values())
    total = noticed + sum(result.missed for result in shards.values())
    each = ", ".join(
        f"{shard}: {result.noticed} of {result.noticed + result.missed}" for shard, result in shards.items()
    )
    return Row(
        "Mutants of the kernels are noticed by the Rust tests of their topic alone",
        f"{noticed} of {total} ({100 * noticed / max(total, 1):.0f} %; shards {each})",
        all(result.is_good for result in shards.values()),
        "`tools/mutants.py`",
    )


def main() -> int:
    """Make the mutants."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--shard", nargs="+", default=["3/20"])
    parser.add_argument("--topics", nargs="+")
    arguments = parser.parse_args()
    if arguments.figures and arguments.topics:
        parser.error("--figures are those of all topics")
    copy(WORK)
    done = {shard: made(shard, arguments.topics or list(topics())) for shard in arguments.shard}
    return publish([row(kept(done) if arguments.figures else done)], arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
