"""Tables that were printed as running lines: cells are found again by what their words say.

A web page or a PDF saved as text keeps no columns. What it keeps is order: the cells of a row
follow each other as the headings do. So each row is cut where the pieces fit the headings best,
and the offices that a column holds elsewhere count as evidence in a second pass.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise

from knowledge.plans.appendix import times
from knowledge.plans.appendix.grid import hangs, joined
from knowledge.plans.appendix.headings import QUARTERS, Role
from knowledge.vietnamese import fold as folded_of

fold = lru_cache(maxsize=100_000)(folded_of)

_MOST_WORDS = 400
_LONG_ROW = 70
_ENDS_CELL = {"\t": 8.0, "\n": 2.5}
"""How surely a cell ends where this stands between two words."""
_STARTS = re.compile(
    r"(?:Phòng|Văn|Bộ|UBND|Trung|Các|Sở|Công|Chi|Thường|Trước|Hàng|Hằng|Thứ|Quý|Tháng|TTHC|Báo|Theo|Không)"
)
_OFFICE = re.compile(
    r"^(?:cac |mot so )?(?:phong|van phong|vp|bo phan|ubnd|uy ban|hdnd|so|ban|bo|trung tam|chi"
    r" nhanh|cong an"
    r"|dai|doan|hoi|mttq|cbcc|can bo|cong chuc|lanh dao|co quan|don vi|to|to dan pho|tdp|thanh"
    r" tra|chi cuc"
    r"|cuc|kho bac|tram|truong|thon|xa|phuong|chu tich|toa an|ngan hang|dien luc|buu dien|tham"
    r" phan)\b"
)
_LOW = re.compile(
    r"^(?:cac |mot so )?(?:phong|van phong|bo phan|can bo|cong chuc|co quan|don vi)\b"
)
"""Offices that are written small; "sở", "ban" or "xã" are common words then."""
_INNER = re.compile(
    r"(?<![,;&/(–-]) (?!(?:UBND|HĐND|TP|TX)\b)(?:Các |Một số )?"
    r"(?:Phòng|Văn phòng|Bộ phận|Trung tâm|Sở|Đài|Công an|Chi nhánh|Ban|Lãnh đạo|CBCC|Các)\b"
)
_LEADS_ON = re.compile(r"(?:phòng|tịch|[Tt]hủ|nhiệm)$")
_TIME_INSIDE = re.compile(r" (?:Theo|Thường|Trước|Hàng|Hằng|Trong|Sau|Khi|Quý|Tháng|Thứ|Hoàn)\b")
_OWNED = re.compile(r"^(?:phường|xã|thị|huyện|thành|tỉnh|TP|TX|quận)")
_CODE = re.compile(r"\b\d\.\d{6}\b")
_BELONGS = re.compile(r"(?:và|của|thuộc|với|qua|tại|Chi nhánh|chi nhánh)$")
_VALUE = {
    Role.GOAL: re.compile(r"^\d{1,3}(?:[.,]\d+)?%$"),
    Role.BEGINS: re.compile(r"^\d{1,2}/\d{4}$"),
    Role.FEE: re.compile(r"^(?:khong|mien|\d|theo|co\b|thu\b|muc|tuy|chua)"),
    Role.DURATION: re.compile(r"^(?:khong qua |toi da |trong |ngay |\d+ (?:ngay|gio)|ngay\b)"),
    Role.CODE: re.compile(r"^\d\.\d{6}\S*$"),
}
_VALUE |= dict.fromkeys(QUARTERS, _VALUE[Role.GOAL]) | {Role.ENDS: _VALUE[Role.BEGINS]}
_SINGLE = {Role.GOAL, *QUARTERS, Role.BEGINS, Role.ENDS, Role.CODE}
_EMPTY = {
    Role.NAME: -20.0, Role.AGENCY: -3.0, Role.PARTNER: -1.5, Role.TIME: -3.0, Role.NOTE: -0.3,
    Role.OTHER: -0.3, Role.CODE: -0.5,
}  # fmt: skip
_EMPTY |= dict.fromkeys(_SINGLE - {Role.CODE}, -6.0)
_LONGEST = {
    Role.AGENCY: 45, Role.PARTNER: 45, Role.PLACE: 30, Role.TIME: 16, Role.CUTOFF: 8,
    Role.FIELD: 8, Role.FEE: 30, Role.DURATION: 30,
} | dict.fromkeys(_SINGLE, 1)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One printed word and what stood before it: a space, a line's end or a blank line."""

    text: str
    before: str = " "
    ghosts: int = 0
    """Lines of nothing but a space before it: what an empty cell leaves behind."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """The cells found in a run of words, in the order of the headings."""

    cells: tuple[str, ...]
    empty: frozenset[int] = frozenset()
    """The cells for which the print shows that they are empty."""
    changed: frozenset[int] = frozenset()
    """The cells that go on after a page break."""


@dataclass(frozen=True, slots=True)
class Run:
    """The words of one row, in one piece for each page it is on, and the columns they fill."""

    pieces: tuple[tuple[Word, ...], ...]
    roles: tuple[Role, ...]


Score = Callable[[int, str], float]
"""How well a text fits the column of a number."""


def cut(run: Run, seen: Counter[tuple[Role, str]]) -> Cut:
    """Return the cells of a row's first piece. `seen` counts what other rows hold where."""
    broken = len(run.pieces) > 1

    def score(c: int, text: str) -> float:
        forgiven = _forgiven(run.roles[c], text) if broken and text else 0.0
        return _fits(run.roles[c], text, seen) + forgiven

    return _best(run.pieces[0], run.roles, score)


