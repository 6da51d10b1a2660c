"""What an auditor asks of the audit, and what it answers."""

from datetime import UTC
from typing import get_args

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import QueryArgs
from resource_api.api.cursor import MAX_CURSOR
from resource_api.api.limits import MAX_PER_PAGE, text, whole_number
from resource_api.api.schemas.search import Moment
from resource_api.privacy.audit import Action, Outcome

_ACTIONS, _OUTCOMES = get_args(Action), get_args(Outcome)


class AuditArgs(QueryArgs):
    """Which rows are wanted."""

    organization_id = text(max_length=64, metadata={"description": "On whose behalf it was done."})
    client_id = text(max_length=100, metadata={"description": "By which client."})
    request_id = text(max_length=64, metadata={"description": "In which request."})
    object_id = text(max_length=64, metadata={"description": "To which record: a referral's id, for one."})
    action = text(
        validate=validate.OneOf(_ACTIONS), metadata={"description": "Create, read, update, delete or execute."}
    )
    what = text(max_length=64, metadata={"description": "What was done.", "example": "referral.read"})
    outcome = text(validate=validate.OneOf(_OUTCOMES))
    since = Moment(default_timezone=UTC, metadata={"description": "From then on."})
    until = Moment(default_timezone=UTC, metadata={"description": "Before then."})
    per_page = whole_number(1, MAX_PER_PAGE, load_default=50)
    cursor = text(max_length=MAX_CURSOR, metadata={"description": "`next` of the page before."})


class AuditRowSchema(ma.Schema):
    """One look, write, refusal, token or disclosure; never a name or a value."""

    id = ma.fields.Integer(required=True)
    seq = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "Its number in the chain; null until it is sealed."}
    )
    at = ma.fields.AwareDateTime(required=True)
    action = ma.fields.String(required=True, validate=validate.OneOf(_ACTIONS))
    what = ma.fields.String(required=True)
    outcome = ma.fields.String(required=True, validate=validate.OneOf(_OUTCOMES))
    organization_id = ma.fields.String(required=True, allow_none=True)
    client_id = ma.fields.String(required=True, allow_none=True)
    token_id = ma.fields.String(required=True, allow_none=True)
    request_id = ma.fields.String(required=True, allow_none=True)
    object_kind = ma.fields.String(required=True, allow_none=True)
    object_ids = ma.fields.List(ma.fields.String(), required=True)
    reason = ma.fields.String(required=True, allow_none=True)


class AuditSchema(ma.Schema):
    """Some rows of the audit, the newest first; `next` leads on, and is null at the end."""

    contents = ma.fields.List(ma.fields.Nested(AuditRowSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
