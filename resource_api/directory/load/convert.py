"""WHETHER A ROW CAN BE USED: each value converted to its column's kind, and nothing missing that it needs.

A value that is no number, date, address or code is left out and reported; the row lands without it. What HSDS
cannot do without makes the row refused.
"""

import re

from resource_api.directory.load.mend_text import tidy_line
from resource_api.directory.load.read_values import FALSE, BadValue, converters_of
from resource_api.directory.load.report import Report
from resource_api.directory.load.row import Draft
from resource_api.directory.load.shape import CODELISTS, columns, longest

_PRIVATE_FLAG = re.compile(r"(is_?private|is_?confidential|^confidential)$", re.IGNORECASE)
# What our own profile calls otherwise, because HSDS's field is a number.
_PROFILE_NAMES = {("phone", "extension_text"): "extension", ("schedule", "timezone_name"): "timezone"}
# What readers hand on for the mends, and what rendering adds to a record.
_FOR_MENDS = {"service": {"location_id"}}


def convert(draft: Draft, report: Report) -> bool:
    """Convert every field of a draft in place; False where the row is refused."""
    known = converters_of(draft.noun)
    fields = draft.fields
    good = True
    for name in list(fields):
        value = fields[name]
        converter = known.get(name)
        if converter is None:
            del fields[name]
            _keep_aside(draft, name, value, report)
            continue
        if value is None or value == "":
            del fields[name]
            continue
        try:
            if isinstance(value, str) and len(value) > longest(name):
                hint = f"at most {longest(name):,} characters"
                raise BadValue(f"the text is too long: {len(value):,} characters", hint, refuse=True)
            converted = converter(value, report)
        except BadValue as bad:
            report.add(draft.problem(name, bad.reason, bad.hint, refused=bad.refuse))
            del fields[name]
            good = good and not bad.refuse
            continue
        if converted is None or converted == "":
            del fields[name]
        else:
            fields[name] = converted
    return good


def require(draft: Draft, report: Report) -> bool:
    """Check that nothing is missing that the row cannot do without; False where it is refused."""
    fields = draft.fields
    for column in columns(draft.noun):
        if column.name in fields:
            continue
        if column.may_be_empty:
            fields[column.name] = ""
        elif column.required:
            reason = f"the {draft.noun} lacks its {column.name}"
            report.add(draft.problem(column.name, reason, _needed(column.name), refused=True))
            return False
    return True


def _needed(name: str) -> str:
    if name in CODELISTS:
        return f"one of {', '.join(CODELISTS[name])}"
    return "the id of one that is in the same input" if name.endswith("_id") else "fill it in"


def _keep_aside(draft: Draft, name: str, value: object, report: Report) -> None:
    if value is None or value == "":
        return
    if name == "source":
        draft.private["source"] = value
        return
    alias = _PROFILE_NAMES.get((draft.noun, name))
    if alias is not None:
        draft.fields[alias] = tidy_line(str(value))
    elif _PRIVATE_FLAG.search(name):
        if str(value).strip().lower() not in FALSE:
            draft.private["is_private"] = name
    elif name in _FOR_MENDS.get(draft.noun, ()):
        draft.private[name] = value
    else:
        report.ignored[f"{draft.file}: {name}"] += 1
