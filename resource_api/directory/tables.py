"""WHERE IT IS KEPT: every table of the directory, each from the file of its noun."""

from resource_api.directory.contact import Contact, Language, Phone
from resource_api.directory.correction import Correction
from resource_api.directory.document import Change, Document, ServiceNeed
from resource_api.directory.load_state import LoadProblem, LoadRun
from resource_api.directory.location import Accessibility, Address, Location
from resource_api.directory.metadata import Metadata, MetaTableDescription
from resource_api.directory.organization import Funding, Organization, OrganizationIdentifier, Program, Url
from resource_api.directory.record import Record, Source
from resource_api.directory.schedule import Schedule
from resource_api.directory.service import (
    CostOption,
    RequiredDocument,
    Service,
    ServiceArea,
    ServiceCapacity,
    Unit,
)
from resource_api.directory.service_at_location import ServiceAtLocation
from resource_api.directory.stewarded import Stewarded
from resource_api.directory.taxonomy import Attribute, Taxonomy, TaxonomyTerm

__all__ = [
    "Accessibility",
    "Address",
    "Attribute",
    "Change",
    "Contact",
    "Correction",
    "CostOption",
    "Document",
    "Funding",
    "Language",
    "LoadProblem",
    "LoadRun",
    "Location",
    "MetaTableDescription",
    "Metadata",
    "Organization",
    "OrganizationIdentifier",
    "Phone",
    "Program",
    "Record",
    "RequiredDocument",
    "Schedule",
    "Service",
    "ServiceArea",
    "ServiceAtLocation",
    "ServiceCapacity",
    "ServiceNeed",
    "Source",
    "Stewarded",
    "Taxonomy",
    "TaxonomyTerm",
    "Unit",
    "Url",
]
