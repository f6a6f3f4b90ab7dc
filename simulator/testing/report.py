"""What has happened in a world, as text for a failed test. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_LINES = 60
MOST_FINDINGS = 10


def written(
    entries: Sequence[Mapping[str, Any]], refusals: Sequence[Mapping[str, Any]], faults: Sequence[Mapping[str, Any]]
) -> str:
    """The sequence of messages, what was refused with what differs, and the faults that were on."""
    parts = [f"sequence of messages ({len(entries)}):", *sequence(entries)]
    for each in refusals:
        parts += ["", f"refused by the hub: {each['number'] or 'a document'}, {_many(each['differences'])}:"]
        parts += [f"  {line}" for line in differences(each["findings"])]
    if faults:
        parts += ["", "faults that were on:"]
        parts += [
            f"  {each['id']} {each['fault']} on {each['on']}, struck {each['struck']} of {each['times']}: {each['see']}"
            for each in faults
        ]
    return "\n".join(parts)


def sequence(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line each, in the order in which they were written; of many, the last ones."""
    left_out = max(0, len(entries) - MOST_LINES)
    shown = entries[left_out:]
    width = max((len(each["member"]) for each in shown), default=0)
    lines = [f"  … {left_out} before"] if left_out else []
    return lines + [f"  {_time(each['at'])}  {each['member']:<{width}}  {_told(each)}" for each in shown] or ["  none"]


def differences(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Found and expected, field by field."""
    lines = []
    for each in findings[:MOST_FINDINGS]:
        values = [
            f"{word} {each[name]!r}" for word, name in (("found", "found"), ("expected", "expected")) if each.get(name)
        ]
        lines.append(f"{each['pointer'] or 'the document'}: {each['code']}: {', '.join(values) or each['message']}")
        if each.get("fix"):
            lines.append(f"    fix: {each['fix']}")
    return lines + ([f"… {len(findings) - MOST_FINDINGS} more"] if len(findings) > MOST_FINDINGS else [])


def _many(differences: int) -> str:
    return f"{differences} difference{'s' if differences != 1 else ''}"


def _time(at: str) -> str:
    return at[:19].replace("T", " ")


def _told(entry: Mapping[str, Any]) -> str:
    kind, what = entry["kind"], entry.get("number") or entry.get("document_id", "")
    peers, event = ", ".join(entry.get("peers", ())), entry.get("event", {})
    told = {
        "sent": f"--> hub   {what} ({entry.get('profile', '')}) to {peers}",
        "refused": f"--> hub   refused: {', '.join(entry.get('codes', ()))}",
        "received": f"<-- hub   {what} ({entry.get('profile', '')}) from {peers}",
        "acknowledged": f"--> hub   acknowledges {what}",
        "event signed": f"    signs {event.get('type', '')} of {what}",
        "event sent": f"--> hub   {event.get('type', '')} of {what}",
        "event received": f"<-- hub   {event.get('type', '')} of {what}",
        "instructed": f"    is told what to say of {what}",
        "fault": f"    ⚡ {', '.join(entry.get('faults', ()))} {what}",
    }.get(kind, f"    {kind} {what}")
    faults = f"  [{', '.join(entry['faults'])}]" if entry.get("faults") and kind != "fault" else ""
    return told + faults
