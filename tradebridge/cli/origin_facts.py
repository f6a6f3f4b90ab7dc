"""What each agreement says on origin, as a reference page: the facts calculated by, each with clause and fidelity."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.certificate.agreement import Agreement
    from schemas.certificate.law import OriginLaw, Says


def page(made: str) -> str:
    """The page, in Markdown."""
    from schemas.certificate.agreements import AGREEMENTS

    lines = [
        "# How goods originate: what each agreement says",
        "",
        f"{made} [How it is used](../origin.md). *exact*: read in the text named; *modelled*: known in outline.",
    ]
    for agreement in AGREEMENTS:
        lines += ["", f"## {agreement.title}", "", "| fact | clause | fidelity |", "| --- | --- | --- |"]
        lines += [f"| {fact} | {says.clause} | {says.fidelity.value} |" for fact, says in _facts(agreement)]
    return "\n".join(lines) + "\n"


def _facts(agreement: "Agreement") -> "Iterator[tuple[str, Says]]":
    law = agreement.origin
    yield "wholly obtained (WO)", law.wholly_obtained
    if law.exclusively is not None:
        yield "produced exclusively from originating materials (PE)", law.exclusively
    if law.general is not None:
        final = " and the final process of production in the party" if law.general.final_process else ""
        yield (
            f"goods without a rule of their own: {law.content_name} {law.general.content} %{final}",
            law.general.content_says,
        )
        yield f"or a change of classification, {law.general.change.value}", law.general.change_says
    yield "rules of the products" + ("" if law.general else "; there is no general rule"), law.product_rules
    for method, says in law.methods.items():
        yield f"{law.content_name}, {method.value}", says
    yield "value of a non-originating material", law.material_value
    yield "what is inside an originating material (roll-up)", law.roll_up
    yield "a change is asked of non-originating materials", law.change
    yield from _tolerances(law)
    yield "accumulation", law.accumulation
    if law.in_proportion is not None:
        part = law.in_proportion
        code = f", certified as {part.claim}" if part.claim else ""
        yield f"a content from {part.least} to less than {part.below} % counts in proportion{code}", part.says
    defeats = "a change, a process and value content" if law.minimal_operations_end_content else "a change or a process"
    yield f"work that confers no origin, against {defeats}", law.minimal_operations
    yield "packing for retail sale is left out of a change", law.packing_in_change
    yield "packing for retail sale counts in the value", law.packing_in_content


def _tolerances(law: "OriginLaw") -> "Iterator[tuple[str, Says]]":
    for each in law.tolerances:
        sure = f" (for some goods {each.certain} %, as their rule says)" if each.certain is not None else ""
        chapters = _spans(sorted(each.chapters))
        yield f"de minimis, by {each.basis.value}: {each.per_cent} %{sure}; chapters {chapters}", each.says
    if law.tolerance_by_product:
        yield "de minimis: as the rule of the product says", law.tolerance_says


def _spans(numbers: list[int]) -> str:
    """`16, 19, 20, 28 to 49`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{each[0]} to {each[-1]}" if len(each) > 2 else ", ".join(map(str, each)) for each in spans)
