"""Every word that people read is in locales, in both languages, with the same places to fill."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from locales import LANGUAGES, translator

ROOT = Path(__file__).parents[1]
SPEAKERS = {"say", "message", "Refusal", "remark", "_"}
"""The names by which code says a message id: `say("…")`, `turn.say("…")`, `Refusal("…")`."""


def constants(trees: list[ast.Module]) -> dict[str, str]:
    """Return the sentences that modules keep under a name, such as UNKNOWN_ADDRESS."""
    assigned = [node for tree in trees for node in tree.body if isinstance(node, ast.Assign)]
    return {
        target.id: node.value.value
        for node in assigned
        for target in node.targets
        if isinstance(target, ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def spoken(tree: ast.AST, named: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in SPEAKERS:
                continue
            for part in ast.walk(node.args[0]):
                if part is node.args[0] and isinstance(part, ast.Constant):
                    yield str(part.value)
                elif isinstance(part, ast.Name | ast.Attribute):
                    constant = getattr(part, "id", getattr(part, "attr", ""))
                    yield from filter(None, [named.get(constant)])


def template_messages(text: str) -> list[str]:
    return [a or b for a, b in re.findall(r"\b_\(\s*(?:\"([^\"]+)\"|'([^']+)')", text)]


def messages() -> set[str]:
    found: set[str] = set()
    for room in ("bot", "handlers", "knowledge"):
        trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / room).rglob("*.py")]
        named = constants(trees)
        for tree in trees:
            found |= set(spoken(tree, named))
        for path in (ROOT / room).rglob("*.html"):
            found |= set(template_messages(path.read_text("utf-8")))
    return found


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_words_in_every_language(language: str) -> None:
    words = translator(language).words
    assert sorted(m for m in messages() if not words.get(m)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_kept_for_messages_that_nobody_says(language: str) -> None:
    assert sorted(set(translator(language).words) - messages() - {""}) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_fill_the_same_places_as_their_message(language: str) -> None:
    words = translator(language).words
    assert [m for m, said in words.items() if m and places(m) != places(said)] == []
