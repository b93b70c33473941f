"""Where the communes of today lie: one point each, so that a place is only ever guessed at.

The table is catalogue/positions.csv; catalogue/make_positions.py writes it and names its source.
"""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import asin, cos, hypot, isfinite, radians, sin, sqrt

from knowledge.plans.units import Unit, gazetteer

RATIO = 2.0
"""A commune is a candidate up to this many times the distance of the nearest one.

Measured on the centres of 8,894 former communes: at 2 the right one is alone or among the
candidates 98 times in 100; the nearest one by itself is right only 84 times.
"""
FARTHEST = 30.0
"""Kilometres from the middle of the nearest commune beyond which none is named."""

EARTH = 6371.0
"""Radius in kilometres."""
DEGREE = radians(1) * EARTH
"""Kilometres in a degree of latitude."""


@dataclass(frozen=True, slots=True)
class Near:
    """A commune in which a point may lie, and how far its middle is."""

    unit: Unit
    km: float


@dataclass(frozen=True, slots=True)
class _Spot:
    latitude: float
    longitude: float
    code: str


class Positions:
    """All points; take the shared ones from `positions()`, for they are read from a file."""

    def __init__(self) -> None:
        """Read the table."""
        self._spots = sorted(_table(), key=lambda spot: spot.latitude)
        self._latitudes = [spot.latitude for spot in self._spots]
        self._by_code = {spot.code: spot for spot in self._spots}

    def near(self, latitude: float, longitude: float) -> tuple[Near, ...]:
        """Return the communes in which a point may lie, the nearest first; none far from all."""
        if not (isfinite(latitude) and isfinite(longitude)):
            return ()
        reach = FARTHEST / 4
        while True:
            found = sorted(self._within(reach, latitude, longitude))
            if found and found[0][0] * RATIO <= reach:
                most = found[0][0] * RATIO
                return tuple(Near(gazetteer().unit(code), km) for km, code in found if km <= most)
            if reach >= FARTHEST * RATIO:
                return ()
            reach *= 2

    def distance(self, latitude: float, longitude: float, codes: Iterable[str]) -> float | None:
        """Return the kilometres to the nearest of some communes; None for none that is known."""
        spots = (self._by_code[code] for code in codes if code in self._by_code)
        return min((_km(latitude, longitude, spot) for spot in spots), default=None)

    def _within(
        self, reach: float, latitude: float, longitude: float
    ) -> Iterator[tuple[float, str]]:
        """Yield the communes within some kilometres with their distance."""
        first = bisect_left(self._latitudes, latitude - reach / DEGREE)
        last = bisect_right(self._latitudes, latitude + reach / DEGREE)
        width = DEGREE * cos(radians(latitude))
        for spot in self._spots[first:last]:
            # Flat, which is cheap and off by less than a thousandth at these distances.
            km = hypot((spot.latitude - latitude) * DEGREE, (spot.longitude - longitude) * width)
            if km <= reach:
                yield km, spot.code


@cache
def positions() -> Positions:
    """Return the one table of points, read when it is first asked for."""
    return Positions()


def _table() -> Iterator[_Spot]:
    text = files("knowledge").joinpath("catalogue/positions.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield _Spot(float(row["latitude"]), float(row["longitude"]), row["code"])


def _km(latitude: float, longitude: float, spot: _Spot) -> float:
    """Measure along the sphere, for any two points."""
    north = sin(radians(spot.latitude - latitude) / 2) ** 2
    east = sin(radians(spot.longitude - longitude) / 2) ** 2
    across = cos(radians(latitude)) * cos(radians(spot.latitude))
    return 2 * EARTH * asin(sqrt(min(1.0, north + across * east)))
