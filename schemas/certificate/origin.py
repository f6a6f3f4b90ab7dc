"""Does a product originate? The calculation under one agreement, with every line shown and the clause for each step.

1. The ways to origin are tried, all of them: wholly obtained; produced exclusively from originating materials; value
   content by each method; change of classification at each depth; and what the rule of the product asks for, where the
   operator's table has one. A product originates if one way holds, and does not if none can.
2. An agreement's general rule holds for goods without a rule of their own. Without a table nobody knows whether there
   is one: then the answer says that it supposes there is none. An agreement without a general rule needs the table.
3. The claim is judged apart: each of its codes must hold. It may fail though the product originates in another way.
4. An answer that holds only by accumulation or by de minimis says so: the certificate must then say so too.
5. Three answers, never a guess: yes, no, not enough data, the last with what is missing.

Pure: the same statement, agreement and table give the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from schemas.certificate.agreement import Agreement
from schemas.certificate.answer import Answer, Line, Missing, Trial, all_of, any_of, line_json, materials_missing
from schemas.certificate.classification_change import try_change
from schemas.certificate.law import Method, Says
from schemas.certificate.materials import Counted, Standing, Under, count_materials
from schemas.certificate.products import Change, ProductRule, ProductRules, Requirement
from schemas.certificate.statement import CostStatement, Product
from schemas.certificate.value_content import try_content


@dataclass(frozen=True, slots=True)
class Determination:
    """What the calculation says of one product."""

    number: int
    description: str
    hs_code: str
    answer: Answer
    """Does it originate?"""
    qualifies: tuple[str, ...]
    """The ways that hold, as `CTH` or `RVC build-down 62.5 %`."""
    claim: str
    """As in the box of the form; empty where nothing is claimed."""
    claim_answer: Answer | None
    """Does the claim hold? None where nothing is claimed."""
    accumulated: bool
    """What was asked (the claim, else the whole) holds only by accumulation."""
    tolerated: bool
    """It holds only by de minimis."""
    rule: str
    """The rule of the product in the operator's table, as `CTH or RVC 40`; empty where it has none."""
    supposes: str
    """What the answer rests on beside the statement; empty if nothing."""
    materials: tuple[Line, ...]
    """How each material counts."""
    trials: tuple[Trial, ...]
    """Every way that was tried."""
    missing: tuple[Missing, ...]
    """What would have to be known, each once; empty where the answer, and that to the claim, is yes or no."""

    def to_json(self, source: str) -> dict[str, Any]:
        """As the API and `tb origin check --json` give it."""
        shown: dict[str, Any] = {
            "number": self.number,
            "description": self.description,
            "hsCode": self.hs_code,
            "answer": self.answer.value,
            "qualifiesBy": list(self.qualifies),
            "claim": {"criterion": self.claim, "answer": self.claim_answer.value} if self.claim_answer else None,
            "byAccumulationOnly": self.accumulated,
            "byDeMinimisOnly": self.tolerated,
            "productRule": self.rule or None,
            "supposes": self.supposes or None,
            "missing": [{"pointer": each.pointer, "what": each.what} for each in self.missing],
            "materials": [line_json(line, source) for line in self.materials],
            "trials": [trial.to_json(source) for trial in self.trials],
        }
        return {name: value for name, value in shown.items() if value is not None}


def determine(
    statement: CostStatement, agreement: Agreement, table: ProductRules | None = None
) -> tuple[Determination, ...]:
    """Each product of the statement under this agreement, in their order. `table` is the operator's; for a product of
    another HS edition it is no help."""
    under = Under(agreement, agreement.origin, statement.exporting_country)
    return tuple(
        _determine(under, product, f"/products/{index}", table) for index, product in enumerate(statement.products)
    )


def answer_of(determinations: Sequence[Determination]) -> Answer:
    """Of all products together: each must qualify on its own."""
    return all_of(each.answer for each in determinations)


def claims_of(determinations: Sequence[Determination]) -> Answer:
    """Whether all claims hold; of a product for which nothing is claimed, whether it originates."""
    return all_of(each.claim_answer or each.answer for each in determinations)


