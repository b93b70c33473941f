"""Which communes of today lie in the place of a plan, wholly or in part."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from knowledge.plans.model import Locality
from knowledge.plans.units import Unit, gazetteer


@dataclass(frozen=True, slots=True)
class Territory:
    """National codes of communes of today; nobody in a commune of `whole` lives outside."""

    whole: frozenset[str] = frozenset()
    part: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Return every commune of which at least a part lies inside."""
        return self.whole | self.part


@dataclass(frozen=True, slots=True)
class _Former:
    """A commune of before July 2025, or an island district that had none."""

    name: str
    province: str


@cache
def territory(locality: Locality) -> Territory:
    """Return where a plan's place lies today; nothing where its name leaves that open."""
    if locality.ended is None:
        return Territory(whole=_of_today(locality))
    members = _members(locality)
    held = {code for code, inside in members.items() if inside}
    whole = {code for code in held if _former()[code] <= members[code]}
    return Territory(frozenset(whole), frozenset(held - whole))


def _members(locality: Locality) -> Mapping[str, set[_Former]]:
    """Return the former communes of a place by the codes of today."""
    found: defaultdict[str, set[_Former]] = defaultdict(set)
    if _same(locality.name, locality.province):
        for code, formers in _former().items():
            found[code] = {each for each in formers if _same(each.province, locality.province)}
        return found
    for step in locality.lineage:
        found[step.code] |= {each for each in _former()[step.code] if each.name == step.former}
    return found


def _of_today(locality: Locality) -> frozenset[str]:
    """Return the communes of a place that exists today: itself, or those of a province."""
    units = [gazetteer().unit(code) for code in _former()]
    communes = [unit for unit in units if _named(unit, locality)]
    if len(communes) == 1:
        return frozenset({communes[0].code})
    # A name that several communes share says nothing without its province.
    return frozenset(unit.code for unit in units if _same(unit.province, locality.name))


def _named(unit: Unit, locality: Locality) -> bool:
    within = not locality.province or _same(unit.province, locality.province)
    return _same(unit.name, locality.name) and within


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


@cache
def _former() -> Mapping[str, frozenset[_Former]]:
    """Return the former communes, or parts of them, that each commune of today is made of."""
    text = files("knowledge").joinpath("catalogue/units_former.csv").read_text("utf-8")
    found: defaultdict[str, set[_Former]] = defaultdict(set)
    for row in csv.DictReader(text.splitlines()):
        for code in row["today"].split():
            found[code].add(_Former(row["name"], row["province"]))
    return _frozen(found.items())


def _frozen(found: Iterable[tuple[str, set[_Former]]]) -> Mapping[str, frozenset[_Former]]:
    return {code: frozenset(formers) for code, formers in found}