def go_on(
    cells: Sequence[str],
    words: Sequence[Word],
    roles: Sequence[Role],
    seen: Counter[tuple[Role, str]],
) -> Cut:
    """Return a broken row's cells with the words after the page break added to them."""

    def score(c: int, piece: str) -> float:
        if not piece:
            return 0.0
        if not cells[c]:
            return _fits(roles[c], piece, seen) - 1.0
        whole = joined(cells[c], piece)
        gain = _worth(roles[c], whole) - _worth(roles[c], cells[c])
        gain += max(0.0, _known(roles[c], fold(whole), seen))
        likely = 0.5 if roles[c] is Role.NAME else 0.0
        if roles[c] in {Role.AGENCY, Role.PARTNER}:
            likely -= 0.3 * max(0, piece.count(" ") - 4)
        likely += 3.0 if _one_name(*_around(cells[c], piece)) else 0.0
        return gain + (1.0 + likely if piece[0].islower() else -1.0)

    more = _best(words, roles, score).cells
    changed = frozenset(c for c, piece in enumerate(more) if piece)
    return Cut(tuple(map(joined, cells, more)), changed=changed)


def _forgiven(role: Role, text: str) -> float:
    """Return what a cell lost for ending in the middle, where the page ended."""
    if role in {Role.AGENCY, Role.PARTNER}:
        return 4.0 if hangs_open(text) else 0.0
    return 2.0 if hangs(text) else 0.0


_Path = tuple[float, tuple[int, ...]]


def _best(words: Sequence[Word], roles: Sequence[Role], score: Score) -> Cut:
    """Find the cuts with the highest sum of scores, column by column.

    A state is a place in the row and how many empty cells end there.
    """
    words = words[:_MOST_WORDS]
    stops = _stops(words)
    costs = _costs(words)
    best: dict[tuple[int, int], _Path] = {(0, 0): (0.0, (0,))}
    for c, role in enumerate(roles):
        after: dict[tuple[int, int], _Path] = {}
        gains: dict[tuple[int, int], float] = {}
        for (start, empties), (total, path) in best.items():
            for end in _ends(stops, start, role, last=c == len(roles) - 1):
                if end == start:
                    gain = _blank(words, start, empties, score(c, ""), role)
                else:
                    if (start, end) not in gains:
                        gains[start, end] = _gain(
                            words, (start, end), score(c, _joined(words, start, end))
                        )
                        gains[start, end] -= _inside(costs[role is Role.NAME], start, end)
                    gain = gains[start, end]
                state = (end, empties + 1 if end == start else 0)
                if state not in after or total + gain > after[state][0]:
                    after[state] = (total + gain, (*path, end))
        best = after
    done = [path for (end, _), path in best.items() if end == len(words)]
    return _cells(words, max(done)[1] if done else (0, *(len(words) for _ in roles)))


def _stops(words: Sequence[Word]) -> list[int]:
    """Return the places where a cell may begin or end; long rows are cut at fewer of them."""
    long = len(words) > _LONG_ROW
    inner = [i for i in range(1, len(words)) if _may_cut(words, i, long=long)]
    return [0, *inner, len(words)] if words else [0]


