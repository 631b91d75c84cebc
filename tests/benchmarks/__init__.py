"""How soon, how light, how many: measured beside what people would use instead.

``python -m tests.benchmarks`` runs every benchmark and writes RESULTS.md; CONTRIBUTING.md says more. A benchmark is a
module here with a docstring (what is measured, and how) and ``measure(quick: bool = False) -> Iterable[Table]``; it is
one of BENCHMARKS. It may name in PEERS the environments of ``peers.py`` that it uses, whose versions the report then
tells. Seconds are measured here and nowhere else: the tests count.
"""

from __future__ import annotations

BENCHMARKS = ("polling", "lag", "scale", "profile", "starts", "forms", "slow_link", "watching", "clips")  # as reported
