"""Measurements of speed, size and number of requests, beside the alternatives that people would use.

``python -m tests.benchmarks`` runs every benchmark and writes RESULTS.md; see CONTRIBUTING.md. A benchmark is a module
here with a docstring (what is measured, and how) and ``measure(quick: bool = False) -> Iterable[Table]``, listed in
BENCHMARKS. It may list in PEERS the environments of ``peers.py`` that it uses; the report then shows their versions.
Seconds are measured only here: the tests count.
"""

from __future__ import annotations

BENCHMARKS = ("polling", "lag", "scale", "profile", "starts", "forms", "slow_link", "watching", "clips")  # as reported
