"""The page of the conversions: for each form, where it puts what, field by field, out of the tables that convert."""

from typing import TYPE_CHECKING

from tradebridge.cli.formats import formats

if TYPE_CHECKING:
    from schemas.certificate.agreement import Agreement
    from tradebridge.convert.format import Format

_SHOWN = ("atiga", "ajcep", "rcep", "jtepa")
"""Agreements whose boxes have a column. Japan's forms for its other partners have the boxes of jtepa's."""


def page(made: str) -> str:
    """Markdown."""
    from tradebridge.convert.forms import AGREEMENTS

    agreements = [each for each in AGREEMENTS if each.id in _SHOWN]
    parts = ["# Conversions: where each form has what", "", made, ""]
    parts += [
        "Pointers are those of the certificate's JSON, with the indices of lists left out; the boxes are those of the",
        "paper form. `-` means that the form cannot carry it: a certificate that has it loses it, which is told.",
    ]
    for form in formats().values():
        parts += _section(form, agreements)
    return "\n".join(parts) + "\n"


def _section(form: "Format", agreements: "list[Agreement]") -> list[str]:
    from tradebridge.convert.fields import fields
    from tradebridge.convert.forms import boxes_of
    from tradebridge.convert.labels import label_of

    places = form.places()
    boxes = [boxes_of(each) for each in agreements]
    parts = ["", f"## `{form.id}`: {form.title}", "", f"Fidelity: {form.fidelity}. Source: {form.source}."]
    parts += ["", form.note] if form.note else []
    heads = " | ".join(f"box ({each.id})" for each in agreements)
    parts += ["", f"| what | pointer | {heads} | place |", "| --- | --- |" + " --- |" * (len(agreements) + 1)]
    for of in fields():
        numbers = " | ".join(found.get(of.pointer, "") for found in boxes)
        place = places.get(of.pointer)
        shown = f"`{place}`" if place else "-"
        parts.append(f"| {label_of(of.pointer)} | `{of.pointer}` | {numbers} | {shown} |")
    lost = [of.pointer for of in fields() if of.pointer not in places]
    carried = "All of them are carried." if not lost else f"Not carried: {len(lost)} of {len(fields())} fields."
    return [*parts, "", carried]
