"""Checks a title offline: its chain, by the certificates of platforms and carriers alone. What `tb bl verify` calls.

1. What it believes is the list in the caller's hand, `tradebridge-platforms/1` (GET /v1/platforms of a hub, or made by
   hand). Nothing in the file that is checked leads to a key.
2. The transport document has the checksum that every entry names; the carrier's issuance manifest and every entry are
   signed; each entry is bound to the one before; and all transactions play through the state machine of the title.
3. What was done on the last platform since its last entry has no signature of the chain: the platform alone says so.
   It is told apart (`unsigned`; `signed` is the title without it), and the exit code says that not all was checked.
   On the hub the acting members' signed events are in the document's evidence. Of a title that has no entry yet the
   carrier has signed who got it (`issueToChecksum`), and nobody what came after.
4. The answer of the platform that has it now (RECE, DUPE), or the word of the registry that the chain names, is checked
   where it is there.

What it cannot see: that something came after. Ask the platform of the possessor, or the registry that the chain names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.control import OfferState
from schemas.bill_of_lading.pint import IssuanceManifest, Party, Transaction
from schemas.bill_of_lading.title import Title, replay
from schemas.findings import Finding, Kind, finding, register
from tradebridge.ebl.chain import Chain, content_checksum, issue_to, read_chain
from tradebridge.ebl.seal import ALGORITHMS, Trust, Trusted, open_sealed, thumbprint
from tradebridge.evidence.times import from_rfc3339, rfc3339

FORMAT = "tradebridge-platforms/1"

register(
    [
        Kind(
            "title.no-chain",
            "This is no transfer chain of a title.",
            "Take the answer of GET /v1/titles/{reference}/chain, or the evidence of a bill of lading.",
        ),
        Kind(
            "title.platforms-malformed",
            "The list of platforms cannot be used.",
            "Take the answer of GET /v1/platforms, or mend the member named by the pointer.",
        ),
        Kind(
            "title.other-document",
            "The transport document is not the one that was issued.",
            "Take the document that came with the chain: any change of its content makes another document.",
            status=409,
        ),
        Kind(
            "title.answer-of-another",
            "The signed answer is not of this transfer, or does not accept it.",
            "Take the answer that names an entry of this chain; the list must have the registry whose word it is.",
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class TitleReport:
    """What could be checked of a title."""

    reference: str
    document_checksum: str
    title: Title | None
    """With what was done since the last entry too; None where it does not hold."""
    signed: Title | None
    """As far as platforms and carrier have signed; None where that does not hold."""
    entries: int
    unsigned: int
    """Transactions since the last entry."""
    registry: str | None
    answers: tuple[str, ...]
    """What receivers and the registry have signed of it, as far as it holds: `RECE by MEKO`, `accepted by MEKO, by the
    word of https://...`."""
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Nothing of it is false. What is `unsigned` may still be."""
        return self.title is not None and not self.findings

    @property
    def exit_code(self) -> int:
        """0 it holds; 5 it does not; 3 nothing is false, but not all of it is signed."""
        if not self.holds:
            return 5
        return 3 if self.unsigned else 0

    def to_json(self) -> dict[str, Any]:
        title = self.title
        return {
            "format": "tradebridge-title-report/1",
            "transportDocumentReference": self.reference,
            "transportDocumentChecksum": self.document_checksum,
            "holds": self.holds,
            "status": title.status.value if title else None,
            "kind": title.kind.value if title else None,
            "possessor": pint.to_json(title.possessor) if title else None,
            "endorsee": pint.to_json(title.endorsee) if title and title.endorsee else None,
            "entries": self.entries,
            "unsigned": self.unsigned,
            "signed": {
                "status": self.signed.status.value if self.signed else None,
                "possessor": pint.to_json(self.signed.possessor) if self.signed else None,
            },
            "controlTrackingRegistry": self.registry,
            "answers": list(self.answers),
            "findings": [each.to_json() for each in self.findings],
            "exitCode": self.exit_code,
        }