def _ends(stops: list[int], start: int, role: Role, *, last: bool) -> list[int]:
    if last:
        return stops[-1:]
    longest = _LONGEST.get(role, _MOST_WORDS)
    return [stop for stop in stops if start <= stop <= start + longest]


def _blank(words: Sequence[Word], at: int, empties: int, usual: float, role: Role) -> float:
    """Return the worth of an empty cell: good where the print shows one, for each shown once."""
    shown = _ghosts(words, at) > empties and role is not Role.NAME
    return (0.7 if role is Role.TIME else 1.7) if shown else usual


def _gain(words: Sequence[Word], span: tuple[int, int], worth: float) -> float:
    start, end = span
    return worth + _boundary(words, end) - (1.0 if _ghosts(words, start) else 0.0)


def _costs(words: Sequence[Word]) -> tuple[list[float], list[float]]:
    """Return what not cutting costs up to each word: in any cell, and in a name.

    Offices at the beginning of a line are seldom part of a name.
    """
    ends = [_ENDS_CELL.get(word.before, 0.0) for word in words]
    offices = [2.0 if i and _office_at(words, i) else 0.0 for i in range(len(words))]
    both = [end + office for end, office in zip(ends, offices, strict=True)]
    return [0.0, *accumulate(ends)], [0.0, *accumulate(both)]


def _inside(costs: list[float], start: int, end: int) -> float:
    return costs[end] - costs[start + 1]


def _office_at(words: Sequence[Word], at: int) -> bool:
    """Return whether a printed line begins with an office that nothing before it leads to."""
    word = words[at]
    if word.before == " " or not word.text[0].isupper() or hangs(words[at - 1].text):
        return False
    if _LEADS_ON.search(words[at - 1].text):
        return False
    return bool(_OFFICE.match(fold(_joined(words, at, min(at + 3, len(words))))))


def _ghosts(words: Sequence[Word], at: int) -> int:
    return words[at].ghosts if at < len(words) else 0


def _cells(words: Sequence[Word], path: tuple[int, ...]) -> Cut:
    pairs = list(pairwise(path))
    empty = frozenset(c for c, (a, b) in enumerate(pairs) if a == b and _ghosts(words, a))
    return Cut(tuple(_joined(words, a, b) for a, b in pairs), empty)


def _joined(words: Sequence[Word], start: int, end: int) -> str:
    whole = ""
    for i in range(start, end):
        word = words[i]
        tight = (
            i > start and word.before != " " and whole.endswith("-") and not whole.endswith(" -")
        )
        whole += word.text if not whole or tight else f" {word.text}"
    return whole


def _may_cut(words: Sequence[Word], at: int, *, long: bool) -> bool:
    word, before = words[at], words[at - 1]
    if word.before != " " or _is_value(word.text) or _is_value(before.text):
        return True
    if word.text[0].isdigit() and not long:
        return not before.text.endswith(",")
    if not word.text[0].isupper() or before.text.endswith(","):
        return False
    if long:
        return bool(_STARTS.match(word.text))
    shouting = before.text.isupper() and len(before.text) > 1
    return not (shouting and word.text.isupper()) or word.text.startswith("UBND")


def _is_value(text: str) -> bool:
    return bool(
        _VALUE[Role.GOAL].match(text)
        or _VALUE[Role.BEGINS].match(text)
        or _VALUE[Role.CODE].match(text)
    )


def _boundary(words: Sequence[Word], at: int) -> float:
    """Return how much the print itself speaks for a new cell at a place."""
    if at in {0, len(words)}:
        return 0.0
    word, before = words[at], words[at - 1]
    gain = {"\t": 8.0, "\n": 2.5, " ": -1.5}.get(word.before, 0.0)
    if word.text[0].islower():
        gain -= 0.5 if _LOW.match(fold(_joined(words, at, min(at + 3, len(words))))) else 2.5
    if hangs(_joined(words, max(0, at - 2), at)):
        gain -= 3.0
    after = words[at + 1].text if at + 1 < len(words) else ""
    if _one_name(before.text, word.text, after):
        gain -= 4.0
    return gain - (3.0 if word.text[0] in "-–,&);.%" else 0.0)


def _around(before: str, after: str) -> tuple[str, str, str]:
    """Return the last word of one text and the first two of another."""
    first, second, *_ = (*after.split()[:2], "", "")
    return (before.split() or [""])[-1], first, second


