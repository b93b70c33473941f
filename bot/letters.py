"""A letter as JSON, as the outbox keeps it, and back."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Letter
from handlers.talk import Attachment, Button


def as_json(letter: Letter) -> dict[str, Any]:
    """Spell a letter without its address, which the outbox has beside it."""
    return {
        "body": letter.body,
        "sources": list(letter.sources),
        "buttons": [[each.label, each.says, each.number] for each in letter.buttons],
        "attachments": [
            [each.name, each.media_type, b64encode(each.content).decode()]
            for each in letter.attachments
        ],
        "language": letter.language,
        "context": dict(letter.context),
        "template_data": dict(letter.template_data),
    }


def from_json(to: str, fields: Mapping[str, Any]) -> Letter:
    """Read what `as_json` spelled."""
    return Letter(
        to=to,
        body=fields["body"],
        sources=fields["sources"],
        buttons=[Button(*each) for each in fields["buttons"]],
        attachments=[
            Attachment(name, media_type, b64decode(content))
            for name, media_type, content in fields["attachments"]
        ],
        language=fields["language"],
        context=fields["context"],
        template_data=fields.get("template_data", {}),
    )
