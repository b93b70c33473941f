"""The zip archive that a .docx or .xlsx is: looked at before any of it is unpacked."""

import io
import re
import zipfile

from knowledge.refusal import Refusal

_MOST_BYTES = 150_000_000
_MOST_FILES = 5_000
_MOST_EXPANSION = 200
_SMALL = 5_000_000

DAMAGED = "The file is damaged or incomplete. Ask for it again, or save it anew and try once more."
TOO_LARGE = (
    "The file unpacks to far more than a plan can hold, so it was not opened."
    " Save its appendices alone as a new file and import that."
)


def names(data: bytes) -> frozenset[str]:
    """Return the names inside; raises `Refusal` for a damaged archive or one made to explode."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refusal(DAMAGED) from error
    if len(members) > _MOST_FILES or sum(m.file_size for m in members) > _MOST_BYTES:
        raise Refusal(TOO_LARGE)
    if any(_explodes(member) for member in members):
        raise Refusal(TOO_LARGE)
    if any(member.flag_bits & 1 for member in members):
        raise Refusal(LOCKED)
    return frozenset(member.filename for member in members)


def _explodes(member: zipfile.ZipInfo) -> bool:
    expansion = member.file_size / max(1, member.compress_size)
    return member.file_size > _SMALL and expansion > _MOST_EXPANSION


LOCKED = "The file is locked with a password. Save it without one and import it again."


def trouble(error: Exception) -> Exception:
    """Return what a library's error while opening an archive's document means for people.

    Out of memory, libxml2 may say no more than "unknown error".
    """
    if isinstance(error, MemoryError) or re.search("emory|unknown error", str(error)):
        return MemoryError()
    return Refusal(DAMAGED)
