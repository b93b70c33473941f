"""Grids and lists as entries, each field certain or named as uncertain."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from knowledge.plans.appendix import head, lines, marks, prose, tables, times
from knowledge.plans.appendix.draft import Draft, Entry, Head, Remark, remark
from knowledge.plans.appendix.grid import Grid, Row, hangs
from knowledge.plans.appendix.headings import QUARTERS, Role
from knowledge.plans.appendix.prose import Listed, Said
from knowledge.plans.model import Status
from knowledge.plans.readers.sheet import At, Sheet
from knowledge.vietnamese import fold

NO_PLACE = "Whose plan this is could not be told from the file. Name the place with --locality."

_PROCEDURES = re.compile(r"\btthc\b|thu tuc|dich vu cong")
_REVIEW = re.compile(r"ra soat|don gian hoa|bai bo")
_OF_PROCEDURES = {Role.FEE, Role.PAPERS, Role.DURATION, Role.SERVICE, Role.CODE}
_OF_TASKS = {Role.TIME, Role.PRODUCT, Role.AGENCY}
_EXPLAINED = {Role.NUMBER: "row", Role.TIME: "weekdays"}


def entries(sheet: Sheet, name: str) -> Draft:
    """Return the draft of a sheet that came as a file of this name."""
    document = head.read(sheet, name)
    text = prose.paragraphs(sheet)
    said = prose.said(text)
    grids = [*tables.grids(sheet), *lines.grids(sheet)]
    listed = list(prose.listed(text))
    found = [entry for grid in grids for entry in _of_grid(grid, said)]
    found += [_of_list(item, said) for item in listed]
    made = tuple(_checked(entry, document) for entry in found)
    warnings = (*_about(sheet, document), *_left_out(grids), *_miscounted(listed), *_doubled(made))
    return Draft(document, made, warnings)


def _kind(grid: Grid) -> str | None:
    """Return what the rows of a table are; None for tables of another kind (forms, lists)."""
    roles = set(grid.titles)
    if len(roles & set(QUARTERS)) > 1 or (
        Role.GOAL in roles and not roles & {Role.TIME, Role.FEE}
    ):
        return "target"
    named = _PROCEDURES.search(fold(grid.titles.get(Role.NAME, "")))
    if roles & _OF_PROCEDURES or named or _serves_on_days(grid):
        return "procedure"
    return "task" if len(roles & _OF_TASKS) > 1 else None


def _serves_on_days(grid: Grid) -> bool:
    cells = [row.text(Role.TIME) for row in grid.rows if not row.group]
    named = [text for text in cells if times.weekdays(text)]
    return len(named) * 2 > len(cells)


def _of_grid(grid: Grid, said: Said) -> Iterator[Entry]:
    kind = _kind(grid)
    if kind is None:
        return
    for row, label, group in _numbered(grid):
        entry = _common(grid, row, label, group)
        if kind == "target":
            yield _target(entry, row)
        elif kind == "task":
            yield _task(entry, row)
        else:
            yield _procedure(entry, grid, row, said)


def _numbered(grid: Grid) -> Iterator[tuple[Row, str, str | None]]:
    """Return each row with its own number and its group's words."""
    anew = _numbers_anew(grid)
    counted = not any(row.mark for row in grid.rows if not row.group)
    groups = marks.Numbering()
    heading, count, lead, number = "", 0, "", ""
    for row in grid.rows:
        mark = marks.split(row.mark)[0] if row.mark else None
        if row.group or (mark and mark.groups):
            if mark is None or mark.groups:
                count, lead, heading = 0, "", ""
                groups.open(mark or marks.Mark("", "words", (0,)), row.text(Role.NAME))
            else:
                heading = row.mark
        if row.group:
            continue
        count += 1
        lead = _inherit(grid, row, lead, same=bool(row.mark) and row.mark == number)
        number = row.mark
        own = "" if mark and mark.groups else row.mark or (str(count) if counted else heading)
        if not row.mark:
            row.doubtful.add(Role.NUMBER)
        yield row, groups.label(own) if anew else own, groups.title


def _inherit(grid: Grid, row: Row, lead: str, *, same: bool) -> str:
    """Give a row the lead office of the row above where its own cell was merged away."""
    if Role.AGENCY in grid.titles and Role.AGENCY not in row.cells and lead and not same:
        row.cells[Role.AGENCY] = lead
        row.doubtful.add(Role.AGENCY)
    return row.text(Role.AGENCY)


