"""What is kept about a citizen: he sees it, takes it with him, and has it deleted.

Law 91/2025/QH15 on the protection of personal data, and Decree 356/2025/NĐ-CP.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from io import StringIO
from re import Pattern

from handlers.sayings import AGREED, NO, PRIVACY, PRIVACY_SHORT, bare, is_only
from handlers.talk import Ask, Attachment, Button, Memory, Outcome, Reply, Turn, Wish
from knowledge.plans.days import local_time
from knowledge.plans.understanding import Intent
from knowledge.records import citizens, questions, subscriptions
from knowledge.records.tables import Citizen, Question
from knowledge.store import Town
from locales import LANGUAGES, Translator, message, translator

SHOWN = 10
"""Questions that are shown in the chat; the file has all of them."""
LONGEST = 200
"""Characters of a question that are shown in the chat."""

FILE = "cau-hoi-cua-toi.csv"

CHANNELS = {
    "web": message("this web page"),
    "telegram": "Telegram",
    "zalo": "Zalo",
    "zalobot": "Zalo Bot",
}
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}

SEE = (message("See my questions"), message("show my questions"))
TAKE = (message("Download"), message("download my data"))
DELETE = (message("Delete everything"), message("delete my data"))
AGREE = (message("Yes, delete everything"), message("yes, delete all my data"))
KEEP = (message("No, keep it"), message("keep my data"))
"""The buttons, label and what pressing says: words that a citizen may type as well."""


def notice(say: Translator, days: int) -> str:
    """Return the line that ends a citizen's first reply; `days` until his questions are parted."""
    return say(
        "I keep your questions, and the place and language you choose; after {days} days nothing "
        "tells any more whose questions they were. To see or delete them, type /riengtu "
        "(Law 91/2025/QH15).",
        days=days,
    )


def asked(ask: Ask) -> str | None:
    """Return the step that a message asks for without the command's name, None for none."""
    words = bare(ask.text)
    if _waits(ask, AGREE):
        if is_only(AGREED, words):
            return "dong y"
        if is_only(NO, words):
            return "giu"
    if (step := _step(PRIVACY, words)) is not None:
        return step
    return _step(PRIVACY_SHORT, words) if _waits(ask, SEE, TAKE, DELETE) else None


def tell(turn: Turn, town: Town) -> Reply:
    """Take the step that the turn's words name, the first one where they name none."""
    words = bare(turn.ask.text)
    step = words if words in _STEPS else _step(PRIVACY_SHORT, words) or _step(PRIVACY, words) or ""
    if step == "dong y" and not _waits(turn.ask, AGREE):
        # A button of an old conversation, pressed by mistake, deletes nothing.
        step = "xoa"
    number = turn.ask.citizen
    citizen = citizens.with_id(town.session, number) if number is not None else None
    if citizen is None:
        return _reply(turn, turn.say("Nothing is kept about you here."))
    return _STEPS[step](turn, town, citizen)


def _step(steps: Mapping[str, Pattern[str]], words: str) -> str | None:
    return next((step for step, pattern in steps.items() if is_only(pattern, words)), None)


def _waits(ask: Ask, *buttons: tuple[str, str]) -> bool:
    """Tell whether one of these buttons stands under the last reply."""
    said = {translator(language)(says) for language in LANGUAGES for _, says in buttons}
    return not said.isdisjoint(ask.memory.choices)


def _all(turn: Turn, town: Town, citizen: Citizen) -> Reply:
    """Show what is kept, for how long and by which law."""
    say = turn.say
    lines = [
        say("This is kept about you:"),
        *_list(turn, town, citizen),
        "",
        say(
            "Numbers of papers and phones are hidden before anything is stored. After {days} days "
            "nothing tells any more whose a question was. You may see, take away and delete all "
            "of it: Law 91/2025/QH15 on the protection of personal data, and Decree "
            "356/2025/NĐ-CP.",
            days=turn.ask.named_days,
        ),
    ]
    return _reply(turn, "\n".join(lines), (SEE, TAKE, DELETE))


def _list(turn: Turn, town: Town, citizen: Citizen) -> list[str]:
    say = turn.say
    place = town.library.localities.get(citizen.locality or "")
    items = (
        _counted(say, town, citizen),
        say(
            "place: {place}",
            place=say.pick(place.name, place.english) if place else say("not chosen"),
        ),
        say(
            "language: {language}",
            language=LANGUAGE_NAMES.get(citizen.language or "", say("not chosen")),
        ),
        say(
            "reminders: {count}, see /nhac",
            count=len(subscriptions.of(town.session, _id(citizen))),
        ),
        say(
            "your account on {channel}, so that answers reach you", channel=_channel(say, citizen)
        ),
    )
    return [f"• {item}" for item in items]


