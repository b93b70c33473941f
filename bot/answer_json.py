"""A reply as the command line's contract spells it for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from handlers.talk import FactSheet, Reply
from knowledge.plans.model import Fact, FactKind, Source
from knowledge.plans.understanding import Match

FACTS = (FactKind.PLACE, FactKind.AGENCY, FactKind.FEE, FactKind.PAPERS, FactKind.DURATION)


def spell(reply: Reply, identity: str) -> dict[str, Any]:
    """Return the keys of the contract; `identity` is the asker's own id of the question."""
    return {
        "id": identity,
        "outcome": reply.outcome,
        "intents": list(reply.intents),
        "locality": reply.locality,
        "matches": _matches(reply.matches),
        "near": [match.id for match in reply.near],
        "facts": _facts(reply.facts),
        "sources": [_source(source) for source in reply.sources],
        "warnings": list(reply.warnings),
        "text": reply.text,
    }


def _matches(matches: Sequence[Match]) -> list[dict[str, Any]]:
    return [{"id": match.id, "score": round(match.score, 3)} for match in matches]


def _facts(sheet: FactSheet | None) -> dict[str, Any] | None:
    if sheet is None:
        return None
    return {
        "weekdays": list(sheet.weekdays),
        "next_dates": list(sheet.next_dates),
        "cutoff": sheet.cutoff,
        **{kind: _fact(sheet.facts[kind]) for kind in FACTS},
    }


def _fact(fact: Fact) -> dict[str, Any]:
    source = _source(fact.source) if fact.source else None
    return {"state": fact.state, "text": fact.text, "source": source}


def _source(source: Source) -> dict[str, str | None]:
    return asdict(source)
