"""The best possible trade-off between requests and lag for a schedule that knows the distribution of durations but sees
no progress: durations are lognormal, and round trips cost nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

STEP = 0.1  # seconds
PRICES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8)  # seconds of lag that one request is worth
_LONGEST_GAP = 120.0
_TAIL = 1e-6  # share of the tasks that take longer than the computed range


@dataclass(frozen=True)
class Durations:
    """The durations of tasks, lognormal.

    Attributes:
        median: seconds.
        sigma: standard deviation of the logarithm.
    """

    median: float = 90.0
    sigma: float = 0.5

    def sample(self, count: int) -> list[float]:
        """Return ``count`` durations in seconds, one from each part of the distribution, in order."""
        normal = NormalDist(math.log(self.median), self.sigma)
        return [math.exp(normal.inv_cdf((at + 0.5) / count)) for at in range(count)]

    def best(self, price: float) -> tuple[float, float]:
        """Return the expected requests and seconds of lag of the schedule with the lowest lag + price · requests."""
        normal = NormalDist(math.log(self.median), self.sigma)
        times = np.arange(0, math.exp(normal.inv_cdf(1 - _TAIL)), STEP)
        ended = np.array([0.0, *(normal.cdf(math.log(time)) for time in times[1:])])
        waited = np.concatenate([[0.0], np.cumsum((ended[1:] + ended[:-1]) / 2 * STEP)])  # ∫ ended
        last, reach = len(times) - 1, int(_LONGEST_GAP / STEP)
        # From each moment at which it has not ended: the cost, the requests and the lag from there on.
        cost, requests, lag = np.zeros(last + 1), np.zeros(last + 1), np.zeros(last + 1)
        for now in range(last - 1, -1, -1):
            then = slice(now + 1, min(last, now + reach) + 1)
            lost = waited[then] - waited[now] - ended[now] * (times[then] - times[now])
            best = int(np.argmin(lost + cost[then]))
            cost[now] = price * (1 - ended[now]) + lost[best] + cost[now + 1 + best]
            requests[now] = 1 - ended[now] + requests[now + 1 + best]
            lag[now] = lost[best] + lag[now + 1 + best]
        return float(requests[0]), float(lag[0])

    def front(self) -> list[tuple[float, float]]:
        """Return requests and lag of the best schedules, from few requests to many."""
        return sorted(self.best(price) for price in PRICES)


def least_lag(front: Sequence[tuple[float, float]], requests: float) -> float:
    """Return the least mean lag, in seconds, for this many requests a task."""
    points = np.log(np.array(front))
    return float(np.exp(np.interp(math.log(requests), points[:, 0], points[:, 1])))
