"""Measures every function against what a user would call instead.

``python benchmarks`` prints ratios; ``--publish`` writes them to ``docs/benchmarks.md``, to
``docs/benchmarks.json`` and to the table in ``README.md``.
"""
