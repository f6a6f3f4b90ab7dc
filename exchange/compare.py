"""What a document says, box by box, for a person who compares it with what is in the hand.

Who holds the file reads all of it. Who has a print's number and code has held the paper: then parties and persons are
masked and values left out, so that who holds the paper can compare and nobody else learns more.
"""

from collections.abc import Iterator
from dataclasses import replace

from exchange.languages import _
from schemas.certificate.model import Certificate, Party
from schemas.content import Content, open_content
from schemas.registry import Document, recognise
from tradebridge.evidence.refusals import Finding
from tradebridge.render.form import Form, Line, Standing, form_of
from tradebridge.render.lading import Sheet, sheet_of
from tradebridge.render.paper import Paper

SHOWN_ITEMS = 100


def read_document(data: bytes) -> Document | None:
    """The document in these bytes, if a profile of ours reads it."""
    content = open_content(data)
    profile = recognise(content) if isinstance(content, Content) else content
    if isinstance(content, Finding) or isinstance(profile, Finding):
        return None
    return profile.decode(content).document


def shown(document: Document | None, *, masked: bool) -> Paper | None:
    """The document as its paper has it; None where it has none."""
    if isinstance(document, Certificate):
        form = form_of(_masked_certificate(document) if masked else document, Standing())
        return form if isinstance(form, Form) else None
    sheet = sheet_of(document, Standing()) if document is not None else None
    if not isinstance(sheet, Sheet):
        return None
    return (
        replace(sheet, left=tuple(replace(box, lines=_masked_lines(box.lines)) for box in sheet.left))
        if masked
        else sheet
    )


def facts(paper: Paper) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Titles and lines of the boxes that help to compare. Of a transport document: its parties and its way."""
    if isinstance(paper, Form):
        yield _("Issued in"), (Line(paper.issued_in),)
        boxes = [(f"{box.number}. {box.title}", box.lines) for box in (*paper.left, *paper.foot)]
    else:
        yield _("Carrier"), (Line(paper.carrier),)
        yield _("Kind"), (Line(paper.kind),)
        boxes = [(box.title, box.lines) for box in (*paper.left, *paper.voyage)]
    for title, lines in boxes:
        said = tuple(line for line in lines if line.ticked is not False and line.label != "Signature")
        if said:
            yield title, said


def columns(paper: Paper) -> tuple[tuple[str, str], ...]:
    """Number (empty: none) and title of the columns of its items."""
    if isinstance(paper, Form):
        return tuple((str(each.number or ""), each.title) for each in paper.columns)
    return tuple(("", each.title) for each in paper.goods.columns)


def _masked_certificate(document: Certificate) -> Certificate:
    return document.model_copy(
        update={
            "exporter": _masked_party(document.exporter),
            "consignee": _masked_party(document.consignee),
            "producer": None if document.producer is None else _masked_party(document.producer),
            "declaration": document.declaration.model_copy(
                update={"signatory": masked(document.declaration.signatory)}
            ),
            "certification": document.certification.model_copy(
                update={"official": masked(document.certification.official)}
            ),
            "items": tuple(item.model_copy(update={"fob_value": None}) for item in document.items),
        }
    )


def _masked_party(party: Party) -> Party:
    hidden = {"name": masked(party.name), "address": masked(party.address), "identifier": None}
    return party.model_copy(update=hidden)


def _masked_lines(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(replace(line, text=masked(line.text)) for line in lines)


def masked(text: str) -> str:
    """Two characters of each word, so that who holds the paper can compare and nobody else learns."""
    return "\n".join(
        " ".join(word if len(word) <= 2 else word[:2] + "•" * (len(word) - 2) for word in line.split(" "))
        for line in text.split("\n")
    )