def _determine(under: Under, product: Product, pointer: str, table: ProductRules | None) -> Determination:
    fits = table is not None and table.edition == product.hs_edition
    rule = table.rule_for(under.agreement.id, product.hs_code) if table is not None and fits else None
    full = _Case(under, product, pointer, rule, fits)
    trials = full.trials()
    answer, claim = full.answer(trials), full.claim_answer(trials)
    asked_yes = (answer if claim is None else claim) is Answer.YES
    return Determination(
        number=product.number,
        description=product.description,
        hs_code=product.hs_code,
        answer=answer,
        qualifies=tuple(_named(trial) for trial in trials if trial.answer is Answer.YES and full.counts(trial)),
        claim=product.claim.text if product.claim else "",
        claim_answer=claim,
        accumulated=asked_yes and full.from_others and not replace(full, accumulate=False).holds(),
        tolerated=asked_yes and any(trial.tolerated for trial in trials) and not replace(full, tolerate=False).holds(),
        rule=rule.text if rule else "",
        supposes=full.supposition(trials) if answer is Answer.YES else "",
        materials=tuple(each.line for each in full.counted),
        trials=trials,
        missing=full.missing(trials) if Answer.UNKNOWN in (answer, claim) else (),
    )


def _named(trial: Trial) -> str:
    return trial.name if trial.content is None else f"{trial.name} {trial.content.text}"