def _numbers_anew(grid: Grid) -> bool:
    """Return whether rows are numbered from one again in each group."""
    first: list[int] = []
    new, last = False, 0
    for row in grid.rows:
        mark = marks.split(row.mark)[0] if row.mark else None
        if row.group and (mark is None or mark.groups):
            new = True
        elif mark and not mark.groups:
            first += [mark.numbers[0] - last] if new and last else []
            new, last = False, mark.numbers[0]
    return not first or any(step <= 0 for step in first)


def _common(grid: Grid, row: Row, label: str, group: str | None) -> Entry:
    """Return the fields that every kind of row has."""
    name = row.text(Role.NAME)
    doubtful = {_EXPLAINED.get(role, role.value) for role in row.doubtful}
    if hangs(name) or not name:
        doubtful.add("name")
    if Role.AGENCY in grid.titles and not row.text(Role.AGENCY):
        doubtful.add("agency")
    if grid.loose:
        doubtful |= {_EXPLAINED.get(role, role.value) for role in grid.titles}
    return Entry(
        kind="",
        appendix=grid.appendix or None,
        row=label,
        name=name.strip(" ."),
        agency=row.text(Role.AGENCY) or None,
        partner=row.text(Role.PARTNER) or None,
        uncertain=tuple(sorted(doubtful)),
        group=group or None,
        field=row.text(Role.FIELD) or None,
        place=row.text(Role.PLACE) or None,
        time=row.text(Role.TIME) or None,
        note=row.text(Role.NOTE) or None,
        at=_at(row.at),
    )


def _at(at: At) -> dict[str, int]:
    return {key: number for key, number in asdict(at).items() if number is not None}


def _doubt(entry: Entry, *fields: str) -> tuple[str, ...]:
    return tuple(sorted({*entry.uncertain, *fields}))


def _target(entry: Entry, row: Row) -> Entry:
    quarters = [_percent(row.text(role)) for role in QUARTERS if role in row.cells]
    goal = _percent(row.text(Role.GOAL))
    full = [quarter for quarter in quarters if quarter is not None]
    doubts = ["quarters"] * (len(full) != len(QUARTERS)) + ["goal"] * (goal is None)
    return replace(
        entry,
        kind="target",
        goal=goal,
        quarters=tuple(full) if len(full) == len(quarters) else (),
        uncertain=_doubt(entry, *doubts),
    )


def _percent(text: str) -> int | None:
    found = re.fullmatch(r"(\d{1,3})(?:[.,]0+)?\s*%?", text.strip())
    return int(found[1]) if found else None


def _task(entry: Entry, row: Row) -> Entry:
    deadline = entry.time
    due = times.day(deadline) if deadline else None
    doubts = {"deadline"} if "weekdays" in entry.uncertain or not deadline else set()
    kept = set(entry.uncertain) - {"weekdays"}
    return replace(
        entry,
        kind="task",
        deadline=deadline,
        due=due.isoformat() if due else None,
        product=row.text(Role.PRODUCT) or None,
        uncertain=tuple(sorted(kept | doubts)),
    )


def _procedure(entry: Entry, grid: Grid, row: Row, said: Said) -> Entry:
    code = prose.CODE.search(f"{row.text(Role.CODE)} {entry.name}")
    entry = replace(
        entry,
        kind="procedure",
        name=prose.procedure_name(entry.name),
        code=code[1] if code else None,
        fee=row.text(Role.FEE) or None,
        papers=row.text(Role.PAPERS) or None,
        duration=row.text(Role.DURATION) or None,
        service=row.text(Role.SERVICE) or None,
        product=row.text(Role.REVIEW) or row.text(Role.PRODUCT) or None,
    )
    if _under_review(grid):
        return _reviewed(entry, row)
    entry = _when(entry, grid, row, said)
    if entry.agency or Role.AGENCY in grid.titles or not said.agency:
        return entry
    return replace(entry, agency=said.agency, uncertain=_doubt(entry, "agency"))


def _under_review(grid: Grid) -> bool:
    titles = " ".join((*grid.titles.values(), grid.title))
    dated = Role.REVIEW in grid.titles or {Role.BEGINS, Role.ENDS} <= set(grid.titles)
    return dated and bool(_REVIEW.search(fold(titles)))


