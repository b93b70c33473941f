"""The Vietnamese language: folding, syllables, tones, sounds, raw keystrokes."""

import unicodedata
from functools import lru_cache

_GLYPHS = str.maketrans({
    "Ƣ": "Ư",
    "ƣ": "ư",
    "Ð": "Đ",
    "ð": "đ",
    "Ɖ": "Đ",
    "ɖ": "đ",
    "\u00a0": " ",
    "\u200b": None,
    "\u200c": None,
    "\u200d": None,
    "\ufeff": None,
    "\u00ad": None,
})  # fmt: skip
_TONES = {"\u0300": "2", "\u0301": "1", "\u0309": "3", "\u0303": "4", "\u0323": "5"}
_SHAPES = {"\u0302", "\u0306", "\u031b"}
_ONSETS = (
    *("ngh", "ng", "nh", "gh", "gi", "g", "ch", "c", "kh", "k", "ph", "p", "th", "tr", "t", "qu"),
    *("b", "d", "h", "l", "m", "n", "r", "s", "v", "x"),
)
_RIMES_TABLE = """
a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem ien
ieng iep iet ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oen
oeo oet oi om on ong ooc oong op ot u ua uan uang uat uau uay uc ue uech uenh ui um un ung uo uoc
uoi uom uon uong uop uot uou up ut uu uy uya uych uyen uyet uynh uyt uyu y yem yen yet yeu
"""
_RIMES = frozenset(_RIMES_TABLE.split())


def modern(text: str) -> str:
    """Return text in NFC, legacy glyphs replaced (Ƣ for Ư), invisible characters dropped."""
    return unicodedata.normalize("NFC", text.translate(_GLYPHS))