@dataclass(frozen=True)
class _Case:
    """One product under one agreement, with or without accumulation and de minimis."""

    under: Under
    product: Product
    pointer: str
    rule: ProductRule | None
    has_table: bool
    """There is a table for the product's edition: where it has no rule, there is none."""
    accumulate: bool = True
    tolerate: bool = True

    @cached_property
    def counted(self) -> tuple[Counted, ...]:
        """How each material counts."""
        return count_materials(self.under, self.product, self.pointer, accumulate=self.accumulate)

    @property
    def from_others(self) -> bool:
        """Whether something of another party counts."""
        return any(each.standing in (Standing.ACCUMULATED, Standing.PROPORTION) for each in self.counted)

    # --- The ways ---

    def trials(self) -> tuple[Trial, ...]:
        """Every way, in the order of the agreements: wholly obtained, exclusively, content, change, product's rule."""
        counted = self.counted
        ways = [_wholly_obtained(self, counted)]
        if self.under.law.exclusively is not None:
            ways.append(_exclusively(self, counted, self.under.law.exclusively))
        ways += [self._finished(trial) for trial in self._contents(counted, self._least())]
        ways += [self._change(counted, change) for change in Change]
        if self.rule is not None:
            ways += [self._alternative(counted, each) for each in self.rule.alternatives]
        return tuple(ways)

    def _least(self) -> Decimal | None:
        general = self.under.law.general
        return general.content if general is not None else self.under.agreement.rvc_least

    def _contents(self, counted: Sequence[Counted], least: Decimal | None) -> list[Trial]:
        return [self._content(counted, method, least) for method in self.under.law.methods]

    def _content(self, counted: Sequence[Counted], method: Method, least: Decimal | None) -> Trial:
        law = self.under.law
        if self.product.minimal_operations_only and law.minimal_operations_end_content:
            line = Line("only work was done that confers no origin", law.minimal_operations)
            return Trial(law.content_name, Answer.NO, (line,))
        general = law.general if self.rule is None else None
        asked_by = general.content_says if general is not None else law.product_rules
        return try_content(self.under, self.product, self.pointer, counted, method, least, asked_by)

    def _finished(self, trial: Trial) -> Trial:
        """Under a general rule that asks for it, with the final process of production."""
        general = self.under.law.general
        if self.rule is not None or general is None or not general.final_process:
            return trial
        done = self.product.final_process
        state = {None: "is not stated", True: "was performed here", False: "was not performed here"}[done]
        line = Line(f"the final process of production {state}", general.content_says, f"{self.pointer}/finalProcess")
        place = Missing(line.pointer, "whether the final process was performed in the exporting party")
        final = Answer.UNKNOWN if done is None else Answer.YES if done else Answer.NO
        answer = all_of((trial.answer, final))
        missing = (*trial.missing, *((place,) if done is None else ())) if answer is Answer.UNKNOWN else ()
        return replace(trial, answer=answer, lines=(*trial.lines, line), missing=missing)

    def _change(self, counted: Sequence[Counted], change: Change) -> Trial:
        return try_change(self.under, self.product, self.pointer, counted, change, self.rule, tolerate=self.tolerate)

    def _alternative(self, counted: Sequence[Counted], requirement: Requirement) -> Trial:
        """One alternative of the product's rule: all that it names."""
        parts: list[Trial] = []
        if requirement.wholly_obtained:
            parts.append(_wholly_obtained(self, counted))
        if requirement.change is not None:
            parts.append(self._change(counted, requirement.change))
        if requirement.content is not None:
            parts.append(_best(self._contents(counted, requirement.content)))
        if requirement.process is not None:
            parts.append(_process(self, requirement.process))
        answer = all_of(part.answer for part in parts)
        lines = tuple(Line(f"{part.name}: {_WORDS[part.answer]}") for part in parts)
        missing = tuple(gap for part in parts for gap in part.missing) if answer is Answer.UNKNOWN else ()
        tolerated = answer is Answer.YES and any(part.tolerated for part in parts)
        return Trial(f"rule {requirement.text}", answer, lines, missing, tolerated=tolerated)

    # --- The answers ---

    def counts(self, trial: Trial) -> bool:
        """Whether a yes to this way means that the product originates."""
        if trial.name in ("WO", "PE") or trial.name.startswith("rule "):
            return True
        general = self.under.law.general
        if self.rule is not None or general is None:
            return False
        return self._is_content(trial) or trial.name in _at_least_as_deep(general.change)

    def _is_content(self, trial: Trial) -> bool:
        return trial.name.partition(" ")[0] == self.under.law.content_name

    def _any_content(self, trials: Sequence[Trial]) -> Answer:
        return any_of(trial.answer for trial in trials if self._is_content(trial))

    def answer(self, trials: Sequence[Trial]) -> Answer:
        return any_of(self._answers(trials))

    def _answers(self, trials: Sequence[Trial]) -> Iterator[Answer]:
        for trial in trials:
            if trial.name in ("WO", "PE") or trial.name.startswith("rule "):
                yield trial.answer
        general = self.under.law.general
        if self.rule is not None:
            return
        if general is None:
            yield Answer.UNKNOWN
            return
        yield self._any_content(trials)
        yield next(trial.answer for trial in trials if trial.name == general.change.value)

    def claim_answer(self, trials: Sequence[Trial]) -> Answer | None:
        claim = self.product.claim
        if claim is None:
            return None
        codes = [code for code in claim.codes if code in self.under.agreement.criteria]
        return all_of(self._code_answer(code, trials) for code in codes) if codes else None

    def _code_answer(self, code: str, trials: Sequence[Trial]) -> Answer:
        """Whether one code of the claim holds."""
        proportion = self.under.law.in_proportion
        if proportion is not None and code == proportion.claim:
            contents = [trial for trial in trials if self._is_content(trial)]
            return _in_proportion(contents, proportion.least, proportion.below)
        if code in ("WO", "PE"):
            return next((trial.answer for trial in trials if trial.name == code), Answer.UNKNOWN)
        if self.rule is not None:
            own = [trial.answer for trial in trials if trial.name == code and code in tuple(Change)]
            return all_of((*own, any_of(self._answers_by_rule(code, trials, self.rule))))
        general = self.under.law.general
        if code == self.under.law.content_name:
            content = self._any_content(trials)
            return content if general is not None or content is Answer.NO else Answer.UNKNOWN
        if code in tuple(Change):
            changed = next(trial.answer for trial in trials if trial.name == code)
            settled = general is not None and code in _at_least_as_deep(general.change)
            return changed if settled or changed is Answer.NO else Answer.UNKNOWN
        if code == "CTC":  # the rule of the product tells the depth: without any change there is none
            least_deep = next(trial.answer for trial in trials if trial.name == Change.SUBHEADING.value)
            return Answer.NO if least_deep is Answer.NO else Answer.UNKNOWN
        return Answer.UNKNOWN

    def _answers_by_rule(self, code: str, trials: Sequence[Trial], rule: ProductRule) -> Iterator[Answer]:
        """By each alternative of the product's rule that the code can stand for."""
        for requirement in rule.alternatives:
            if code in self.under.law.by_product_rule or self._stands_for(code, requirement):
                yield next(trial.answer for trial in trials if trial.name == f"rule {requirement.text}")

    def _stands_for(self, code: str, requirement: Requirement) -> bool:
        """Whether a code of the form can claim this alternative."""
        if code == self.under.law.content_name:
            return requirement.content is not None
        if code == "CTC" or code in tuple(Change):
            return requirement.change is not None
        return code == requirement.process

    def holds(self) -> bool:
        """Whether the claim, or without one the whole, is answered by yes."""
        trials = self.trials()
        claim = self.claim_answer(trials)
        return (self.answer(trials) if claim is None else claim) is Answer.YES

    def missing(self, trials: Sequence[Trial]) -> tuple[Missing, ...]:
        """What the ways lack, and the rule of the product where there is no general one."""
        gaps = [gap for trial in trials for gap in trial.missing]
        if self.rule is None and self.under.law.general is None:
            where = f"{self.under.agreement.source} {self.under.law.product_rules.clause}"
            what = f"the rule of {where} for {self.product.hs_code}, in an operator's table"
            gaps.append(Missing(f"{self.pointer}/hsCode", what))
        return tuple(dict.fromkeys(gaps))

    def supposition(self, trials: Sequence[Trial]) -> str:
        """What a yes rests on beside the statement."""
        if self.has_table or self.under.law.general is None:
            return ""
        if any(trial.answer is Answer.YES for trial in trials if trial.name in ("WO", "PE")):
            return ""
        where = self.under.law.product_rules.clause
        return f"that {where} has no rule of its own for {self.product.hs_code}"