def _reviewed(entry: Entry, row: Row) -> Entry:
    begins, ends = row.text(Role.BEGINS), row.text(Role.ENDS)
    internal = "noi bo" in fold(entry.group or "")
    return replace(
        entry,
        status=Status.INTERNAL if internal else Status.UNDER_REVIEW,
        begins=times.month(begins) or begins or None,
        ends=times.month(ends) or ends or None,
        deadline=" – ".join(text for text in (begins, ends) if text) or None,
    )


def _when(entry: Entry, grid: Grid, row: Row, said: Said) -> Entry:
    """Set the service days: from the row's cell, its column's heading, or the running text."""
    days = times.weekdays(entry.time or "")
    doubts = set()
    if entry.time is None:
        days = times.weekdays(grid.titles.get(Role.SERVICE, "")) or _other_heading(grid)
        if days is None and said.days:
            days, doubts = said.days, {"weekdays"}
    if days is None or not days.sure:
        doubts.add("weekdays")
    hour = times.cutoff(row.text(Role.CUTOFF) or entry.time or "")
    if hour is None and said.cutoff:
        hour = said.cutoff
        doubts.add("cutoff")
    return replace(
        entry,
        weekdays=days.weekdays if days else (),
        cutoff=f"{hour:%H:%M}" if hour else None,
        starts=said.starts,
        uncertain=_doubt(entry, *doubts),
    )


def _other_heading(grid: Grid) -> times.Days | None:
    return next(filter(None, (times.weekdays(title) for title in grid.titles.values())), None)


def _of_list(item: Listed, said: Said) -> Entry:
    days = said.days
    doubts = {"name"} if hangs(item.name) else set()
    doubts |= {"weekdays"} if days is None or not days.sure else set()
    doubts |= {"agency"} if item.agency is None else set()
    return Entry(
        kind="procedure",
        appendix=f"Mục {item.section}" if item.section else None,
        row=str(item.row),
        name=item.name,
        weekdays=days.weekdays if days else (),
        cutoff=f"{said.cutoff:%H:%M}" if said.cutoff else None,
        agency=item.agency or said.agency,
        code=item.code,
        starts=said.starts,
        uncertain=tuple(sorted(doubts)),
        at=_at(item.line.at),
    )


def _checked(entry: Entry, document: Head) -> Entry:
    """Doubt a start that lies before the document itself, or is no single day."""
    if not entry.starts:
        return entry
    early = bool(document.date) and entry.starts[:7] < str(document.date)[:7]
    if early or entry.starts.count("-") == 1:
        return replace(entry, uncertain=_doubt(entry, "starts"))
    return entry


def _about(sheet: Sheet, document: Head) -> Iterator[Remark]:
    if sheet.encoding:
        yield remark(
            "The text was turned from the old encoding {encoding}; compare a few names with"
            " the original.",
            encoding=sheet.encoding.upper(),
        )
    if sheet.cut:
        yield remark("The file is very long; what comes after the part read was left out.")
    if document.locality is None:
        yield remark(NO_PLACE)
    elif not document.issuer:
        yield remark(
            "The file has no head; the place {locality} was told from the rest of it.",
            locality=document.locality,
        )
    if any(
        cell.formula
        for block in sheet.blocks
        if hasattr(block, "rows")
        for row in block.rows
        for cell in row
    ):
        yield remark("Some cells hold formulas. They were kept as text and not calculated.")


def _left_out(grids: Sequence[Grid]) -> Iterator[Remark]:
    for grid in grids:
        if _kind(grid) is None:
            yield remark(
                "The table “{title}” lists neither procedures, tasks nor targets and was"
                " left out.",
                title=grid.title or grid.appendix,
            )
        elif grid.loose:
            yield remark(
                "The table “{title}” has no ruled lines, so its columns are uncertain.",
                title=grid.title or grid.appendix,
            )


def _miscounted(listed: Sequence[Listed]) -> Iterator[Remark]:
    sections = Counter(item.section for item in listed)
    announced = {item.section: item.counted for item in listed}
    for section, count in sections.items():
        if announced[section] not in {None, count}:
            yield remark(
                "Section {section} announces {announced} procedures, but {count} were found.",
                section=section,
                announced=announced[section],
                count=count,
            )


def _doubled(made: Sequence[Entry]) -> Iterator[Remark]:
    seen = Counter((entry.appendix, entry.row) for entry in made if entry.kind != "target")
    for (appendix, row), count in seen.items():
        if count > 1:
            yield remark(
                "Number {row} stands {count} times in {appendix}.",
                row=row,
                count=count,
                appendix=appendix or "–",
            )
