"""The reminders that a citizen has: he sees, changes, pauses and ends them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from handlers import conversation
from handlers.reminder_agreement import (
    WEB,
    Case,
    advice,
    at,
    no_way,
    remembered,
    remind,
    say_to_him,
    start_again,
    timing,
    trust,
)
from handlers.reminder_sayings import (
    EVENING,
    MORNING,
    Act,
    Terms,
    allowed,
    pause_end,
    press,
)
from handlers.reminder_subjects import next_time, subject
from handlers.sources import Footnotes
from handlers.talk import Button, Reply, Turn
from knowledge.records import subscriptions
from knowledge.records.subscriptions import Reminder
from knowledge.store import Town
from locales import Translator, message

SHOWN = 4
"""Subjects for which a reply has buttons of their own."""
STOP_ALL = (message("Stop all"), message("stop all reminders"))


def carry_out(
    turn: Turn, town: Town, act: Act, abouts: Sequence[str] = (), said: Terms | None = None
) -> Reply | None:
    """Do what a citizen wants done with his reminders; None without one, and nobody to remind."""
    citizen = turn.ask.citizen
    if citizen is None:
        return None if act is Act.REMIND else nobody(turn)
    rows = subscriptions.of(town.session, citizen)
    case = Case(turn, town, {each.about: subscriptions.reminder(each) for each in rows})
    return _ACTS[act](case, tuple(abouts), said or Terms())


def still(say: Translator, town: Town, citizen: int) -> str:
    """Return the line for one who comes back after a long time: what he gets, how to stop it."""
    held = subscriptions.of(town.session, citizen)
    if not held:
        return say("You still receive announcements here. If you want none any more, type /dung.")
    titles = [found.title for each in held if (found := subject(each.about, town, say))]
    return say(
        "I still remind you of: {subjects}. To see or stop it, type /nhac; to stop all messages, "
        "type /dung.",
        subjects="; ".join(titles[:SHOWN]) + ("…" if len(titles) > SHOWN else ""),
    )


def _list(case: Case, _abouts: tuple[str, ...], _said: Terms) -> Reply:
    """Tell all that a citizen is reminded of, with buttons to pause and to end each."""
    turn, say = case.turn, case.turn.say
    if not case.held:
        return _nothing(case)
    notes = Footnotes(say)
    lines = [say("I remind you of:")]
    for about, reminder in case.held.items():
        lines += _entry(case, about, reminder, notes)
    lines += ["", *advice(case), *trust(case, tuple(case.held), notes)]
    return replace(say_to_him(turn, lines, notes), buttons=(*_controls(case), *start_again(case)))


def _entry(case: Case, about: str, reminder: Reminder, notes: Footnotes) -> list[str]:
    turn, say = case.turn, case.turn.say
    found = case.subject(about)
    if found is None:
        return ["• " + say("{subject}: no plan that I know holds it now.", subject=about)]
    line = f"• {found.title}: {timing(reminder, say)}."
    if reminder.paused_until and case.is_paused(about):
        line += " " + say("Paused until {day}.", day=say.short_day(reminder.paused_until))
    return [line, *("  " + each for each in next_time(found, reminder, turn, case.town, notes))]


def _controls(case: Case) -> list[Button]:
    say = case.turn.say
    buttons = []
    for about in case.held:
        title = case.title(about)
        pause = (
            Button(say("Go on: {subject}", subject=title), press((about,), Act.RESUME))
            if case.is_paused(about)
            else Button(say("Pause a month: {subject}", subject=title), press((about,), Act.PAUSE))
        )
        end = Button(say("Stop: {subject}", subject=title), press((about,), Act.END))
        buttons += [end, pause]
    everything = [Button(say(STOP_ALL[0]), say(STOP_ALL[1]))] if len(case.held) > 1 else []
    return everything + buttons


def _end(case: Case, abouts: tuple[str, ...], _said: Terms) -> Reply:
    ended = tuple(each for each in abouts if each in case.held)
    if not ended:
        return _not_held(case)
    say = case.turn.say
    lines = [say("I remind you no more of:"), *(f"• {case.title(each)}" for each in ended)]
    left = len(case.held) - len(ended)
    if left:
        lines.append(say("Reminders left: {count}. Type /nhac to see them.", count=left))
    again = [each for each in ended if case.subject(each)][:SHOWN]
    return replace(
        say_to_him(case.turn, lines),
        buttons=tuple(
            Button(
                say("Remind again: {subject}", subject=case.title(each)), _as_before(case, each)
            )
            for each in again
        ),
        no_more=ended,
    )


def _as_before(case: Case, about: str) -> str:
    reminder = case.held[about]
    return press((about,), f"{reminder.days_before} {reminder.hour}")


def _pause(case: Case, abouts: tuple[str, ...], said: Terms) -> Reply:
    until = said.from_day or pause_end("", case.today)
    paused = [replace(case.held[each], paused_until=until) for each in abouts if each in case.held]
    if not paused:
        return _not_held(case)
    say = case.turn.say
    head = say("I pause until {day}:", day=say.day(until))
    return _changed(case, head, paused, Act.RESUME)


def _resume(case: Case, abouts: tuple[str, ...], _said: Terms) -> Reply:
    resumed = [
        replace(case.held[each], paused_until=None)
        for each in abouts
        if each in case.held and case.is_paused(each)
    ]
    if not resumed:
        # "Nhắc lại" may mean: say it again.
        again = conversation.repeat(case.turn, case.town)
        return replace(again, personal=True) if again else _list(case, (), Terms())
    return _changed(case, case.turn.say("I remind you again:"), resumed, Act.END)


def _changed(case: Case, head: str, reminders: Sequence[Reminder], offered: Act) -> Reply:
    """Say what reminders are like from now on, and offer one thing for all of them."""
    turn, say = case.turn, case.turn.say
    notes = Footnotes(say)
    lines = [head]
    for each in reminders:
        found = case.subject(each.about)
        times = next_time(found, each, turn, case.town, notes) if found else []
        lines += [f"• {case.title(each.about)}", *("  " + line for line in times)]
    lines += trust(case, tuple(each.about for each in reminders), notes)
    label = say("Go on reminding") if offered is Act.RESUME else say("Stop reminding")
    abouts = tuple(each.about for each in reminders)
    return replace(
        say_to_him(turn, lines, notes),
        buttons=(Button(label, press(abouts, offered)),),
        reminders=tuple(reminders),
    )


def _change(case: Case, abouts: tuple[str, ...], said: Terms) -> Reply | None:
    """Change when or how often; ask which reminder, or to what, where that is unclear."""
    say = case.turn.say
    if not case.held:
        return _nothing(case)
    if not abouts:
        buttons = tuple(
            Button(case.title(each), press((each,), _written(said))) for each in case.held
        )
        reply = say_to_him(case.turn, [say("Which reminder shall I change?")])
        return replace(reply, buttons=buttons)
    if said.hour is None and said.once is None:
        reply = say_to_him(case.turn, [say("When shall I remind you?")])
        buttons = (at(say, abouts, EVENING), at(say, abouts, MORNING))
        return replace(reply, buttons=buttons, memory=remembered(case.turn, ()))
    return remind(case, abouts, said)


def _written(said: Terms) -> str:
    if said.hour is not None:
        return f"{said.days_before or 0} {allowed(said.hour)}"
    return "" if said.once is None else "once" if said.once else "always"


_ACTS: Mapping[Act, Callable[[Case, tuple[str, ...], Terms], Reply | None]] = {
    Act.REMIND: remind,
    Act.LIST: _list,
    Act.END: _end,
    Act.PAUSE: _pause,
    Act.RESUME: _resume,
    Act.CHANGE: _change,
}


def _nothing(case: Case) -> Reply:
    say = case.turn.say
    if case.turn.ask.channel == WEB:
        return say_to_him(case.turn, [no_way(say)])
    line = say(
        "I remind you of nothing so far. Ask about a procedure and press “🔔 Remind me”, or "
        "write: “remind me the day before, to certify a copy”."
    )
    return say_to_him(case.turn, [line])


def _not_held(case: Case) -> Reply:
    if not case.held:
        return _nothing(case)
    listed = _list(case, (), Terms())
    sentence = case.turn.say("Of that I do not remind you.")
    return replace(listed, body=f"{sentence}\n\n{listed.body}")


def nobody(turn: Turn) -> Reply:
    """Answer where a question has no citizen, such as on the command line."""
    return say_to_him(turn, [turn.say("I remind only on a chat such as Telegram or Zalo.")])
