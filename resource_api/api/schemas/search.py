"""What a search takes and gives."""

from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import BodyArgs, QueryArgs
from resource_api.api.limits import MAX_PER_PAGE, flag, number, text, whole_number
from resource_api.search.query import FACETS

SORTS = ("best", "distance", "name", "updated")
LIFE_STAGES = ("pregnant", "postpartum", "infant", "child", "teen", "adult", "older-adult")
CAPACITIES = ("capacity", "no-capacity", "waitlist", "additional-assessment-required")
MOST_REPEATED = 10


class Moment(ma.fields.AwareDateTime):
    """A date, or a time with its zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and len(value) == 10:
            value += "T00:00:00Z"
        if isinstance(value, str):
            value = value.replace(" ", "+")
        found = super()._deserialize(value, attr, data, **kwargs)
        # A zone can push year 1 or 9999 over the edge of what can be compared.
        if not 1970 <= found.year <= 9000:
            raise ma.ValidationError("is not between 1970 and 9000")
        return found.astimezone(UTC)


def _moment() -> ma.fields.Field[datetime]:
    return Moment(
        default_timezone=UTC,
        metadata={"description": "Changed at or after this time.", "example": "2026-01-31T00:00:00Z"},
    )


class _Search(ma.Schema):
    q = text(
        metadata={
            "description": "Free text, in English or Spanish: words, or a whole sentence.",
            "example": "my baby has no crib",
        }
    )
    need = ma.fields.List(
        text(max_length=60),
        validate=validate.Length(max=MOST_REPEATED),
        metadata={
            "description": "A need's slug (see /needs); its children are included. Repeated: all of them.",
            "example": ["food"],
        },
    )
    code = ma.fields.List(
        text(max_length=60),
        validate=validate.Length(max=MOST_REPEATED),
        metadata={
            "description": "A code: `Z59.41`, `loinc|88122-7`, `sdohcc|food-insecurity`; ICD-10-CM goes by prefix.",
            "example": ["Z59.41"],
        },
    )
    taxonomy_term_id = text(max_length=60, metadata={"description": "Services with this taxonomy term."})
    near = text(max_length=100, metadata={"description": "A ZIP, `lat,lon`, or `City, ST`.", "example": "21215"})
    within = text(
        max_length=20,
        metadata={
            "description": "How far around `near`: `10mi`, `15km`; a bare number is miles. Default 25mi.",
            "example": "10mi",
        },
    )
    open_at = text(
        max_length=40,
        metadata={
            "description": "Open at this time (ISO 8601 with zone), or `now`. Unknown hours rank last.",
            "example": "now",
        },
    )
    age_months = number(0, 1800, metadata={"description": "For a person of this age, in months."})
    age = number(0, 150, metadata={"description": "For a person of this age, in years."})
    life_stage = text(
        validate=validate.OneOf(LIFE_STAGES), metadata={"description": "For somebody in this stage of life."}
    )
    language = text(
        max_length=35,
        validate=validate.Regexp(
            r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", error="is not a BCP 47 language tag, such as es"
        ),
        metadata={"description": "Served in this language (BCP 47). English is taken to be spoken everywhere."},
    )
    accessibility = text(
        max_length=60, metadata={"description": "Accessibility that a site lists, such as `wheelchair`."}
    )
    free = flag(metadata={"description": "Costs nothing."})
    remote = flag(metadata={"description": "By phone or online."})
    accepts_referrals = flag(metadata={"description": "Takes referrals."})
    capacity = text(validate=validate.OneOf(CAPACITIES), metadata={"description": "Its capacity now."})
    organization_id = text(max_length=60, metadata={"description": "Of this organization."})
    updated_after = _moment()
    sort = text(
        validate=validate.OneOf(SORTS),
        load_default="best",
        metadata={"description": "`distance` needs `near`."},
    )
    facets = ma.fields.List(
        text(max_length=30, validate=validate.OneOf(FACETS)),
        validate=validate.Length(max=len(FACETS)),
        metadata={"description": "Counts over all hits, by these."},
    )
    card = text(
        validate=validate.OneOf(("full", "short")),
        load_default="full",
        metadata={"description": "`short` gives hits of at most 400 bytes."},
    )
    page = whole_number(1, 1_000, load_default=1)
    per_page = whole_number(1, MAX_PER_PAGE, load_default=20)


class SearchArgs(QueryArgs, _Search):
    """The parameters of GET /search; all are optional, and all must hold."""


class SearchBody(BodyArgs, _Search):
    """The same as a body: neither place nor need is in a URL or a log."""

    lang = text(validate=validate.OneOf(("en", "es")), metadata={"description": "Language of labels and notes."})


class SuggestArgs(QueryArgs):
    """What somebody has typed so far."""

    q = text(required=True, max_length=100, metadata={"description": "The beginning of a word.", "example": "dia"})
    limit = whole_number(1, 20, load_default=10)


def _open(**properties: Any) -> ma.fields.Dict:
    return ma.fields.Dict(metadata=properties)


class FacetSchema(ma.Schema):
    """How many hits have one value."""

    value = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class RelaxSchema(ma.Schema):
    """What to drop or widen, and how many hits there are then."""

    drop = ma.fields.String(required=True)
    value = ma.fields.String(metadata={"description": "What it becomes; absent where it goes altogether."})
    total = ma.fields.Integer(required=True)
    href = ma.fields.String()


class HitSchema(ma.Schema):
    """One service found. `card=short` has the first few fields only."""

    service_id = ma.fields.String(required=True)
    service_name = ma.fields.String(required=True)
    organization_id = ma.fields.String()
    organization_name = ma.fields.String()
    service_at_location_id = ma.fields.String()
    location = _open(description="The site that reaches the caller best; a confidential one has no place.")
    distance_m = ma.fields.Integer()
    reached_by = ma.fields.String(validate=validate.OneOf(("site", "area", "remote")))
    other_sites = ma.fields.Integer()
    open = ma.fields.Raw(
        metadata={"description": "{state: open|closed|unknown, today, next, until}; `card=short` has the state alone."}
    )
    phones = ma.fields.List(_open())
    languages = ma.fields.List(_open())
    cost = _open()
    eligibility = _open()
    accepts_referrals = ma.fields.String()
    capacity_status = ma.fields.String()
    availability_until = ma.fields.String(metadata={"description": "When the two above cease to hold."})
    availability_note = ma.fields.String()
    alert = ma.fields.String()
    url = ma.fields.String()
    score = ma.fields.Float()
    why = _open(description="needs, words, highlight, and notes on what is not known")
    assured_date = ma.fields.String()
    source = _open()
    href = ma.fields.String()
    phone = ma.fields.String()
    address = ma.fields.String()
    city = ma.fields.String()


class SearchedSchema(ma.Schema):
    """How the question was understood."""

    place = _open()
    needs = ma.fields.List(_open(), required=True)
    words = ma.fields.List(ma.fields.String(), required=True)
    instead_of = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(),
        metadata={"description": "Misspelt words, by what was searched instead."},
    )


class SearchPageSchema(ma.Schema):
    """A page of hits in HSDS's envelope, with facets, how the question was read, and what to drop if nothing fits."""

    total_items = ma.fields.Integer(required=True)
    total_pages = ma.fields.Integer(required=True)
    page_number = ma.fields.Integer(required=True)
    size = ma.fields.Integer(required=True)
    first_page = ma.fields.Boolean(required=True)
    last_page = ma.fields.Boolean(required=True)
    empty = ma.fields.Boolean(required=True)
    contents = ma.fields.List(ma.fields.Nested(HitSchema), required=True)
    facets = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.List(ma.fields.Nested(FacetSchema)), required=True
    )
    searched = ma.fields.Nested(SearchedSchema, required=True)
    relax = ma.fields.List(ma.fields.Nested(RelaxSchema), required=True)
    sources = ma.fields.List(_open(), required=True)


class SuggestionSchema(ma.Schema):
    """Something to search for."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(("need", "service", "place")))
    value = ma.fields.String(required=True)
    label = ma.fields.String(required=True)


class SuggestionsSchema(ma.Schema):
    """Suggestions, the likeliest first."""

    suggestions = ma.fields.List(ma.fields.Nested(SuggestionSchema), required=True)


class NeedSchema(ma.Schema):
    """One need of the vocabulary, with its codes."""

    slug = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    parent = ma.fields.String()
    en = ma.fields.String(required=True)
    es = ma.fields.String(required=True)
    life_stages = ma.fields.List(ma.fields.String())
    sensitive = ma.fields.Boolean()
    sdohcc = ma.fields.List(ma.fields.String())
    icd10 = ma.fields.List(ma.fields.String())
    loinc = ma.fields.List(ma.fields.String())
    taxonomy = ma.fields.List(ma.fields.String())


class NeedsSchema(ma.Schema):
    """The need vocabulary."""

    needs = ma.fields.List(ma.fields.Nested(NeedSchema), required=True)