def _one_name(before: str, word: str, after: str) -> bool:
    """Return whether the words around a place belong to one office's name."""
    if before == "phòng" and word.startswith(("HĐND", "UBND")):
        return True
    return word == "UBND" and before in {"môn", "cửa"} and bool(_OWNED.match(after))


def _fits(role: Role, text: str, seen: Counter[tuple[Role, str]]) -> float:
    if not text:
        return _EMPTY.get(role, -2.0)
    return _worth(role, text) + _known(role, fold(text), seen)


@lru_cache(maxsize=50_000)
def _worth(role: Role, text: str) -> float:
    folded = fold(text)
    if role in {Role.AGENCY, Role.PARTNER, Role.PLACE}:
        return _office(text, folded)
    if role in {Role.TIME, Role.CUTOFF}:
        return times.deadline_like(folded) - 0.15 * max(0, folded.count(" ") - 3)
    if role in _SINGLE:
        return 4.0 if _VALUE[role].match(folded) else -10.0
    if role in _VALUE:
        return (2.0 if _VALUE[role].match(folded) else -2.0) - 0.05 * folded.count(" ")
    return _prose(role, text, folded)


def hangs_open(text: str) -> bool:
    """Return whether an office's name ends before it says which office."""
    return hangs(text) or bool(re.search(r"(?:^| )(?:cac phong|bo phan|cac)$", fold(text)))


def _office(text: str, folded: str) -> float:
    if not (_LOW if text[0].islower() else _OFFICE).match(folded):
        return -5.0
    score = 3.0
    for inner in _INNER.finditer(text):
        if not _BELONGS.search(text[: inner.start()]):
            score -= 3.0
    if hangs_open(text):
        score -= 4.0
    elif re.search(r"(?:^| )(?:phong|van phong)$", folded):
        score -= 1.5
    if times.deadline_like(" ".join(folded.split()[-2:])) == 3.0 or "%" in folded:  # noqa: PLR2004
        score -= 4.0
    score -= 4.0 if "UBND UBND" in text else 0.0
    score -= 3.0 if _TIME_INSIDE.search(text) else 0.0
    return score - 0.1 * max(0, folded.count(" ") - 25)


def _prose(role: Role, text: str, folded: str) -> float:
    score = 1.0 if not text[0].islower() else -2.0
    score += 0.5 if text[-1] in ".)”" else 0.0
    score -= 2.0 if hangs(text) else 0.0
    if role is Role.NAME:
        score -= 0.02 * folded.count(" ")
    elif _CODE.search(text):
        score -= 5.0
    elif times.deadline_like(folded) > 0:
        score -= 1.5
    return score + (1.0 if role is Role.FIELD and folded.count(" ") < 4 else 0.0)  # noqa: PLR2004


def _known(role: Role, folded: str, seen: Counter[tuple[Role, str]]) -> float:
    """Return the evidence of the other rows: this office stands here, or only elsewhere."""
    if role not in {Role.AGENCY, Role.PARTNER, Role.FIELD, Role.TIME}:
        return 0.0
    other = {Role.AGENCY: Role.PARTNER, Role.PARTNER: Role.AGENCY}.get(role)
    lead = seen[role, folded] - (seen[other, folded] if other else 0)
    return max(-1.0, min(2.5, float(lead)))


def rows(runs: Sequence[Run]) -> list[Cut]:
    """Return the cells of every row of one table."""
    none: Counter[tuple[Role, str]] = Counter()
    first = [_whole(run, none) for run in runs]
    values = [_values(found, run) for found, run in zip(first, runs, strict=True)]
    seen = Counter(value for row in values for value in row)
    return [_whole(run, seen - Counter(own)) for run, own in zip(runs, values, strict=True)]


def _values(found: Cut, run: Run) -> list[tuple[Role, str]]:
    pairs = zip(run.roles, found.cells, strict=True)
    return [(role, fold(cell)) for role, cell in pairs if cell]


def _whole(run: Run, seen: Counter[tuple[Role, str]]) -> Cut:
    found = cut(run, seen)
    for more in run.pieces[1:]:
        added = go_on(found.cells, more, run.roles, seen)
        found = replace(added, empty=found.empty, changed=found.changed | added.changed)
    return found


def office_ahead(words: Sequence[Word]) -> bool:
    """Return whether any printed line begins with the name of an office."""
    starts = (i for i, word in enumerate(words) if i and word.before != " ")
    return any(
        words[i].text[0].isupper()
        and _OFFICE.match(fold(_joined(words, i, min(i + 3, len(words)))))
        for i in starts
    )
