"""Who may send what to whom. One recipient that is unknown or unwilling refuses all: nothing is half sent."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from adapters.port import CannotCarry, Limits, TooLarge
from exchange.members import Member, Registry
from schemas.certificate.model import MOST_ITEMS, Certificate
from schemas.certificate.split import why_not
from schemas.content import MAX_BYTES
from schemas.findings import Finding, finding
from schemas.registry import Document, Profile, Reading

if TYPE_CHECKING:
    from exchange.hub import Hub


def check_sender(sender: Member, profile: Profile | None) -> Finding | None:
    """May this member send documents of this profile?"""
    if "sender" not in sender.roles:
        return finding("route.may-not-send", found=sender.id, expected="the role sender")
    if profile is not None and profile.id not in sender.sends:
        return finding("route.may-not-send", found=profile.id, expected=", ".join(sender.sends))
    return None


def check_recipients(
    registry: Registry, sender: Member, names: Iterable[str], profile: Profile | None
) -> Iterator[Finding]:
    """All that stands against sending a document of this profile to these."""
    seen: set[str] = set()
    for name in names:
        problem = finding("route.twice", found=name) if name in seen else None
        problem = problem or _check_recipient(registry, sender, name, profile)
        seen.add(name)
        if problem:
            yield problem
    if not seen:
        yield finding("route.no-recipient")


def _check_recipient(registry: Registry, sender: Member, name: str, profile: Profile | None) -> Finding | None:
    recipient = registry.members.get(name)
    if recipient is None:
        return finding("route.unknown-recipient", found=name)
    if name == sender.id:
        return finding("route.to-itself", found=name)
    if not recipient.receives:
        return finding("route.not-a-recipient", found=name)
    if recipient.suspended:
        return finding("route.suspended-recipient", found=name)
    if profile is not None and profile.id not in recipient.accepts:
        accepted = ", ".join(recipient.accepts)
        return finding("route.profile-not-accepted", found=f"{name} and {profile.id}", expected=accepted)
    return None


def check_issuing_side(registry: Registry, names: Iterable[str], country: str | None) -> Iterator[Finding]:
    """What only the issuing side may see goes to issuers of that country. None: to nobody else any more, as when it is
    forwarded."""
    for name in names:
        recipient = registry.members.get(name)
        if recipient is None or ("issuer" in recipient.roles and recipient.country == country):
            continue
        wanted = f"an issuer of {country}" if country else "no further recipient"
        yield finding("route.issuing-side-only", found=name, expected=wanted)


def check_limits(hub: "Hub", recipient: Member, reading: Reading) -> tuple[Finding, ...]:
    """A partner's limits are findings before sending, not failures after.

    The rendition is made only where the original is a quarter of the limit: it never grows fourfold.
    """
    codec = hub.codec_of(recipient)
    document, content = reading.document, reading.content
    if codec is None or document is None or content is None:
        return ()
    size = 0
    if codec.limits.max_bytes is not None and len(content.received) * 4 > codec.limits.max_bytes:
        try:
            size = len(codec.encode(document, hub.address("", "", "", recipient.id)).data)
        except TooLarge as error:
            size = error.size
        except CannotCarry:
            size = 0  # it gets the original alone
    found = codec.limits.findings(len(getattr(document, "items", ())), size)
    asked = (finding("partner.asks-for", gone, found=recipient.id) for gone in codec.limits.missing(document))
    return (*(replace(each, fix=_way_out(document, codec.limits, size)) for each in found), *asked)


def _way_out(document: Document, limits: Limits, size: int) -> str:
    """What to do about a document that is too large: a certificate can be split, where nothing stands against it."""
    if not isinstance(document, Certificate):
        return "Agree another way with the recipient."
    wrong = why_not(document)
    if wrong is not None:
        return f"{wrong.message} {wrong.fix}"
    parts = max(
        ceil(len(document.items) / (limits.max_items or MOST_ITEMS)), ceil(size / (limits.max_bytes or MAX_BYTES))
    )
    return f"Split it into {parts} certificates or more: tb split FILE."
