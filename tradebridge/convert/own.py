"""The certificate's own forms, XML and JSON."""

from collections.abc import Mapping

from schemas.certificate.layout import CERTIFICATE, Group, Measure, Node
from schemas.certificate.places import names_in
from schemas.certificate.structure import member_named
from schemas.content import Syntax
from tradebridge.convert.fields import fields
from tradebridge.convert.format import own_form


def xml_places() -> Mapping[str, str]:
    """Pointer to XPath, indices left out."""
    return {field.pointer: _xpath(field.pointer) for field in fields()}


def _xpath(pointer: str) -> str:
    path, node = f"/{CERTIFICATE.tag}", CERTIFICATE
    members = [member_named(step) for step in pointer.split("/")[1:]]
    while members:
        found: tuple[Node, ...] = names_in(node, members.pop(0)) or ()
        path += "".join(f"/{each.tag}" for each in found)
        last = found[-1] if found else None
        if isinstance(last, Measure):
            return f"{path}/@{last.attribute}" if members == [last.unit] else path
        if not isinstance(last, Group):
            return path
        node = last
    return path


XML = own_form(Syntax.XML, "xml", "Tradebridge XML, in the names of the WCO Data Model", xml_places)
JSON = own_form(Syntax.JSON, "json", "Tradebridge JSON", lambda: {field.pointer: field.pointer for field in fields()})
