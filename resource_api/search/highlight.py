"""WHERE A TEXT ANSWERS: the sentence of a description that says what was asked for, from the original text."""

import re
from functools import lru_cache

from resource_api.needs import vocabulary
from resource_api.words import fold, split, stem

LENGTH = 180


@lru_cache(maxsize=2048)
def highlight_pattern(words: tuple[str, ...], needs: tuple[str, ...]) -> re.Pattern[str] | None:
    """Build the pattern of a question's words and of what services call its needs."""
    known = vocabulary().needs
    phrases = {phrase for slug in needs if slug in known for phrase in known[slug].offers} | set(words)
    said = {r"\W+".join(_loose(word) for word in split(phrase)) for phrase in phrases if split(phrase)}
    if not said:
        return None
    return re.compile(rf"\b(?:{'|'.join(sorted(said, key=len, reverse=True))})", re.IGNORECASE)


def highlight(text: str, pattern: re.Pattern[str] | None) -> dict[str, object] | None:
    """Cut the part of a text around its first match; `marks` are [start, stop] within it."""
    if pattern is None:
        return None
    found = pattern.search(text)
    if found is None:
        return None
    start = max(
        text.rfind(". ", 0, found.start()) + 2,
        text.rfind("\n", 0, found.start()) + 1,
        found.start() - LENGTH // 2,
    )
    if text.rfind(". ", 0, found.start()) < 0 and "\n" not in text[: found.start()]:
        start = max(0, found.start() - LENGTH // 2)
    cut = text[start : start + LENGTH]
    line = cut.find("\n", found.end() - start)
    if line > 0:
        cut = cut[:line]
    return {"text": cut, "marks": [list(m.span()) for m in pattern.finditer(cut)]}


def _loose(word: str) -> str:
    """Match a word in any of its forms: its stem, less the letter that stemming may have changed, and what follows."""
    root = stem(fold(word))
    if len(root) < len(word) and root[-1:] == "i":
        root = root[:-1]
    return re.escape(root) + (r"\w*" if len(root) > 2 else r"\b")