def verify_title(value: object, trust: Trust, at: datetime | None = None) -> TitleReport:
    """What holds of a title. `value`: a chain as a platform shows it, or evidence of the hub with one in it (`title`).
    `at`: a time by which all was signed, if one is proven; None: each entry as it claims. No input raises."""
    shown = value.get("title", value) if isinstance(value, Mapping) else None
    parts = _parts(shown) if isinstance(shown, Mapping) else None
    if parts is None:
        return TitleReport("", "", None, None, 0, 0, None, (), (finding("title.no-chain"),))
    document, signed, unsigned, manifest, answers = parts
    reference = str(document.get("transportDocumentReference", ""))
    try:
        checksum = pint.checksum(document)
    except ValueError:
        none = finding("title.no-chain", "/transportDocument")
        return TitleReport(reference, "", None, None, 0, 0, None, (), (none,))
    if signed:
        chain = read_chain(document, signed, trust, at)
        made, since = (chain.title, unsigned) if isinstance(chain, Chain) else (chain, ())
    else:
        chain, since = None, unsigned[1:]
        made = _issued(document, checksum, unsigned[0], manifest, trust, at) or replay(document, unsigned[:1])
    after = _after(document, chain, unsigned) if isinstance(made, Title) and since else made
    held, wrong = _answers(answers, chain, trust) if isinstance(chain, Chain) else ((), ())
    return TitleReport(
        reference=reference,
        document_checksum=checksum,
        title=after if isinstance(after, Title) else None,
        signed=made if isinstance(made, Title) else None,
        entries=len(signed),
        unsigned=len(since),
        registry=chain.registry if isinstance(chain, Chain) else None,
        answers=held,
        findings=(*(after if isinstance(after, tuple) else ()), *wrong),
    )


def _parts(
    shown: Mapping[str, Any],
) -> tuple[Mapping[str, Any], tuple[str, ...], tuple[Transaction, ...], str, tuple[str, ...]] | None:
    """Document, entries, transactions without an entry, issuance manifest, answers; None for what is no chain."""
    document, signed = shown.get("transportDocument"), shown.get("envelopeTransferChain")
    if not isinstance(document, Mapping) or not isinstance(signed, list):
        return None
    read = [pint.read(Transaction, each) for each in _listed(shown.get("unsigned"))]
    unsigned = tuple(each for each in read if isinstance(each, Transaction))
    texts = all(isinstance(each, str) for each in signed)
    if not texts or len(unsigned) != len(read) or (not signed and not unsigned):
        return None
    manifest = shown.get("issuanceManifestSignedContent")
    answers = tuple(each for each in _listed(shown.get("answers")) if isinstance(each, str))
    return document, tuple(signed), unsigned, manifest if isinstance(manifest, str) else "", answers


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _issued(
    document: Mapping[str, Any], checksum: str, first: Transaction, manifest: str, trust: Trust, at: datetime | None
) -> tuple[Finding, ...]:
    """Of a title that has no entry yet: did its carrier issue this document, to whom the first transaction says?"""
    carrier = trust.carriers.get(str(document.get("carrierCode", "")))
    opened = open_sealed(manifest, carrier, at)
    if isinstance(opened, Finding):
        return (opened,)
    read = pint.read(IssuanceManifest, opened)
    if not isinstance(read, IssuanceManifest):
        return read
    if read.document_checksum != checksum:
        return (finding("title.other-document", found=checksum, expected=read.document_checksum),)
    issued_to = issue_to({"transactions": [pint.to_json(first)]})
    if issued_to is None or pint.checksum(issued_to) != read.issue_to_checksum:
        return (finding("pint.issued-to-another", "/unsigned/0/recipient", expected=read.issue_to_checksum),)
    return ()


def _after(
    document: Mapping[str, Any], chain: Chain | tuple[Finding, ...] | None, unsigned: Sequence[Transaction]
) -> Title | tuple[Finding, ...]:
    """The title after the chain, and what was done since."""
    return replay(document, (*(chain.transactions if isinstance(chain, Chain) else ()), *unsigned))


