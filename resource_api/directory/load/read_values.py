"""HOW A VALUE IS READ as what its column holds: a text, a number, a date, a time, a web address, a code.

What is not of its kind is a BadValue, which says what would be right.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import quote

from resource_api.directory.load.mend_text import has_html, strip_html, tidy_line, tidy_prose
from resource_api.directory.load.report import Report
from resource_api.directory.load.shape import CODELISTS, LIFE_STAGES, columns

_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?://)?[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]+")
_WEB = re.compile(r"https?://[^\s/?#\[\]]+\.[^\s/?#\[\]]+(?:[/?#]\S*)?|https?://(?:localhost|\[[0-9a-fA-F:]+\])\S*")
_BARE_WEB = re.compile(
    r"(?:www\.)?(?:[a-zA-Z0-9-]+\.)+(?:com|org|net|gov|edu|us|info|io|uk|ca|mil|biz|co|health|care)(?:[/?#]\S*)?"
)
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_TIME = re.compile(r"([01]?\d|2[0-4])(?::([0-5]\d))?(?::([0-5]\d))?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)
_PLAIN_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-]\d\d:?\d\d)?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")

TRUE = frozenset(("true", "t", "yes", "y", "1"))
FALSE = frozenset(("false", "f", "no", "n", "0", ""))


class BadValue(ValueError):
    """A value that is not of its kind: why, and what would be right."""

    def __init__(self, reason: str, hint: str, *, refuse: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.refuse = refuse


Converter = Callable[[object, Report], object]
_CACHE: dict[str, dict[str, Converter]] = {}


def converters_of(noun: str) -> dict[str, Converter]:
    """Get the converter of each column of a noun, by name."""
    found = _CACHE.get(noun)
    if found is None:
        found = _CACHE[noun] = {column.name: _converter(column.name, column.kind) for column in columns(noun)}
    return found


def _converter(name: str, kind: str) -> Converter:
    if kind == "code":
        return _code_converter(name)
    if name == "needs":
        return _read_needs
    return _BY_KIND[kind]


def _read_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue(f"not a text: {_show(value)}", "a text")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _line(value: object, report: Report) -> str:
    text = _read_text(value)
    if "<" in text or "&" in text:
        text = _without_html(text, report)
    return text if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:] else tidy_line(text)


def _prose(value: object, report: Report) -> str:
    text = _read_text(value)
    if "<" in text or "&" in text:
        text = _without_html(text, report)
    return text if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:] else tidy_prose(text)


def _without_html(text: str, report: Report) -> str:
    if not has_html(text):
        return text
    report.mended["HTML in a text written as plain text"] += 1
    return strip_html(text)


def _number(value: object, report: Report) -> float:
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", value) else value)
        except ValueError:
            raise BadValue(f"not a number: {_show(value)}", "a number such as 12 or 12.5") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue(f"not a number: {_show(value)}", "a number such as 12 or 12.5")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadValue(f"not a finite number: {_show(value)}", "a number such as 12 or 12.5")
    return number


def _integer(value: object, report: Report) -> int:
    number = _number(value, report)
    if not number.is_integer() or not 0 <= number < 10_000:
        raise BadValue(f"not a whole number of months: {_show(value)}", "a whole number, 0 or more")
    return int(number)


def _flag(value: object, report: Report) -> bool:
    text = str(value).strip().lower()
    if text not in TRUE and text not in FALSE:
        # In doubt an address stays hidden: to show one wrongly cannot be undone.
        report.mended["an unclear confidential flag read as true"] += 1
    return text not in FALSE


def _code_converter(name: str) -> Converter:
    codes = {code.lower(): code for code in CODELISTS[name]}
    aliases = _CODE_ALIASES.get(name, {})
    refuse = name in ("status", "location_type", "address_type", "freq")

    def read_code(value: object, report: Report) -> str:
        text = tidy_line(_read_text(value) if not isinstance(value, bool) else ("no", "yes")[value]).lower()
        code = codes.get(text)
        if code is None and (code := aliases.get(text)) is not None:
            report.mended[f"{name} {text!r} written as {code!r}"] += 1
        if code is None:
            raise BadValue(
                f"not in the codelist: {_show(value)}", f"one of {', '.join(CODELISTS[name])}", refuse=refuse
            )
        return code

    return read_code


_CODE_ALIASES = {
    "address_type": {"mailing": "postal", "mail": "postal", "street": "physical"},
    "accepts_referrals": {"true": "yes", "false": "no", "y": "yes", "n": "no", "1": "yes", "0": "no"},
    "capacity_status": {"no capacity": "no-capacity", "full": "no-capacity", "waiting list": "waitlist"},
}


def _stages(value: object, report: Report) -> str:
    given = value if isinstance(value, list) else re.split(r"[;,]", _read_text(value))
    names = [tidy_line(str(item)).lower() for item in given]
    unknown = [name for name in names if name and name not in LIFE_STAGES]
    if unknown:
        raise BadValue(f"no life stage: {_show(unknown[0])}", f"of {', '.join(LIFE_STAGES)}, joined by ;")
    return ";".join(stage for stage in LIFE_STAGES if stage in names)


def _read_needs(value: object, report: Report) -> str:
    """Read needs that the publisher gave: slugs joined by semicolons, or the objects of our own documents."""
    if isinstance(value, list):
        given = [item.get("need") for item in value if isinstance(item, dict) and item.get("certainty") == "given"]
        return ";".join(str(need) for need in given if need)
    return ";".join(part for part in (p.strip() for p in _read_text(value).split(";")) if part)


def _date(value: object, report: Report) -> str:
    text = tidy_line(_read_text(value))
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return text if (moment.hour or moment.minute or moment.second) else moment.date().isoformat()
    if (slashed := _SLASHED.fullmatch(text)) and (read := _read_slashed(slashed)) is not None:
        report.mended["a date written with slashes"] += 1
        return read
    raise BadValue(f"not a date: {_show(text)}", "2026-12-31")


def _read_slashed(slashed: re.Match[str]) -> str | None:
    """Read 4/25/2019, where one of the two can only be the day; 4/5/2019 could be either."""
    first, second, year = (int(part) for part in slashed.groups())
    if first > 12 >= second:
        first, second = second, first
    elif not (second > 12 >= first or first == second):
        return None
    try:
        return date(year, first, second).isoformat()
    except ValueError:
        return None


def _instant(value: object, report: Report) -> str:
    text = tidy_line(_read_text(value))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"not a date and time: {_show(text)}", "2026-12-31T09:30:00Z") from None
    if moment.tzinfo is not None and "T" in text.upper() and len(text) >= 20:
        return text
    report.mended["a time without a zone read as UTC" if moment.tzinfo is None else "a time written in full"] += 1
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return moment.isoformat().replace("+00:00", "Z")


def _time(value: object, report: Report) -> str:
    text = tidy_line(_read_text(value))
    if _PLAIN_TIME.fullmatch(text):
        return text
    read = _TIME.fullmatch({"noon": "12:00", "midnight": "00:00"}.get(text.lower().removeprefix("12 "), text))
    if read is None or not (read[2] or read[4]):
        raise BadValue(f"not a time of day: {_show(text)}", "09:00 or 17:30")
    hour, minute = int(read[1]), read[2] or "00"
    if read[4]:
        if not 1 <= hour <= 12:
            raise BadValue(f"not a time of day: {_show(text)}", "09:00 or 17:30")
        hour = hour % 12 + (12 if read[4].lower() == "p" else 0)
    elif hour == 24:
        if minute != "00":
            raise BadValue(f"not a time of day: {_show(text)}", "09:00 or 17:30")
        hour = 0
    report.mended["a time of day written as HH:MM"] += 1
    return f"{hour:02}:{minute}"


def _uri(value: object, report: Report) -> str:
    text = _line(value, report).strip("<>\"'` ,;")
    if _URI.fullmatch(text) and (not text.startswith(("http:", "https:")) or _WEB.fullmatch(text)):
        return text
    if _BARE_WEB.fullmatch(text) and text.isascii():
        report.mended["http:// put before a web address"] += 1
        return f"http://{text}"
    # One address with signs that must be escaped; several addresses, or words around one, are not certain.
    if _WEB.fullmatch(text) and text.count("://") == 1:
        escaped = quote(text, safe="!#$%&'()*+,-./:;=?@_~[]")
        host = escaped.split("/")[2]
        if "%" not in host and _URI.fullmatch(escaped):
            report.mended["a web address escaped"] += 1
            return escaped
    raise BadValue(f"not a web address: {_show(text)}", "https://example.org/page")


def _email(value: object, report: Report) -> str:
    text = _line(value, report)
    bare = text.removeprefix("mailto:").strip("<>\"' ,;.")
    if _EMAIL.fullmatch(bare) and ".." not in bare and not bare.startswith(".") and ".@" not in bare:
        if bare != text:
            report.mended["signs around an e-mail address taken off"] += 1
        return bare
    raise BadValue(f"not an e-mail address: {_show(text)}", "name@example.org")


def _link(value: object, report: Report) -> str:
    return _read_text(value)


def _show(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


_BY_KIND: dict[str, Converter] = {
    "line": _line,
    "prose": _prose,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "stages": _stages,
    "date": _date,
    "instant": _instant,
    "time": _time,
    "uri": _uri,
    "email": _email,
    "link": _link,
}
