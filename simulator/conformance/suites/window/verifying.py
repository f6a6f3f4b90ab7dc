"""The verifier of a window: documents, good and bad. The question is: did a member that may issue it sign just this?

The vectors are data; each bad one is a good one with one thing wrong. The verdict is known by how it was made, and not
by a verifier of ours.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lxml import etree

from schemas.content import Syntax
from schemas.registry import profile_of
from simulator.conformance.exchange import json_in
from simulator.conformance.runner import NotApplicable, Play, Role, Scenario, Sentence, Stop
from simulator.conformance.suites.window import forged
from simulator.conformance.suites.window import sentences as says
from simulator.conformance.suites.window.deliveries import Playing, begun
from simulator.conformance.suites.window.sentences import verdict
from simulator.conformance.suites.window.stage import AHEAD, Stage
from simulator.conformance.suites.window.system import ISSUER, PROFILE
from simulator.documents import sign
from tradebridge.evidence import jws
from tradebridge.evidence.signer import Signer

_SIGNED = "docs/integrator.md, Send, signed by you"
_TRUST = "docs/trust.md"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"


@dataclass(frozen=True)
class Vector:
    """One document, and the verdict that is due."""

    name: str
    title: str
    make: Callable[[Stage], bytes]
    yes: bool
    sentence: Sentence


def _plain(stage: Stage, syntax: Syntax = Syntax.JSON) -> bytes:
    profile = profile_of(PROFILE)
    assert profile is not None  # noqa: S101  # a profile of ours
    number = f"SG-{stage.at.year}-00777"
    return profile.encode[syntax](profile.example(exporter="SG", importer="TH", number=number, at=stage.at, variant=7))


def _good(stage: Stage) -> bytes:
    return sign(_plain(stage), Syntax.JSON, stage.system.kit.issuer, stage.at)


def _good_xml(stage: Stage) -> bytes:
    return sign(_plain(stage, Syntax.XML), Syntax.XML, stage.system.kit.issuer, stage.at)


def _by(name: str) -> Callable[[Stage], bytes]:
    def make(stage: Stage) -> bytes:
        signer: Signer = getattr(stage.system.kit, name)
        return sign(_plain(stage), Syntax.JSON, signer, stage.at)

    return make


def _changed(stage: Stage) -> bytes:
    header, payload, signature = _good(stage).split(b".")
    told = urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)).replace(b"-00777", b"-00778")
    return b".".join([header, urlsafe_b64encode(told).rstrip(b"="), signature])


def _changed_xml(stage: Stage) -> bytes:
    return _good_xml(stage).replace(b"-00777", b"-00778")


def _wrapped_xml(stage: Stage) -> bytes:
    """The signed document is kept inside one that says something else (XSW)."""
    signed = etree.fromstring(_good_xml(stage))  # made just now
    outer = etree.fromstring(_plain(stage, Syntax.XML).replace(b"-00777", b"-00779"))  # as above
    signature = signed.find(f"{_DS}Signature")
    assert signature is not None  # noqa: S101  # it was signed just now
    signed.remove(signature)
    kept = etree.SubElement(signature, f"{_DS}Object")
    kept.append(signed)
    outer.append(signature)
    return etree.tostring(outer)


def _none(stage: Stage) -> bytes:
    return forged.unsigned(_plain(stage), jws.DOCUMENT, stage.system.kit.issuer, stage.at).encode()


def _bad_signature(stage: Stage) -> bytes:
    kit = stage.system.kit
    return forged.with_other_signature(_plain(stage), jws.DOCUMENT, kit.issuer, kit.stranger, stage.at).encode()


def _embedded(stage: Stage) -> bytes:
    return forged.with_embedded_key(_plain(stage), jws.DOCUMENT, ISSUER, stage.system.kit, stage.at).encode()


def _other_typ(stage: Stage) -> bytes:
    return jws.sign(_plain(stage), jws.EVENT, stage.system.kit.issuer, stage.at).encode()


def _ahead(stage: Stage) -> bytes:
    return sign(_plain(stage), Syntax.JSON, stage.system.kit.issuer, stage.at + AHEAD)


def _twice(stage: Stage) -> bytes:
    return sign(b'{"number":"SG-0",' + _plain(stage)[1:], Syntax.JSON, stage.system.kit.issuer, stage.at)


def _no(name: str, title: str, make: Callable[[Stage], bytes], text: str, source: str, cause: str) -> Vector:
    return Vector(name, title, make, False, verdict(name, f"{text} Verdict: no.", source, cause))


VECTORS: Sequence[Vector] = (
    Vector(
        "good-jws",
        "A Form D, JWS by its issuer.",
        _good,
        True,
        verdict("good-jws", "A right JWS is believed. Verdict: yes.", _SIGNED, "a check refuses what is right"),
    ),
    Vector(
        "good-xml",
        "A Form D, XAdES by its issuer.",
        _good_xml,
        True,
        verdict("good-xml", "A right XAdES is believed. Verdict: yes.", _SIGNED, "another canonicalisation"),
    ),
    _no("changed-jws", "The number was changed.", _changed, "What was changed after signing is not believed.", _SIGNED,
        "the payload is hashed and not compared, or not at all"),
    _no("changed-xml", "The number in XML was changed.", _changed_xml, "XML that was changed is not believed.", _SIGNED,
        "SignedInfo is verified, the reference's digest is not"),
    _no("wrapped-xml", "The signed XML stands inside another (XSW).", _wrapped_xml,
        "A signature over another element than the document is not believed.", "docs/attacks.md",
        "what was signed is looked for by id, anywhere"),
    _no("bad-signature", "The issuer's kid, a stranger's signature.", _bad_signature,
        "A signature that does not match its key is not believed.", _SIGNED, "the signature is not verified"),
    _no("alg-none", "Unsigned, and says so.", _none, "alg none is not believed.", "RFC 8725, 3.1",
        "alg is read from the message"),
    _no("embedded-key", "The key comes along.", _embedded, "A key inside the header leads to no trust.",
        "RFC 8725, 3.10", "`jwk` of the header is used"),
    _no("unknown-key", "A stranger signs as the issuer.", _by("stranger"), "A key that is not on the list is nobody's.",
        _TRUST, "a key is found by its member's name alone"),
    _no("other-issuer", "Another member signs.", _by("other"), "Only an issuer of the country may sign its documents.",
        _TRUST, "any key of the list will do"),
    _no("event-key", "The issuer's key for events signs.", _by("issuer_events"),
        "A key signs only what it is registered for.", _TRUST, "`purposes` of the list is not looked at"),
    _no("withdrawn-key", "The key was withdrawn before.", _by("withdrawn_issuer"),
        "What is signed after a key's withdrawal is not believed.", _TRUST, "`withdrawn` is not looked at"),
    _no("other-typ", "The signature is over an event.", _other_typ, "A JWS of another typ is no document.",
        "RFC 8725, 3.11", "`typ` is not looked at"),
    _no("time-ahead", "It was signed next year.", _ahead, "What was signed in the future is not believed.", _SIGNED,
        "iat is not looked at"),
    _no("duplicate-member", "A member stands twice.", _twice, "Content with a member twice has no one meaning.",
        "RFC 8785", "the last one wins in your JSON reader"),
)  # fmt: skip


def _verifies(vector: Vector) -> Playing:
    async def playing(play: Play[Stage]) -> None:
        if not vector.yes:
            with play.action("The kit asks for a verdict on what is right."):
                await _ask(play, RIGHT)
        with play.action(f"The kit asks for a verdict. {vector.title}"):
            await _ask(play, vector)

    return playing


async def _ask(play: Play[Stage], vector: Vector) -> None:
    """Raises Stop if what comes is no verdict: of a verifier that says nothing, nothing else is known."""
    url = play.kit.system.verifier
    if url is None:
        raise NotApplicable("the system's file has no `verifier`")
    due = "yes" if vector.yes else "no"
    media_type = "application/xml" if "xml" in vector.name else "application/jose"
    status, answer = await play.kit.post(play, url, vector.make(play.kit), vector.name, media_type)
    found = _verdict(answer) if status == 200 else None
    if not play.check(says.VERDICT, found is not None, found=f"{status} {answer[:120]!r}", expected="a verdict"):
        raise Stop
    play.check(vector.sentence, found == due, found=found, expected=due)


def _verdict(answer: bytes) -> str | None:
    told = json_in(answer)
    said = told.get("verdict") if isinstance(told, dict) else None
    return said if isinstance(said, str) and said in ("yes", "no") else None


RIGHT = VECTORS[0]
"""Asked beside each that is wrong: a verifier that says no to everything passes nothing."""
SCENARIOS: tuple[Scenario[Stage], ...] = tuple(
    Scenario(each.name, Role.VERIFIER, each.title, begun(_verifies(each))) for each in VECTORS
)