_WORDS = {Answer.YES: "met", Answer.NO: "not met", Answer.UNKNOWN: "not enough data"}


def _at_least_as_deep(change: Change) -> frozenset[str]:
    """Whoever changes the chapter changes the heading too."""
    return frozenset(each.value for each in Change if each.digits <= change.digits)


def _best(trials: Sequence[Trial]) -> Trial:
    """Of several methods the one that answers most: any of them may be used."""
    order = (Answer.YES, Answer.UNKNOWN, Answer.NO)
    return min(trials, key=lambda trial: order.index(trial.answer))


def _in_proportion(contents: Sequence[Trial], least: Decimal, below: Decimal) -> Answer:
    """Whether the product has a content with which it counts in proportion as a material of others."""
    shares = [trial.content for trial in contents if trial.content is not None]
    if any(share.at_least(least) and not share.at_least(below) for share in shares):
        return Answer.YES
    return Answer.NO if len(shares) == len(contents) else Answer.UNKNOWN


def _wholly_obtained(case: _Case, counted: Sequence[Counted]) -> Trial:
    """Nothing may come from elsewhere; that the rest was obtained here is what the producer states."""
    says = case.under.law.wholly_obtained
    elsewhere = [each for each in counted if each.standing is not Standing.HERE and not each.packing]
    if elsewhere:
        names = ", ".join(each.name for each in elsewhere[:6]) + (", ..." if len(elsewhere) > 6 else "")
        return Trial("WO", Answer.NO, (Line(f"not obtained here: {names}", says),))
    stated = case.product.wholly_obtained
    if stated is None:
        gap = Missing(f"{case.pointer}/whollyObtained", "whether it was wholly obtained in the exporting party")
        return Trial("WO", Answer.UNKNOWN, (Line("the producer does not state it", says),), (gap,))
    text = "as the producer states; no material comes from elsewhere" if stated else "not, as the producer states"
    return Trial("WO", Answer.YES if stated else Answer.NO, (Line(text, says),))


def _exclusively(case: _Case, counted: Sequence[Counted], says: Says) -> Trial:
    """Every material must originate, and there must be one."""
    materials = [each for each in counted if not each.packing]
    outside = [each for each in materials if not each.originates]
    if outside:
        names = ", ".join(each.name for each in outside[:6]) + (", ..." if len(outside) > 6 else "")
        return Trial("PE", Answer.NO, (Line(f"not originating: {names}", says),))
    if not materials:
        return Trial("PE", Answer.UNKNOWN, (), (materials_missing(case.pointer),))
    return Trial("PE", Answer.YES, (Line("every material originates", says),))


def _process(case: _Case, code: str) -> Trial:
    """A specific process or a chemical reaction: described in words, judged by an officer."""
    law = case.under.law
    if case.product.minimal_operations_only:
        return Trial(code, Answer.NO, (Line("only work was done that confers no origin", law.minimal_operations),))
    gap = Missing(f"{case.pointer}/process", "an officer's judgement of the process described")
    return Trial(code, Answer.UNKNOWN, (Line("the process is judged by an officer", law.product_rules),), (gap,))
