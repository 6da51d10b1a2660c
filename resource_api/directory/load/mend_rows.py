"""WHAT IS MENDED across the rows of a batch: places, phones, languages and ages, each where it is certain.

Every mend is counted; every doubt is a reported problem, and the row still lands with what is sure of it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from resource_api.directory.load.identify import derive_id
from resource_api.directory.load.mend_address import mend_address, mend_point, says_confidential
from resource_api.directory.load.mend_language import is_code, name_of, read_languages
from resource_api.directory.load.mend_phone import ReadPhone, read_phones
from resource_api.directory.load.read_ages import read_ages
from resource_api.directory.load.read_life_stages import read_life_stages
from resource_api.directory.load.report import Report
from resource_api.directory.load.row import Draft

_NOT_A_LANGUAGE = "words about interpreters moved out of the languages"


def mend_rows(drafts: list[Draft], report: Report, *, source: str) -> list[Draft]:
    """Mend the converted rows of one batch; gives back the rows to go on with, which may be more or fewer."""
    by_noun: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_noun[draft.noun].append(draft)
    _mend_places(by_noun["location"], by_noun["address"], report)
    _mend_services(by_noun["service"], by_noun["location"], by_noun["service_at_location"], report)
    by_noun["phone"] = [d for phone in by_noun["phone"] for d in _mend_phone(phone, report, source)]
    by_noun["contact"] = [d for d in by_noun["contact"] if not _is_private(d, report)]
    by_noun["language"] = _mend_languages(by_noun, report, source)
    return [draft for noun in by_noun.values() for draft in noun]


def _mend_places(locations: list[Draft], addresses: list[Draft], report: Report) -> None:
    at: dict[str, list[Draft]] = defaultdict(list)
    for address in addresses:
        for mended in mend_address(address.fields):
            report.mended[mended] += 1
        at[address.fields.get("location_id", "")].append(address)
    for location in locations:
        own = at.get(location.id, [])
        flag = location.private.get("is_private") or next((a.private["is_private"] for a in own if a.private), None)
        if not location.fields.get("confidential") and (flag or any(says_confidential(a.fields) for a in own)):
            location.fields["confidential"] = True
            report.mended["a location marked confidential, as its address says"] += 1
        if "location_type" not in location.fields:
            location.assumed.add("location_type")
            location.fields["location_type"] = "physical" if own or "latitude" in location.fields else "virtual"
            report.mended["a location_type told from whether there is an address"] += 1
        mended_point, doubt = mend_point(location.fields, [a.fields for a in own])
        if mended_point:
            report.mended[f"coordinates: {mended_point}"] += 1
        if doubt:
            hint = "degrees (WGS 84) at the address"
            report.add(location.problem("latitude", f"the coordinates are doubtful: {doubt}", hint))


def _mend_services(services: list[Draft], locations: list[Draft], sites: list[Draft], report: Report) -> None:
    organization_at = {d.id: d.fields.get("organization_id") for d in locations}
    located = {d.fields.get("service_id"): d.fields.get("location_id") for d in sites}
    for service in services:
        fields = service.fields
        if "organization_id" not in fields:
            place = service.private.get("location_id") or located.get(service.id)
            if place and (organization := organization_at.get(place)):
                fields["organization_id"] = organization
        if "status" not in fields:
            service.assumed.add("status")
            fields["status"] = "active"
            report.mended["an empty status read as active"] += 1
        text = fields.get("eligibility_description")
        if text is None:
            continue
        if not fields.keys() & {"minimum_age", "maximum_age", "minimum_age_months", "maximum_age_months"}:
            _read_ages(fields, text, report)
        if "life_stages" not in fields and (stages := read_life_stages(text)):
            fields["life_stages"] = stages
            report.mended["a life stage read from the eligibility"] += 1


def _read_ages(fields: dict[str, object], text: str, report: Report) -> None:
    ages = read_ages(text)
    if ages is None:
        return
    if ages.minimum is not None:
        fields["minimum_age"] = ages.minimum.years
    if ages.maximum is not None:
        fields["maximum_age"] = ages.maximum.years
    if ages.minimum_months is not None:
        fields["minimum_age_months"] = ages.minimum_months
    if ages.maximum_months is not None:
        fields["maximum_age_months"] = ages.maximum_months
    report.mended["ages read from the eligibility"] += 1


def _mend_phone(phone: Draft, report: Report, source: str) -> Iterable[Draft]:
    if _is_private(phone, report):
        return
    given = phone.fields.get("number")
    if given is None:
        yield phone
        return
    cell = read_phones(given)
    if not cell.phones:
        report.add(phone.problem("number", f"the phone has no number: {given}", "(410) 555-0123", refused=True))
        return
    if cell.doubt:
        report.add(phone.problem("number", cell.doubt, "an area code and seven digits, such as (410) 555-0123"))
    elif cell.mended:
        report.mended["a phone number written alike"] += 1
    if extension := phone.fields.get("extension"):
        phone.fields["extension"] = re.sub(r"^(?:ext(?:ension)?\.?|x)\s*", "", extension, flags=re.IGNORECASE)
    for i, read in enumerate(cell.phones):
        yield _with_number(phone, read, i, source)


def _with_number(phone: Draft, read: ReadPhone, i: int, source: str) -> Draft:
    fields = phone.fields | {"number": read.number}
    if read.extension:
        fields.setdefault("extension", read.extension)
    if read.type:
        fields.setdefault("type", read.type)
    if read.description:
        said = fields.get("description")
        fields["description"] = read.description if said is None else f"{said}; {read.description}"
    if i == 0:
        phone.fields = fields
        return phone
    return _copy(phone, derive_id(source, "phone", f"{phone.id}|{i + 1}"), fields)


def _copy(draft: Draft, new_id: str, fields: dict[str, object]) -> Draft:
    return Draft(
        draft.noun, new_id, draft.original_id, fields, draft.file, draft.line, draft.order, draft.in_passing
    )  # fmt: skip


def _is_private(draft: Draft, report: Report) -> bool:
    if not draft.private.get("is_private"):
        return False
    reason = f"the {draft.noun} is marked private: {draft.private['is_private']}"
    report.add(draft.problem(draft.private["is_private"], reason, "left out, as its publisher asks", refused=True))
    return True


def _mend_languages(by_noun: dict[str, list[Draft]], report: Report, source: str) -> list[Draft]:
    services = {d.id: d for d in by_noun["service"]}
    at: dict[str, list[Draft]] = defaultdict(list)
    for site in by_noun["service_at_location"]:
        if site.fields.get("service_id") in services:
            at[site.fields.get("location_id", "")].append(services[site.fields["service_id"]])
    kept: list[Draft] = []
    for language in by_noun["language"]:
        speakers = [services[s] for s in [language.fields.get("service_id")] if s in services]
        kept += _mend_language(language, speakers or at.get(language.fields.get("location_id", ""), []), report, source)
    return kept


def _mend_language(language: Draft, services: list[Draft], report: Report, source: str) -> list[Draft]:
    fields = language.fields
    name, code = fields.get("name"), fields.get("code")
    if name is None:
        if code is not None and (known := name_of(code)) is not None:
            fields["name"] = known
        return [language]
    if code is not None:
        return [language]
    if is_code(name) and name.islower():
        fields |= {"name": name_of(name), "code": name}
        return [language]
    cell = read_languages(name)
    if cell.prose is not None:
        # Words about interpreters are kept where HSDS has a place for them, unless the publisher filled it.
        report.mended[_NOT_A_LANGUAGE] += 1
        if not services:
            fields["note"] = f"{fields['note']}; {cell.prose}" if "note" in fields else cell.prose
            fields.pop("name")
            if not cell.languages:
                return [language]
        for service in services:
            service.fields.setdefault("interpretation_services", cell.prose)
    elif len(cell.languages) > 1:
        report.mended["a cell of several languages split"] += 1
    drafts = []
    for i, read in enumerate(cell.languages):
        own = fields | {"name": read.name, "code": read.code}
        if read.note:
            own.setdefault("note", read.note)
        new_id = language.id if i == 0 else derive_id(source, "language", f"{language.id}|{read.code}")
        drafts.append(_copy(language, new_id, own))
    return drafts
