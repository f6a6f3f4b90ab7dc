"""The pages of the rule books: one for each agreement, one for bills of lading and cost statements, an index, and the
facts that no rule checks. All of it is read from the tables that the program itself uses.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.bill_of_lading.conditions import Condition
    from schemas.certificate.agreement import Agreement
    from schemas.findings import Kind
    from schemas.rules import Rule

_MADE = "Made by `make docs` out of the code: change it there."
_LAYERS = {
    "CODES": "Codes, against the lists that know them",
    "BOX": "One box",
    "ENTRY": "The boxes of one item together",
    "WHOLE": "Items beside each other, items and head",
    "TIME": "Dates, beside each other and beside the clock",
    "OTHERS": "Beside other documents, and the operator's table of products",
}


def pages() -> dict[str, str]:
    """The pages by path below `docs`."""
    from schemas.certificate.agreements import AGREEMENTS

    found = {f"reference/rules/{agreement.id}.md": _agreement(agreement) for agreement in AGREEMENTS}
    for name, title, profiles in _OTHERS:
        text = "\n".join([f"# Rules: {title}", "", _MADE, "", *_tables(_book(profiles))])
        found[f"reference/rules/{name}.md"] = text + "\n"
    found["reference/rules/lading-conditions.md"] = _conditions()
    return found | {"reference/rules/index.md": _index(), "reference/rules/not-checked.md": _not_checked()}


_OTHERS = (
    (
        "lading",
        "bills of lading and shipping instructions",
        ("dcsa-transport-document/3.0", "dcsa-shipping-instructions/3.0"),
    ),
    ("statement", "cost statements", ("cost-statement/1",)),
)


def _conditions() -> str:
    """DCSA's conditional sentences, and what becomes of each."""
    from schemas.bill_of_lading.conditions import conditions

    rows = conditions()
    checked = [row for row in rows if row.checked]
    lines = [
        "# Bills of lading: DCSA's conditional sentences",
        "",
        f"{_MADE} The sentences are DCSA's (EBL 3.0.4 and PINT 3.0.0, Apache-2.0), out of the descriptions of the",
        "transport document and of shipping instructions; a test finds the same ones in DCSA's files.",
        "",
        f"{len(rows)} sentences: {len(checked)} checked, {len(rows) - len(checked)} not. `tb explain CODE` tells more.",
    ]
    lines += ["", "## Checked", "", "| sentence | of | findings |", "| --- | --- | --- |"]
    lines += [_sentence(row, ", ".join(f"`{code}`" for code in row.checked)) for row in checked]
    lines += ["", "## Not checked", "", "| sentence | of | why not |", "| --- | --- | --- |"]
    lines += [_sentence(row, row.why) for row in rows if not row.checked]
    return "\n".join(lines) + "\n"


_MOST_PLACES = 3


def _sentence(row: "Condition", last: str) -> str:
    places = ", ".join(row.at[:_MOST_PLACES])
    more = f" and {len(row.at) - _MOST_PLACES} more" if len(row.at) > _MOST_PLACES else ""
    said = row.says.strip("- ").replace("|", "\\|").replace("<", "&lt;")
    return f"| {said} | {places}{more} | {last} |"


def _book(profiles: Iterable[str]) -> "list[Rule[Any]]":
    from schemas.samples import all_rules

    wanted = set(profiles)
    return [rule for rule in all_rules() if rule.profiles & wanted]


def _agreement(agreement: "Agreement") -> str:
    rules = _book([agreement.profile])
    exporter, importer = agreement.example_route
    lines = [
        f"# Rules: {agreement.title}",
        "",
        f"{_MADE} `tb rules --profile {agreement.profile}` lists the same; `tb explain CODE` shows the samples of one.",
        "",
        f"Between {', '.join(sorted(agreement.parties))}; its example goes from {exporter} to {importer}.",
        f"Criteria: {', '.join(sorted(agreement.criteria | agreement.additional))}.",
        _counts(rule.kind for rule in rules),
        "",
        *_tables(rules),
    ]
    return "\n".join(lines) + "\n"


def _tables(rules: "list[Rule[Any]]") -> Iterator[str]:
    for layer, title in _LAYERS.items():
        of_layer = sorted({rule.kind for rule in rules if rule.layer.name == layer}, key=lambda kind: kind.code)
        if of_layer:
            yield from (
                f"## {title}",
                "",
                "| code | severity | what | clause | fidelity |",
                "| --- | --- | --- | --- | --- |",
            )
            yield from map(_row, of_layer)
            yield ""


def _row(kind: "Kind") -> str:
    clause = ", ".join(part for part in (kind.source, kind.clause) if part)
    cells = (f"`{kind.code}`", kind.severity.value, kind.sentence, clause, kind.fidelity.value)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _counts(kinds: "Iterable[Kind]") -> str:
    from schemas.findings import Fidelity

    counted = Counter(kind.fidelity for kind in set(kinds))
    said = ", ".join(f"{counted[each]} {each.value}" for each in Fidelity)
    return f"{sum(counted.values())} rules: {said}."


def _index() -> str:
    from schemas.certificate.agreements import AGREEMENTS
    from schemas.findings import Fidelity

    lines = [
        "# Rules",
        "",
        f"{_MADE} What a rule is, and how true: [fidelity](../../fidelity.md).",
        "",
        "A rule has a code, a sentence, clause and source, a fidelity, a severity (an error refuses, a warning travels",
        "with the document), what to do, and two samples. `tb rules --json` and `GET /v1/rules` list them all.",
        "",
        f"| rules of | {' | '.join(each.value for each in Fidelity)} | all |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = [(each.id, each.title, [each.profile]) for each in AGREEMENTS]
    rows += [(name, title, list(profiles)) for name, title, profiles in _OTHERS]
    for name, title, profiles in rows:
        lines.append(_counted(f"[{title}]({name}.md)", {rule.kind for rule in _book(profiles)}))
    every = {rule.kind for _, _, profiles in rows for rule in _book(profiles)}
    lines += [_counted("all, each once", every), ""]
    lines += ["[What is not checked, and why](not-checked.md).", ""]
    lines += ["[DCSA's conditional sentences, one by one](lading-conditions.md)."]
    return "\n".join(lines) + "\n"


def _counted(title: str, kinds: "set[Kind]") -> str:
    from schemas.findings import Fidelity

    counts = Counter(kind.fidelity for kind in kinds)
    return f"| {title} | {' | '.join(str(counts[each]) for each in Fidelity)} | {len(kinds)} |"


def _not_checked() -> str:
    from schemas.certificate.facts import FACTS

    lines = [
        "# Facts of the agreements: checked, and not checked",
        "",
        f"{_MADE} The facts that were gathered, each with what checks it or the reason why not.",
        "",
        "## Not checked",
        "",
        "| fact | says | clause | known | why not |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {fact.id} | {fact.says} | {fact.clause} | {fact.fidelity.value} | {fact.beside} |"
        for fact in FACTS
        if not fact.codes
    ]
    head = [
        "",
        "## Checked",
        "",
        "| fact | says | clause | known | by | but not |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += head
    for fact in FACTS:
        if fact.codes:
            codes = ", ".join(f"`{code}`" for code in fact.codes)
            lines.append(
                f"| {fact.id} | {fact.says} | {fact.clause} | {fact.fidelity.value} | {codes} | {fact.beside} |"
            )
    return "\n".join(lines) + "\n"
