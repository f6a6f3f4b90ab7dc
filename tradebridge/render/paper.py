"""Which documents have a paper view: certificates of origin as their form, transport documents as a sheet."""

from schemas.bill_of_lading.model import TRANSPORT_DOCUMENT, TransportDocument
from schemas.findings import Finding
from schemas.registry import Document, Profile
from tradebridge.render.form import Form, Standing, form_of
from tradebridge.render.lading import Sheet, sheet_of

Paper = Form | Sheet


def has_paper(profile: Profile | None) -> bool:
    """Whether documents of this profile have a paper view."""
    return profile is not None and (profile.family == "certificate" or profile.id == TRANSPORT_DOCUMENT)


def paper_of(document: Document, standing: Standing) -> Paper | Finding:
    """What stands on it; a finding for a document that has no paper view."""
    return sheet_of(document, standing) if isinstance(document, TransportDocument) else form_of(document, standing)
