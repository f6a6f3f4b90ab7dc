"""The report of a run as JUnit XML, for a pipeline: suite > scenario, what does not hold as text.

A warning passes. No traffic and a turn not taken are failures: they are no pass. What broke in the kit is an error.
"""

from lxml import etree

from simulator.conformance.report import NOTICE, broken_checks
from simulator.conformance.runner import Result, Run, Word
from simulator.conformance.told import lines_about, printable

_FAILS = (Word.FAIL, Word.NO_TRAFFIC, Word.WAITING)
_SKIPS = (Word.SKIPPED, Word.NOT_APPLICABLE)


def junit_of(run: Run) -> bytes:
    """UTF-8, with an XML declaration."""
    root = etree.Element("testsuites", name=printable(f"{run.suite}/{run.version}"))
    suite = etree.SubElement(
        root,
        "testsuite",
        name=printable(f"{run.suite} {run.code}"),
        timestamp=run.began.strftime("%Y-%m-%dT%H:%M:%S"),
        time=f"{run.seconds:.3f}",
        tests=str(len(run.results)),
        failures=str(sum(each.word in _FAILS for each in run.results)),
        errors=str(run.count(Word.ERROR)),
        skipped=str(sum(each.word in _SKIPS for each in run.results)),
    )
    properties = etree.SubElement(suite, "properties")
    for name, value in (("system", run.system), ("standard", run.standard), ("notice", NOTICE)):
        etree.SubElement(properties, "property", name=name, value=printable(value))
    texts: dict[str, list[str]] = {}
    for told in broken_checks(run):
        texts.setdefault(told.result.name, []).extend(lines_about(told))
    for result in run.results:
        _case(suite, run, result, "\n".join(texts.get(result.name, [])))
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))


def _case(suite: etree._Element, run: Run, result: Result, text: str) -> None:
    case = etree.SubElement(
        suite,
        "testcase",
        classname=f"{run.suite}.{result.role.value}",
        name=printable(result.name),
        time=f"{result.seconds:.3f}",
    )
    message = printable(result.reason or result.title)
    if result.word in _SKIPS:
        etree.SubElement(case, "skipped", message=message)
    elif result.word in _FAILS or result.word is Word.ERROR:
        name = "error" if result.word is Word.ERROR else "failure"
        etree.SubElement(case, name, type=result.word.value, message=message).text = text or message
    elif text:
        etree.SubElement(case, "system-out").text = text
