"""What one types who has no button to press, as the answer tells him."""

import re

from tests.conversation_hall import Shown


def typed(label: str, shown: Shown) -> str:
    """Return the number that is printed before a choice; raises LookupError without one."""
    name = re.escape(re.sub(r"^\d+\. ", "", label))
    for text in reversed(shown.texts):
        if found := re.search(rf"^(\d+)\. {name}$", text, re.MULTILINE):
            return found[1]
    raise LookupError(f"{label} is not offered")
