"""WHETHER WHAT A ROW LINKS TO IS THERE: in the same batch, or already in the database.

A link that may be empty is left out where it leads nowhere, and reported; a row that cannot be without it is refused.
So is one that then hangs on nothing: nobody would ever find it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection

from resource_api.directory.graph import NOUNS, OWNERS
from resource_api.directory.load.report import Report
from resource_api.directory.load.row import Draft
from resource_api.directory.load.shape import LINKS, RANK, columns

Finder = Callable[[str, Collection[str]], set[str]]

# These may point at what another publisher has, or will have later.
_LOOSE = {"parent_organization_id", "parent_id"}
_ANY = ("link_id", "resource_id")
_MAY_STAND_ALONE = {"program"}


def check_links(drafts: list[Draft], report: Report, *, find: Finder) -> list[Draft]:
    """Check every link of a batch; gives back the rows that stand, what is linked to first.

    `find` tells which ids of a noun the database has.
    """
    drafts.sort(key=lambda d: (RANK[d.noun], d.order))
    here: dict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        here[draft.noun].add(draft.id)
    elsewhere = _find_elsewhere(drafts, here, find)
    standing: dict[str, set[str]] = defaultdict(set)
    kept: list[Draft] = []
    for draft in drafts:
        if _stands(draft, standing, elsewhere, report):
            standing[draft.noun].add(draft.id)
            kept.append(draft)
    return kept


def target_nouns(draft: Draft, name: str) -> tuple[str, ...]:
    """Name the nouns that a link may lead to: one, but for attributes and metadata."""
    if name not in _ANY:
        return (LINKS[name],)
    said = draft.fields.get("link_entity" if name == "link_id" else "resource_type")
    return (said,) if said in RANK else NOUNS


def _find_elsewhere(drafts: list[Draft], here: dict[str, set[str]], find: Finder) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        for name in _link_names(draft.noun):
            linked = draft.fields.get(name)
            if linked is None:
                continue
            nouns = target_nouns(draft, name)
            if not any(linked in here[noun] for noun in nouns):
                for noun in nouns:
                    wanted[noun].add(linked)
    return defaultdict(set, {noun: find(noun, ids) for noun, ids in wanted.items()})


def _stands(draft: Draft, standing: dict[str, set[str]], elsewhere: dict[str, set[str]], report: Report) -> bool:
    fields = draft.fields
    required = _required_links(draft.noun)
    for name in _link_names(draft.noun):
        linked = fields.get(name)
        if linked is None:
            continue
        nouns = target_nouns(draft, name)
        noun = next((n for n in nouns if linked in standing[n] or linked in elsewhere[n]), None)
        if noun is not None:
            if name in _ANY:
                draft.private["hangs_on"] = noun
            continue
        refused = name in required
        kind = LINKS.get(name, "record")
        hint = f"the id of a {kind} that landed" if refused else "left empty; give the id of one that is there"
        report.add(draft.problem(name, f"there is no such {kind}: {linked}", hint, refused=refused))
        if refused:
            return False
        del fields[name]
    owners = OWNERS.get(draft.noun)
    if owners and draft.noun not in _MAY_STAND_ALONE and not any(owner in fields for owner in owners):
        hint = f"fill one of {', '.join(owners)}"
        report.add(draft.problem(owners[0], f"the {draft.noun} belongs to nothing", hint, refused=True))
        return False
    return True


_NAMES: dict[str, tuple[str, ...]] = {}
_REQUIRED: dict[str, frozenset[str]] = {}


def _link_names(noun: str) -> tuple[str, ...]:
    if noun not in _NAMES:
        _NAMES[noun] = tuple(c.name for c in columns(noun) if c.kind == "link" and c.name not in _LOOSE)
    return _NAMES[noun]


def _required_links(noun: str) -> frozenset[str]:
    if noun not in _REQUIRED:
        _REQUIRED[noun] = frozenset(c.name for c in columns(noun) if c.kind == "link" and c.required)
    return _REQUIRED[noun]
