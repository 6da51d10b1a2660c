"""WHO MAY DO WHAT: one table, deny by default; the answer is a value that each room turns into WHERE.

A view asks for an action by its name. What may be done is decided by the client's role and its token's scope; to which
rows, by the room that owns them, from `Grants`. Whoever may not know of a record is told that there is none.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from resource_api.errors import NotAllowed
from resource_api.privacy.audit import Agent

Role = Literal[
    "referral_source", "referral_recipient", "coordinator", "steward", "reader", "auditor", "admin"
]  # fmt: skip
Action = Literal[
    "referrals.create",
    "referrals.read",
    "referrals.act",
    "referrals.claim",
    "events.read",
    "webhooks.manage",
    "addresses.manage",
    "directory.edit",
    "corrections.decide",
    "audit.read",
    "glass.break",
]
Scope = Literal["directory.write", "referrals.read", "referrals.write", "events.read", "audit.read"]

ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: tuple[Action, ...] = get_args(Action)
SCOPES: tuple[Scope, ...] = get_args(Scope)

# Action → the scope that a token needs, and the roles that may do it.
_RULES: dict[Action, tuple[Scope, frozenset[Role]]] = {
    "referrals.create": ("referrals.write", frozenset({"referral_source", "coordinator"})),
    "referrals.read": ("referrals.read", frozenset({"referral_source", "coordinator", "referral_recipient", "admin"})),
    "referrals.act": ("referrals.write", frozenset({"referral_source", "coordinator", "referral_recipient"})),
    "referrals.claim": ("referrals.write", frozenset({"referral_recipient"})),
    "events.read": ("events.read", frozenset({"referral_source", "coordinator", "referral_recipient"})),
    "webhooks.manage": ("events.read", frozenset({"referral_source", "coordinator", "referral_recipient"})),
    "addresses.manage": ("referrals.write", frozenset({"referral_recipient"})),
    "directory.edit": ("directory.write", frozenset({"steward", "admin"})),
    "corrections.decide": ("directory.write", frozenset({"steward", "admin"})),
    "audit.read": ("audit.read", frozenset({"auditor"})),
    "glass.break": ("referrals.read", frozenset({"admin"})),
}
# Which side of a referral a role stands on.
_REQUESTERS: frozenset[Role] = frozenset({"referral_source", "coordinator"})
_RECIPIENTS: frozenset[Role] = frozenset({"referral_recipient"})
WITHOUT_ORGANIZATION: frozenset[Role] = frozenset({"admin", "auditor"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a client in its role, under one token, in one request.

    `glass_broken`: an administrator who has broken the glass, and may see what is secret until that ends.
    """

    client_id: str
    organization_id: str | None
    role: Role
    scopes: frozenset[str]
    token_id: str | None = None
    request_id: str | None = None
    test: bool = False
    glass_broken: bool = False

    @property
    def agent(self) -> Agent:
        """Get the caller as the audit knows it."""
        return Agent(self.organization_id, self.client_id, self.token_id, self.request_id)


@dataclass(frozen=True, slots=True)
class Grants:
    """What a caller may do about one action.

    `as_requester`, `as_recipient`: with the referrals that `organization_id` sent, or was sent. `everything`: with all
    rows, whoever owns them. Where all are false, it may do nothing to any row.
    """

    caller: Caller
    action: Action
    as_requester: bool = False
    as_recipient: bool = False
    everything: bool = False

    @property
    def organization_id(self) -> str | None:
        """Get the organization on whose behalf the caller acts."""
        return self.caller.organization_id


def decide(caller: Caller, action: Action) -> Grants:
    """Decide what a caller may do. Raises NotAllowed where its role or its token's scope leaves nothing."""
    scope, roles = _RULES[action]
    if caller.role not in roles:
        raise NotAllowed(f"A {caller.role} may not do this ({action})")
    if scope not in caller.scopes:
        raise NotAllowed(f"This token's scope does not include {scope}", hint="ask /oauth/token for it")
    if caller.organization_id is None and caller.role not in WITHOUT_ORGANIZATION:
        raise NotAllowed(f"A {caller.role} acts for an organization, and this client has none")
    if caller.role == "admin" and action == "referrals.read" and not caller.glass_broken:
        raise NotAllowed("An administrator sees no referral", hint="POST /break-glass with a reason, for a while")
    return Grants(
        caller,
        action,
        as_requester=caller.role in _REQUESTERS,
        as_recipient=caller.role in _RECIPIENTS,
        everything=caller.role in WITHOUT_ORGANIZATION,
    )


def scope_for(action: Action) -> Scope:
    """Tell which scope a token needs for an action."""
    return _RULES[action][0]


def default_scopes(role: Role) -> frozenset[Scope]:
    """List the scopes that a role can use at all."""
    return frozenset(scope for scope, roles in _RULES.values() if role in roles)
