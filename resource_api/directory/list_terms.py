"""WHICH RECORDS A TERM IS ON: the taxonomy parameters of HSDS's lists.

A service has the terms of its own attributes and of those of its sites; a site those of its service too; an
organization those of its services too. Child terms are not included: HSDS asks for a particular term.
"""

from sqlalchemy import ColumnElement, Select, select, union

from resource_api.directory.document import Document
from resource_api.directory.service import Service
from resource_api.directory.service_at_location import ServiceAtLocation
from resource_api.directory.taxonomy import Attribute, TaxonomyTerm


def taxonomy_clauses(kind: str, term_id: str | None, taxonomy_id: str | None) -> list[ColumnElement[bool]]:
    """List the clauses on documents for a term, and for any term of a taxonomy."""
    clauses = []
    if term_id is not None:
        clauses.append(_carries(kind, Attribute.taxonomy_term_id == term_id))
    if taxonomy_id is not None:
        terms = select(TaxonomyTerm.id).where(TaxonomyTerm.taxonomy_id == taxonomy_id)
        clauses.append(_carries(kind, Attribute.taxonomy_term_id.in_(terms)))
    return clauses


def term_tree_clauses(taxonomy_id: str | None, parent_id: str | None, *, top_only: bool) -> list[ColumnElement[bool]]:
    """List the clauses on documents of taxonomy terms.

    `top_only` keeps the roots, as its name says; HSDS's text describes leaves.
    """
    terms = select(TaxonomyTerm.id)
    if taxonomy_id is not None:
        terms = terms.where(TaxonomyTerm.taxonomy_id == taxonomy_id)
    if parent_id is not None:
        terms = terms.where(TaxonomyTerm.parent_id == parent_id)
    if top_only:
        terms = terms.where(TaxonomyTerm.parent_id.is_(None))
    return [] if terms.whereclause is None else [Document.id.in_(terms)]


def _carries(kind: str, wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    linked = select(Attribute.link_id).where(wanted, Attribute.deleted_at.is_(None))
    through: list[Select[str]] = []
    site_services = select(ServiceAtLocation.service_id).where(ServiceAtLocation.id.in_(linked))
    if kind == "service":
        through.append(site_services)
    elif kind == "service_at_location":
        through.append(select(ServiceAtLocation.id).where(ServiceAtLocation.service_id.in_(linked)))
    elif kind == "organization":
        theirs = Service.id.in_(linked) | Service.id.in_(site_services)
        through.append(select(Service.organization_id).where(theirs, Service.deleted_at.is_(None)))
    return Document.id.in_(union(linked, *through)) if through else Document.id.in_(linked)
