"""Rounds of times become medians, spreads and ratios."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Timing:
    """How long one call took in each round. variant: what ran. seconds: per call, by round."""

    variant: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of the rounds, in seconds: what one disturbed round cannot move."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float | None:
        """Half the distance between the quartiles, as a fraction of the median.

        Half of all rounds lie about that close to the median. None for a single round.
        """
        if len(self.seconds) < 2:
            return None
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (high - low) / 2 / self.median

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "variant": self.variant,
            "median_seconds": self.median,
            "spread": self.spread,
            "seconds": self.seconds,
        }


@dataclass
class Row:
    """One workload in one mode. peers: PyTorch's variants, none without the peer.

    cold, disk: seconds of the first call, which compiles: from an empty cache, from the disk's.
    """

    workload: str
    mode: str
    batch: int
    shinso: Timing
    peers: list[Timing]
    cold: float | None = None
    disk: float | None = None

    @property
    def best(self) -> Timing | None:
        """The fastest of PyTorch's variants."""
        return min(self.peers, key=lambda peer: peer.median, default=None)

    @property
    def ratio(self) -> float | None:
        """PyTorch's time divided by shinso's: above 1, shinso is faster."""
        return None if self.best is None else self.best.median / self.shinso.median

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "workload": self.workload,
            "mode": self.mode,
            "batch": self.batch,
            "ratio": self.ratio,
            "best": None if self.best is None else self.best.variant,
            "cold_seconds": self.cold,
            "disk_seconds": self.disk,
            "shinso": self.shinso.to_dict(),
            "torch": [peer.to_dict() for peer in self.peers],
        }