def _counted(say: Translator, town: Town, citizen: Citizen) -> str:
    count, since = questions.counted(town.session, _id(citizen))
    if since is None:
        return say("questions: none")
    return say("questions: {count}, since {day}", count=count, day=say.day(_date(since)))


def _questions(turn: Turn, town: Town, citizen: Citizen) -> Reply:
    """Show the last questions as they are stored."""
    say = turn.say
    last = questions.of(town.session, _id(citizen), SHOWN)
    if not last:
        return _reply(turn, say("No question of yours is kept."))
    lines = [say("Your last questions, as they are kept:"), *_lines(say, last)]
    return _reply(turn, "\n".join(lines), (TAKE, DELETE))


def _file(turn: Turn, town: Town, citizen: Citizen) -> Reply:
    """Send all questions as a file, and in the text as well where they are few."""
    say = turn.say
    all_ = questions.of(town.session, _id(citizen))
    lines = [say("This is kept about you:"), *_list(turn, town, citizen)]
    if not all_:
        return _reply(turn, "\n".join(lines))
    if len(all_) <= SHOWN:
        lines += ["", *_lines(say, all_)]
    lines += ["", say("All of your questions are in the file {file}.", file=FILE)]
    file = Attachment(FILE, "text/csv", _csv(say, all_))
    return _reply(turn, "\n".join(lines), (DELETE,), file)


def _csv(say: Translator, kept: Sequence[Question]) -> bytes:
    """Write UTF-8 with a byte order mark, without which Excel misreads Vietnamese."""
    out = StringIO()
    rows = csv.writer(out)
    rows.writerow(
        (say("Time"), say("Channel"), say("Place"), say("Question"), say("Ended"), say("About"))
    )
    for each in kept:
        when = local_time(each.asked_at).strftime("%Y-%m-%d %H:%M")
        about = " ".join(each.matched)
        rows.writerow((when, each.channel, each.locality, each.text, each.outcome, about))
    return out.getvalue().encode("utf-8-sig")


def _lines(say: Translator, kept: Sequence[Question]) -> list[str]:
    return [f"• {_moment(say, each)}: {_short(each.text)}" for each in kept]


def _moment(say: Translator, question: Question) -> str:
    at = local_time(question.asked_at)
    return f"{say.short_day(at.date())}, {say.clock(at.time())}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def _confirm(turn: Turn, town: Town, citizen: Citizen) -> Reply:
    """Ask once, for it cannot be undone."""
    say = turn.say
    lines = [
        say("This will be deleted for good, with this conversation:"),
        *_list(turn, town, citizen),
        "",
        say("Shall I delete it?"),
    ]
    return _reply(turn, "\n".join(lines), (AGREE, KEEP))


def _forget(turn: Turn, _town: Town, citizen: Citizen) -> Reply:
    channel = _channel(turn.say, citizen)
    return Reply(
        body=turn.say(
            "Done: all that was kept about you is deleted, this message too. What still stands "
            "in the chat is on your side; you can delete it on {channel}.",
            channel=channel,
        ),
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        memory=Memory(language=turn.say.language),
        wish=Wish.FORGET,
        personal=True,
    )


def _keep(turn: Turn, _town: Town, _citizen: Citizen) -> Reply:
    return _reply(turn, turn.say("All right, nothing was deleted."))


_STEPS: Mapping[str, Callable[[Turn, Town, Citizen], Reply]] = {
    "": _all,
    "cau hoi": _questions,
    "tai ve": _file,
    "xoa": _confirm,
    "dong y": _forget,
    "giu": _keep,
}


def _reply(
    turn: Turn, body: str, buttons: Sequence[tuple[str, str]] = (), *files: Attachment
) -> Reply:
    """Say something that no other citizen may be told."""
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        buttons=tuple(Button(turn.say(label), turn.say(says)) for label, says in buttons),
        # The numbers of these buttons begin with 1, whatever was offered before.
        memory=replace(turn.ask.memory, options=()),
        attachments=files,
        personal=True,
    )


def _channel(say: Translator, citizen: Citizen) -> str:
    return say(CHANNELS.get(citizen.channel, citizen.channel))


def _date(moment: datetime) -> date:
    return local_time(moment).date()


def _id(citizen: Citizen) -> int:
    assert citizen.id is not None  # noqa: S101 - a citizen found has a row
    return citizen.id