def fold(text: str) -> str:
    """Return text in lower case without diacritics, đ as d, white space folded to single spaces.

    >>> fold("Đăng  ký KẾT HÔN")
    'dang ky ket hon'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    bare = unicodedata.normalize("NFD", text.translate(_GLYPHS).lower())
    kept = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(kept.replace("đ", "d").split())


@lru_cache(16_384)
def folded_word(word: str) -> str:
    """Return one word folded, as `fold` does."""
    return fold(word)


@lru_cache(16_384)
def key(word: str) -> str:
    """Return one word folded, with i for a final y after a consonant (kỹ and kĩ are one)."""
    folded = folded_word(word)
    if folded.startswith("qui") and len(folded) == len("qui"):
        return "quy"
    if len(folded) > 1 and folded[-1] == "y" and folded[-2] not in "aeiouy":
        return folded[:-1] + "i"
    return folded


@lru_cache(16_384)
def spelled(word: str) -> str:
    """Return a word's letters and, at the end, its tone's digit: hoà and hòa are both hoa2."""
    tone, letters = "", []
    for char in unicodedata.normalize("NFD", word.lower()):
        if char in _TONES:
            tone = _TONES[char]
        elif char in _SHAPES or not unicodedata.combining(char):
            letters.append(char)
    plain = unicodedata.normalize("NFC", "".join(letters))
    if len(plain) > 1 and plain[-1] == "y" and plain[-2] not in "aâăeêioôơuưy":
        plain = plain[:-1] + "i"
    return plain + tone


@lru_cache(16_384)
def is_syllable(folded: str) -> bool:
    """Return whether a folded word is built as a Vietnamese syllable is."""
    if folded in _RIMES:
        return True
    return any(folded.startswith(on) and folded[len(on) :] in _RIMES for on in _ONSETS) or (
        folded.startswith("gi") and ("i" + folded[2:]) in _RIMES
    )


_TELEX_TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_VNI_TONES = dict(zip("12345", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_VNI_SHAPES = {"6": "\u0302", "7": "\u031b", "8": "\u0306"}
_VOWELS = frozenset("aeiouyăâêôơư")


def _placed(letters: str, tone: str) -> str:
    """Put a tone's mark on the vowel that bears it well enough for comparing."""
    if not tone:
        return letters
    vowels = [i for i, c in enumerate(letters) if c in _VOWELS]
    if not vowels:
        return letters
    marked = [i for i in vowels if letters[i] in "ăâêôơư"]
    at = marked[-1] if marked else vowels[len(vowels) // 2]
    return unicodedata.normalize("NFC", letters[: at + 1] + tone + letters[at + 1 :])


def _with_w(letters: str) -> str:
    """Apply Telex's w to the letters before it."""
    if letters.endswith("uo"):
        return letters[:-2] + "ươ"
    for i in range(len(letters) - 1, -1, -1):
        if letters[i] in "aou":
            return letters[:i] + {"a": "ă", "o": "ơ", "u": "ư"}[letters[i]] + letters[i + 1 :]
        if letters[i] in "ăơư":
            return letters
    return letters + "ư"


_DOUBLES = {"a": "â", "e": "ê", "o": "ô", "d": "đ"}


def telex(word: str) -> str | None:
    """Read a word as raw Telex keystrokes; None where no Vietnamese syllable comes out.

    >>> telex("chuwngs"), telex("ddoocj"), telex("strong")
    ('chứng', 'độc', None)
    """
    letters, tone = "", ""
    for char in word:
        if char in _TELEX_TONES and any(c in _VOWELS for c in letters):
            tone = _TELEX_TONES[char]
        elif char == "w":
            letters = _with_w(letters)
        elif char in _DOUBLES and char in letters:
            letters = _doubled(letters, char)
        elif not letters.endswith(char) or char in "ou":
            letters += char
    return _placed(letters, tone) if is_syllable(folded_word(letters)) else None


def _doubled(letters: str, char: str) -> str:
    """Apply Telex's doubled letter to its last occurrence, wherever that stands."""
    at = letters.rindex(char)
    if char == "d" and at != 0:
        return letters + char
    return letters[:at] + _DOUBLES[char] + letters[at + 1 :]


def vni(word: str) -> str | None:
    """Read a word as raw VNI keystrokes; None where no Vietnamese syllable comes out.

    >>> vni("chu7ng1"), vni("d9ang"), vni("lop2a1")
    ('chứng', 'đang', None)
    """
    letters, tone = "", ""
    for char in word:
        if char in _VNI_TONES:
            tone = _VNI_TONES[char]
        elif char in _VNI_SHAPES:
            letters = _shaped(letters, _VNI_SHAPES[char])
        elif char == "9":
            letters = letters.replace("d", "đ", 1)
        else:
            letters += char
    return _placed(letters, tone) if is_syllable(folded_word(letters)) else None


def _shaped(letters: str, shape: str) -> str:
    """Put a hat, horn or breve on the last vowel that can bear it."""
    if shape == "\u031b" and "uo" in letters:
        return letters.replace("uo", "ươ", 1)
    for i in range(len(letters) - 1, -1, -1):
        shaped = unicodedata.normalize("NFC", letters[i] + shape)
        if letters[i] in "aeou" and len(shaped) == 1:
            return letters[:i] + shaped + letters[i + 1 :]
    return letters


_ONSET_SOUNDS = (
    ("ngh", "ng"), ("tr", "ch"), ("gh", "g"), ("gi", "z"), ("ph", "f"), ("th", "th"), ("kh", "kh"),
    ("nh", "nh"), ("ng", "ng"), ("ch", "ch"), ("qu", "q"), ("x", "s"), ("s", "s"), ("d", "z"),
    ("r", "z"), ("l", "l"), ("n", "l"), ("c", "k"), ("k", "k"),
)  # fmt: skip


@lru_cache(16_384)
def sound(folded: str) -> str:
    """Return how a folded syllable begins to the ear: ch/tr, s/x, d/gi/r and l/n are one."""
    for written, heard in _ONSET_SOUNDS:
        if folded.startswith(written) and len(folded) > len(written):
            return heard + folded[len(written) :]
    return folded