def _answers(answers: Sequence[str], chain: Chain, trust: Trust) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Which of the signed answers hold, each for an entry of this chain; and what is wrong with the others."""
    receivers = {pint.signed_checksum(signed): _receiver(chain, index) for index, signed in enumerate(chain.signed)}
    held, wrong = [], []
    for answer in answers:
        told = _answer(answer, receivers, chain, trust)
        if isinstance(told, Finding):
            wrong.append(told)
        else:
            held.append(told)
    return tuple(held), tuple(wrong)


def _receiver(chain: Chain, index: int) -> str:
    """The platform that the last transaction of an entry is addressed to."""
    recipient: Party | None = chain.entries[index].transactions[-1].recipient
    return recipient.ebl_platform if recipient is not None else ""


def _answer(answer: str, receivers: Mapping[str, str], chain: Chain, trust: Trust) -> str | Finding:
    """`RECE by MEKO` or what is wrong."""
    for code in dict.fromkeys(receivers.values()):
        opened = open_sealed(answer, trust.platforms.get(code), None)
        if isinstance(opened, Finding):
            continue
        named = opened.get("lastEnvelopeTransferChainEntrySignedContentChecksum")
        if isinstance(named, str) and receivers.get(named) == code and opened.get("responseCode") in ("RECE", "DUPE"):
            return f"{opened['responseCode']} by {code}"
    return _registrys_word(answer, chain, trust) or finding("title.answer-of-another", found=answer[:60])


def _registrys_word(answer: str, chain: Chain, trust: Trust) -> str:
    """What the registry that the chain names says of an entry, if it says that its receiver has accepted it."""
    base = chain.registry or ""
    opened = open_sealed(answer, trust.registries.get(base), None)
    if isinstance(opened, Finding):
        return ""
    about = (opened.get("registry"), opened.get("transportDocumentChecksum"))
    offer = opened.get("offer")
    if about != (base, chain.document_checksum) or not isinstance(offer, Mapping):
        return ""
    offered = {content_checksum(signed): _receiver(chain, index) for index, signed in enumerate(chain.signed)}
    taker = offered.get(str(offer.get("entry")))
    if taker is None or offer.get("to") != taker or offer.get("state") != OfferState.ACCEPTED:
        return ""
    return f"accepted by {taker}, by the word of {base}"


# --- The list of platforms -------------------------------------------------------------------------------------------


def trust_json(trust: Trust, names: Mapping[str, str]) -> dict[str, Any]:
    """`platforms`, `carriers` and `registries` of `tradebridge-platforms/1`. `names`: by code."""
    return {
        "platforms": [_shown(each, names) for _, each in sorted(trust.platforms.items())],
        "carriers": [_shown(each, names) for _, each in sorted(trust.carriers.items())],
        "registries": [{**_shown(each, names), "code": base} for base, each in sorted(trust.registries.items())],
    }


def _shown(trusted: Trusted, names: Mapping[str, str]) -> dict[str, Any]:
    certificates = []
    for each in trusted.certificates:
        since = trusted.revoked.get(thumbprint(each))
        pem = each.public_bytes(Encoding.PEM).decode("ascii")
        certificates.append({"certificate": pem, **({"revoked": rfc3339(since)} if since else {})})
    name = names.get(trusted.code, trusted.code)
    algorithms = sorted(trusted.algorithms)
    return {"code": trusted.code, "name": name, "algorithms": algorithms, "certificates": certificates}


def read_trust(value: object) -> Trust | Finding:
    """Whose signatures are believed, from `tradebridge-platforms/1`."""
    if not isinstance(value, Mapping) or value.get("format") != FORMAT:
        return finding("title.platforms-malformed", "/format", expected=FORMAT)
    read: dict[str, dict[str, Trusted]] = {"platforms": {}, "carriers": {}, "registries": {}}
    for kind, known in read.items():
        for index, each in enumerate(_listed(value.get(kind))):
            trusted = _trusted(each, f"/{kind}/{index}")
            if isinstance(trusted, Finding):
                return trusted
            known[trusted.code] = trusted
    return Trust(read["platforms"], read["carriers"], read["registries"])


def _trusted(value: object, pointer: str) -> Trusted | Finding:
    if not isinstance(value, Mapping) or not isinstance(value.get("code"), str):
        return finding("title.platforms-malformed", pointer, expected="code, algorithms, certificates")
    algorithms = frozenset(each for each in _listed(value.get("algorithms", sorted(ALGORITHMS))) if each in ALGORITHMS)
    certificates, revoked = [], {}
    for index, each in enumerate(_listed(value.get("certificates"))):
        at = f"{pointer}/certificates/{index}"
        try:
            certificate = x509.load_pem_x509_certificate(str(each["certificate"]).encode())
        except (ValueError, KeyError, TypeError) as error:
            return finding("title.platforms-malformed", f"{at}/certificate", found=error, expected="PEM")
        certificates.append(certificate)
        since = from_rfc3339(str(each["revoked"])) if "revoked" in each else None
        if "revoked" in each and since is None:
            return finding("title.platforms-malformed", f"{at}/revoked", found=each["revoked"])
        if since is not None:
            revoked[thumbprint(certificate)] = since
    return Trusted(value["code"], tuple(certificates), algorithms, revoked)
