"""HOW A TEXT IS TIDIED: HTML becomes plain text, runs of blanks become one, paragraphs stay."""

import re
from html import unescape
from html.parser import HTMLParser

_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>|<!--")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5});")
_BLANKS = re.compile(r"[^\S\n]+")
_PARAGRAPHS = re.compile(r"\n{3,}")
# What may not stand in a text at all: XML, PostgreSQL and screen readers stumble over control characters.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff\ufffe\uffff]|[\ud800-\udfff]")

# HTML that was escaped and escaped again; what is plain after a load must stay as it is in the next.
_LAYERS = 4

_BLOCKS = frozenset("p div section article ul ol table tr h1 h2 h3 h4 h5 h6 blockquote pre dl dt dd".split())
_SILENT = frozenset(("script", "style", "head", "title"))


def has_html(text: str) -> bool:
    """Tell whether a text holds a tag or an entity of HTML; "<5 years" and "AT&T" are none."""
    return ("<" in text and _TAG.search(text) is not None) or ("&" in text and _ENTITY.search(text) is not None)


def strip_html(text: str) -> str:
    """Write HTML as plain text: blocks become paragraphs, list items lines, links keep their address."""
    for _ in range(_LAYERS):
        if _TAG.search(text) is None:
            text = unescape(text)
        else:
            parser = _PlainText()
            parser.feed(text)
            parser.close()
            text = "".join(parser.out)
        if not has_html(text):
            break
    return text


def tidy_line(text: str) -> str:
    """Write a text in one line, with single blanks."""
    return " ".join(_CONTROL.sub("", text).split())


def tidy_prose(text: str) -> str:
    """Write a text with single blanks and at most one empty line between paragraphs."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.strip() for line in _BLANKS.sub(" ", text).split("\n"))
    return _PARAGRAPHS.sub("\n\n", "\n".join(lines)).strip()


class _PlainText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.silent = 0
        self.link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag == "br":
            self.out.append("\n")
        elif tag == "li":
            self.out.append("\n- ")
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag == "a":
            href = dict(attrs).get("href") or ""
            self.link = href if href.startswith(("http://", "https://")) else None

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag == "a" and self.link is not None:
            if self.link not in "".join(self.out[-2:]):
                self.out.append(f" ({self.link})")
            self.link = None

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.out.append(data)
