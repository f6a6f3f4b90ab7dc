"""Scenarios with the system under test as receiving platform: the kit sends, rightly and wrongly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from simulator.conformance.kit import now, party
from simulator.conformance.runner import Play, Role, Scenario, Sentence
from simulator.conformance.suites.pint import forged
from simulator.conformance.suites.pint import sentences as says
from simulator.conformance.suites.pint.caller import Answer, Caller
from simulator.conformance.suites.pint.envelopes import (
    LAST,
    OF_DOCUMENT,
    PREVIOUS,
    VISUALISATION,
    Entry,
    Envelope,
    File,
    Json,
    Plan,
    a_document,
    a_file,
    build,
    issued_and_sent,
    through_both,
    transaction,
)
from simulator.conformance.suites.pint.stage import Stage, scenario_in

SCENARIOS: list[Scenario[Stage]] = []
_scenario = scenario_in(SCENARIOS, Role.RECEIVER)

# --- Plain transfers, duplicates, disputes ---------------------------------------------------------------------------


@_scenario("plain", "A title without additional documents is handed over in one call.")
async def plain(play: Play[Stage]) -> None:
    caller, envelope = play.kit.caller(play), build(play.kit.to_system())
    with play.action("The kit starts the transfer; nothing is missing."):
        caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)
    await play.kit.expect_where(play, envelope.reference, says.HANDED_OVER, "here")


@_scenario("plain-ps256", "Platform B sends, which signs with PS256, a chain of two entries.")
async def plain_ps256(play: Play[Stage]) -> None:
    caller, envelope = play.kit.caller(play), build(through_both(play.kit.identities, play.kit.account))
    with play.action("The kit's platform B hands on what it has from platform A (ES256)."):
        caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)


@_scenario("retry-unchanged", "The same envelope comes again after its acceptance.")
async def retry_unchanged(play: Play[Stage]) -> None:
    caller, envelope = play.kit.caller(play), build(play.kit.to_system())
    with play.action("The kit starts the transfer."):
        caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)
    for _ in range(2):
        with play.action("It sends the same envelope again, as after a lost answer."):
            caller.duplicate(await caller.start(envelope), envelope, envelope)


@_scenario("retry-resigned-manifest", "The envelope comes again with its manifest signed anew.")
async def retry_resigned_manifest(play: Play[Stage]) -> None:
    caller, plan = play.kit.caller(play), play.kit.to_system(by_b=True)
    first = build(plan)
    again = replace(first, manifest=forged.signed_again(first.manifest, first.sender.key))
    with play.action("The kit's platform B starts the transfer."):
        caller.accepted(await caller.start(first), first, says.ACCEPTED)
    with play.action("It signs the manifest again (PS256 draws a new salt) and sends the same entry."):
        caller.duplicate(await caller.start(again, "start, manifest signed again"), again, first)


@_scenario("retry-resigned-entry", "The envelope comes again with its last entry signed anew.")
async def retry_resigned_entry(play: Play[Stage]) -> None:
    caller, plan = play.kit.caller(play), play.kit.to_system(by_b=True)
    first, again = build(plan), build(plan)
    with play.action("The kit's platform B starts the transfer."):
        caller.accepted(await caller.start(first), first, says.ACCEPTED)
    with play.action("It signs the same last entry and the manifest again."):
        answer = await caller.start(again, "start, entry signed again")
        caller.outcome(answer, again, says.RESIGNED_ENTRY, "DUPE", "DISE")
    with play.action("The first envelope comes once more."):
        caller.duplicate(await caller.start(first), first, first, says.STILL_ACCEPTED)


@_scenario("retry-manipulated", "After the acceptance the same title comes with another last entry, well signed.")
async def retry_manipulated(play: Play[Stage]) -> None:
    caller, plan = play.kit.caller(play), play.kit.to_system()
    first = build(plan)

    def other_comment(entry: Json) -> None:
        entry["transactions"][-1]["comments"] = "Not what was said before."

    other = build(plan.changed(edit_entry={0: other_comment}))
    with play.action("The kit starts the transfer."):
        caller.accepted(await caller.start(first), first, says.ACCEPTED)
    with play.action("It sends the title again with another entry in the place of the last one."):
        caller.outcome(await caller.start(other, "start, entry manipulated"), other, says.DISPUTED, "DISE")
    with play.action("The first envelope comes once more."):
        caller.duplicate(await caller.start(first), first, first, says.STILL_ACCEPTED)


@_scenario("same-reference-other-content", "The reference of an accepted title comes with another document.")
async def same_reference_other_content(play: Play[Stage]) -> None:
    caller, plan = play.kit.caller(play), play.kit.to_system()
    first = build(plan)
    document = plan.document | {"termsAndConditions": "Other terms than those of the title that was accepted."}
    other = build(play.kit.to_system(document=document))
    with play.action("The kit starts the transfer."):
        caller.accepted(await caller.start(first), first, says.ACCEPTED)
    with play.action("It sends a document of the same reference and another content, issued and signed anew."):
        caller.outcome(await caller.start(other, "start, other content"), other, says.DISPUTED, "DISE")
    with play.action("The first envelope comes once more."):
        caller.duplicate(await caller.start(first), first, first, says.STILL_ACCEPTED)


@_scenario("two-for-one-position", "Two envelopes for one title at once: both unfinished, then both finished.")
async def two_for_one_position(play: Play[Stage]) -> None:
    caller, file = play.kit.caller(play), a_file("packing-list.pdf")
    plan = play.kit.to_system(supporting=[file])
    first = build(plan)

    def later(entry: Json) -> None:
        entry["transactions"][-1]["comments"] = "Said in the other one of the two."

    second = build(plan.changed(edit_entry={0: later}))
    with play.action("The kit starts a first transfer that waits for a document."):
        one = caller.started(await caller.start(first), first, first.files)
    with play.action("It starts a second one for the same title, with another last entry."):
        answer = await caller.start(second, "start of a second transfer")
        two = answer.json.get("envelopeReference") if answer.status == 201 and isinstance(answer.json, dict) else None
        if two is None:
            caller.not_accepted(answer, says.DISPUTED)
    codes = []
    with play.action("It sends the document and finishes whichever it can."):
        for envelope, reference in ((first, one), (second, two)):
            if reference is None:
                continue
            await caller.send(envelope, reference, file)
            answer = await caller.finish(envelope, reference)
            codes.append(caller.code(answer))
            if codes[-1] != "RECE":  # an active transfer that was taken over has no reference any more
                caller.not_accepted(answer, says.DISPUTED)
        holds = codes.count("RECE") == 1
        play.check(says.ONE_OF_TWO, holds, found=f"{codes} at the finishes", expected="one RECE, and one only")


@_scenario("endorsement-notifies", "An endorsement is told to the endorsee's platform; then the title follows.")
async def endorsement_notifies(play: Play[Stage]) -> None:
    kit, caller, at = play.kit.identities, play.kit.caller(play), now() - timedelta(minutes=4)
    document = a_document(kit) | {"isToOrder": True}
    user = kit.a.user
    endorsee = {"partyName": user["partyName"], "identifyingCodes": user["identifyingCodes"]}
    document["documentParties"]["endorsee"] = endorsee | {"address": {"city": "Singapore", "countryCode": "SG"}}
    plan = play.kit.to_system(document=document, at=at)
    issue, transfer = plan.entries[0].transactions
    endorse = transfer | {"actionCode": "ENDORSE_TO_ORDER"}
    told = build(_only(plan, issue, endorse))
    with play.action("The kit tells of an endorsement to the system's account."):
        caller.accepted(await caller.start(told, "start, an endorsement"), told, says.ACCEPTED)
        at_system = await play.kit.where(told.reference)
        play.check(says.NOTIFIES, at_system != "here", found=at_system or "no title", expected="not here")
    handed = build(plan.changed(entries=(Entry(kit.a, (issue, endorse)), Entry(kit.a, (transfer,)))))
    handed = replace(handed, chain=(told.chain[0], *handed.chain[1:]))
    with play.action("It hands the title over, with one more entry."):
        caller.accepted(await caller.start(handed), handed, says.ACCEPTED)
    await play.kit.expect_where(play, handed.reference, says.HANDED_OVER, "here")


# --- Signatures ------------------------------------------------------------------------------------------------------


@_scenario("bad-signature-then-good", "The manifest's signature is broken, then right.")
async def bad_signature_then_good(play: Play[Stage]) -> None:
    good = build(play.kit.to_system())
    await _bad_then_good(play, replace(good, manifest=forged.broken(good.manifest)), good)


@_scenario("bad-entry-signature-then-good", "The last entry's signature is broken, then right.")
async def bad_entry_signature_then_good(play: Play[Stage]) -> None:
    plan = play.kit.to_system()

    def break_last(signed: list[str]) -> None:
        signed[-1] = forged.broken(signed[-1])

    await _bad_then_good(play, build(plan.changed(edit_chain=break_last)), build(plan))


@_scenario("foreign-key-then-good", "The manifest is signed by a key that nobody knows, then by the right one.")
async def foreign_key_then_good(play: Play[Stage]) -> None:
    plan = play.kit.to_system()
    await _bad_then_good(play, build(plan.changed(signs_manifest=play.kit.identities.stranger)), build(plan))


@_scenario("foreign-entry-key", "The last entry is signed by a key that nobody knows.")
async def foreign_entry_key(play: Play[Stage]) -> None:
    plan = play.kit.to_system()
    await _bad_then_good(play, build(plan.changed(signs_entry={0: play.kit.identities.stranger})), build(plan))


@_scenario("other-platforms-key", "Platform A's entry is signed with platform B's key, which is good for B alone.")
async def other_platforms_key(play: Play[Stage]) -> None:
    plan, other = play.kit.to_system(), play.kit.identities.b.key
    await _bad_then_good(play, build(plan.changed(signs_entry={0: other}, signs_manifest=other)), build(plan))


async def _bad_then_good(play: Play[Stage], bad: Envelope, good: Envelope) -> None:
    caller = play.kit.caller(play)
    with play.action("The kit starts a transfer with a bad signature."):
        caller.outcome(await caller.start(bad, "start, bad signature"), bad, says.BAD_SIGNATURE, "BSIG")
    with play.action("It starts again, signed as it should be."):
        caller.accepted(await caller.start(good), good, says.GOOD_AFTER_BAD)


_SPOILT: tuple[tuple[str, Callable[[Json], Json]], ...] = (
    (
        "another document",
        lambda body: body | {"transportDocument": body["transportDocument"] | {"termsAndConditions": "Spoilt."}},
    ),
    ("a manifest that is none", lambda body: body | {"envelopeManifestSignedContent": 7}),
    (
        "something in the chain that is no entry",
        lambda body: body | {"envelopeTransferChain": [7, *body["envelopeTransferChain"]]},
    ),
)


@_scenario("accepted-then-spoilt", "What was accepted comes again, spoilt on the way in several ways, and then whole.")
async def accepted_then_spoilt(play: Play[Stage]) -> None:
    caller, envelope = play.kit.caller(play), build(play.kit.to_system())
    with play.action("The kit starts the transfer."):
        caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)
    for what, spoil in _SPOILT:
        with play.action(f"The same envelope comes again, with {what}."):
            answer = await caller.post("/envelopes", spoil(envelope.body()), envelope.sender, f"start with {what}")
            caller.not_refused(answer, says.NOT_REFUSED_LATER)
    with play.action("It comes again whole."):
        caller.duplicate(await caller.start(envelope), envelope, envelope, says.STILL_ACCEPTED)


@_scenario("spoilt-then-good", "An envelope comes spoilt on the way, in several ways, and then whole.")
async def spoilt_then_good(play: Play[Stage]) -> None:
    caller = play.kit.caller(play)
    for what, spoil in _SPOILT:
        envelope = build(play.kit.to_system())
        with play.action(f"The kit starts a transfer with {what}."):
            answer = await caller.post("/envelopes", spoil(envelope.body()), envelope.sender, f"start with {what}")
            caller.not_accepted(answer, says.SPOILT)
            refused = caller.code(answer) in ("BENV", "BETR")
        with play.action("It starts again, with the whole envelope."):
            answer = await caller.start(envelope)
            if refused:
                caller.not_accepted(answer, says.REFUSED_STAYS)
            else:
                caller.accepted(answer, envelope, says.GOOD_AFTER_BAD)


@_scenario("algorithm-none", "The manifest says that it needs no signature.")
async def algorithm_none(play: Play[Stage]) -> None:
    good = build(play.kit.to_system())
    await _bad_algorithm(play, good, forged.unsigned(good.manifest))


@_scenario("algorithm-hmac", "The manifest is authenticated with the certificate itself as a secret (HS256).")
async def algorithm_hmac(play: Play[Stage]) -> None:
    good = build(play.kit.to_system())
    await _bad_algorithm(play, good, forged.by_hmac(good.manifest, play.kit.identities.a.key.certificate))


async def _bad_algorithm(play: Play[Stage], good: Envelope, manifest: str) -> None:
    caller, bad = play.kit.caller(play), replace(good, manifest=manifest)
    with play.action("The kit starts a transfer whose manifest is signed in a way that proves nothing."):
        caller.not_accepted(await caller.start(bad, "start, no real signature"), says.BAD_ALGORITHM)
    with play.action("It starts again, signed as it should be."):
        caller.accepted(await caller.start(good), good, says.GOOD_AFTER_BAD)


@_scenario("issuance-not-by-carrier", "The issuance manifest is signed by the platform instead of the carrier.")
async def issuance_not_by_carrier(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(signs_issuance=play.kit.identities.a.key)
    await _refused(play, build(plan), says.BAD_ISSUANCE, "BSIG", "BENV")


@_scenario("issuance-of-other-document", "The carrier's issuance manifest is of another document.")
async def issuance_of_other_document(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(edit_issuance=_sets("documentChecksum", "0" * 64))
    await _refused(play, build(plan), says.BAD_ISSUANCE, "BSIG", "BENV")


@_scenario("sent-by-another", "Platform A sends, in its name, what platform B signed for the recipient.")
async def sent_by_another(play: Play[Stage]) -> None:
    envelope = build(through_both(play.kit.identities, play.kit.account))
    caller = play.kit.caller(play)
    with play.action("The kit's platform A starts the transfer."):
        answer = await caller.start(replace(envelope, sender=play.kit.identities.a))
        caller.not_accepted(answer, says.SENDER_SPEAKS)


# --- Recipients ------------------------------------------------------------------------------------------------------


@_scenario("wrong-platform", "The recipient is on another platform.")
async def wrong_platform(play: Play[Stage]) -> None:
    elsewhere = play.kit.account | {"eblPlatform": "ELSE"}
    plan = issued_and_sent(play.kit.identities, elsewhere)
    await _refused_for_ever(play, build(plan), says.WRONG_PLATFORM)


@_scenario("unknown-recipient", "Nobody on the platform has the recipient's codes.")
async def unknown_recipient(play: Play[Stage]) -> None:
    nobody = party("Nobody at all (simulated)", play.kit.system.code, "KIT-NOBODY-HAS-THIS")
    await _refused_for_ever(play, build(issued_and_sent(play.kit.identities, nobody)), says.UNKNOWN_RECIPIENT)


async def _refused_for_ever(play: Play[Stage], envelope: Envelope, sentence: Sentence) -> None:
    await _refused(play, envelope, sentence, "BENV")
    caller = play.kit.caller(play)
    with play.action("The same envelope comes again."):
        caller.not_accepted(await caller.start(envelope), says.REFUSED_STAYS)


# --- Faults of the chain ---------------------------------------------------------------------------------------------


@_scenario("chain-gap", "An entry in the middle of the chain is missing.")
async def chain_gap(play: Play[Stage]) -> None:
    await _refused(play, build(_of_three(play).changed(edit_chain=lambda signed: signed.pop(1))), says.LINKED, "BENV")


@_scenario("chain-order", "The first two entries of the chain are swapped.")
async def chain_order(play: Play[Stage]) -> None:
    def swap(signed: list[str]) -> None:
        signed[0], signed[1] = signed[1], signed[0]

    await _refused(play, build(_of_three(play).changed(edit_chain=swap)), says.LINKED, "BENV")


@_scenario("chain-forged-entry", "The first entry is replaced by one that somebody else signed.")
async def chain_forged_entry(play: Play[Stage]) -> None:
    plan = through_both(play.kit.identities, play.kit.account)
    plan = plan.changed(signs_entry={0: play.kit.identities.stranger})
    await _refused(play, build(plan), says.BAD_SIGNATURE, "BSIG")


@_scenario("chain-replaced-entry", "The first entry is replaced by another of its platform; the second names the old.")
async def chain_replaced_entry(play: Play[Stage]) -> None:
    plan = through_both(play.kit.identities, play.kit.account)

    def reissued(signed: list[str]) -> None:
        moved = plan.changed(edit_entry={0: _comments("Another than the second entry names.")})
        signed[0] = build(moved).chain[0]

    await _refused(play, build(plan.changed(edit_chain=reissued)), says.LINKED, "BENV")


@_scenario("manifest-other-last-entry", "The manifest names another last entry than the chain has.")
async def manifest_other_last_entry(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(edit_manifest=_sets(LAST, "0" * 64))
    await _refused(play, build(plan), says.LAST_CHECKSUM, "BENV", "BSIG")


@_scenario("manifest-other-document", "The manifest has the checksum of another transport document.")
async def manifest_other_document(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(edit_manifest=_sets(OF_DOCUMENT, "0" * 64))
    await _refused(play, build(plan), says.DOCUMENT_CHECKSUM, "BENV", "BSIG")


@_scenario("document-changed", "The transport document is changed after it was signed for.")
async def document_changed(play: Play[Stage]) -> None:
    envelope = build(play.kit.to_system())
    changed = replace(envelope, document=envelope.document | {"termsAndConditions": "Changed."})
    await _refused(play, changed, says.DOCUMENT_CHECKSUM, "BENV", "BSIG")


@_scenario("entry-of-another-document", "The last entry is one that was signed for another title.")
async def entry_of_another_document(play: Play[Stage]) -> None:
    plan = through_both(play.kit.identities, play.kit.account)
    plan = plan.changed(edit_entry={1: _sets(OF_DOCUMENT, "0" * 64)})
    await _refused(play, build(plan), says.REPLAYED_ENTRY, "BENV")


@_scenario("issue-missing", "The chain does not begin with ISSUE.")
async def issue_missing(play: Play[Stage]) -> None:
    plan = play.kit.to_system()
    transfer = plan.entries[0].transactions[1]
    await _refused(play, build(_only(plan, transfer)), says.ISSUE_FIRST, "BENV")


@_scenario("issue-twice", "ISSUE stands twice.")
async def issue_twice(play: Play[Stage]) -> None:
    plan = play.kit.to_system()
    issue, transfer = plan.entries[0].transactions
    await _refused(play, build(_only(plan, issue, issue, transfer)), says.ISSUE_FIRST, "BENV")


@_scenario("first-entry-with-previous", "The first entry names a previous one.")
async def first_entry_with_previous(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(edit_entry={0: _sets(PREVIOUS, "0" * 64)})
    await _refused(play, build(plan), says.NO_PREVIOUS, "BENV")


@_scenario("issuance-manifest-missing", "The first entry has no issuance manifest.")
async def issuance_manifest_missing(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(edit_entry={0: _lacks("issuanceManifestSignedContent")})
    await _refused(play, build(plan), says.ISSUANCE_REQUIRED, "BENV", "BSIG")


@_scenario("not-the-possessor", "Platform B transfers a title that platform A never handed to it.")
async def not_the_possessor(play: Play[Stage]) -> None:
    plan = through_both(play.kit.identities, play.kit.account)
    issue, _to_b = plan.entries[0].transactions
    kept = plan.changed(entries=(Entry(plan.entries[0].platform, (issue,)), plan.entries[1]))
    await _refused(play, build(kept), says.NOT_POSSESSOR, "BENV")


@_scenario("invalid-action", "A transaction has an actionCode that PINT does not know.")
async def invalid_action(play: Play[Stage]) -> None:
    plan = play.kit.to_system()
    issue, transfer = plan.entries[0].transactions
    await _refused(play, build(_only(plan, issue, transfer | {"actionCode": "GIVE"})), says.BAD_ACTION, "BENV")


@_scenario("after-sacc", "A transfer follows the acceptance of a surrender.")
async def after_sacc(play: Play[Stage]) -> None:
    kit, at = play.kit.identities, now() - timedelta(minutes=3)
    plan = play.kit.to_system()
    issue, transfer = plan.entries[0].transactions
    surrender = transaction("SURRENDER_FOR_DELIVERY", kit.a.user, kit.carrier_on(kit.a), at)
    accepted = transaction("SACC", kit.carrier_on(kit.a), kit.a.user, at)
    await _refused(play, build(_only(plan, issue, surrender, accepted, transfer)), says.NOTHING_AFTER_SACC, "BENV")


@_scenario("surrender-not-to-the-carrier", "A surrender is addressed to a party that did not issue the title.")
async def surrender_not_to_the_carrier(play: Play[Stage]) -> None:
    plan = play.kit.to_system()
    issue, transfer = plan.entries[0].transactions
    surrender = transfer | {"actionCode": "SURRENDER_FOR_DELIVERY"}
    await _refused(play, build(_only(plan, issue, surrender)), says.SURRENDER_TO_CARRIER, "BENV")


@_scenario("visualisation-differs", "Manifest and entry have different visualisations by the carrier.")
async def visualisation_differs(play: Play[Stage]) -> None:
    plan = play.kit.to_system(visualisation=a_file("original.pdf"))
    other = a_file("another.pdf").metadata()
    await _refused(
        play, build(plan.changed(edit_manifest=_sets(VISUALISATION, other))), says.SAME_VISUALISATION, "BENV"
    )


@_scenario("registry-in-second-entry", "The second entry names a control tracking registry.")
async def registry_in_second_entry(play: Play[Stage]) -> None:
    plan = through_both(play.kit.identities, play.kit.account)
    plan = plan.changed(edit_entry={1: _sets("controlTrackingRegistry", f"{play.kit.end.url}/ctr/v1")})
    await _refused(play, build(plan), says.REGISTRY_FIRST_ONLY, "BENV")


@_scenario("registry-does-not-know", "The first entry names a registry in which the transfer is not recorded.")
async def registry_does_not_know(play: Play[Stage]) -> None:
    plan = play.kit.to_system().changed(edit_entry={0: _sets("controlTrackingRegistry", f"{play.kit.end.url}/ctr/v1")})
    envelope, caller = build(plan), play.kit.caller(play)
    with play.action("The kit starts a transfer that the registry of its chain knows nothing of."):
        caller.not_accepted(await caller.start(envelope), says.REGISTRY_DECIDES)


async def _refused(play: Play[Stage], envelope: Envelope, sentence: Sentence, *codes: str) -> Answer:
    caller = play.kit.caller(play)
    with play.action("The kit starts the transfer."):
        answer = await caller.start(envelope)
        caller.outcome(answer, envelope, sentence, *codes)
    return answer


def _of_three(play: Play[Stage]) -> Plan:
    """Issued on A, to B, back to A, to the system: three entries."""
    kit = play.kit.identities
    plan = through_both(kit, kit.a.user)
    onward = transaction("TRANSFER", kit.a.user, play.kit.account, now() - timedelta(minutes=1))
    return plan.changed(entries=(*plan.entries, Entry(kit.a, (onward,))))


def _only(plan: Plan, *transactions: Json) -> Plan:
    return plan.changed(entries=(Entry(plan.entries[0].platform, transactions),))


def _sets(name: str, value: Any) -> Callable[[Json], None]:
    return lambda payload: payload.update({name: value})


def _lacks(name: str) -> Callable[[Json], None]:
    def drop(payload: Json) -> None:
        payload.pop(name)

    return drop


def _comments(text: str) -> Callable[[Json], None]:
    return lambda entry: entry["transactions"][-1].update({"comments": text})


# --- Additional documents --------------------------------------------------------------------------------------------


async def _sent(caller: Caller, envelope: Envelope, reference: str, files: tuple[File, ...]) -> None:
    for each in files:
        caller.taken(await caller.send(envelope, reference, each))


async def _closed(play: Play[Stage], caller: Caller, envelope: Envelope, reference: str) -> None:
    with play.action("The kit finishes the transfer."):
        caller.accepted(await caller.finish(envelope, reference), envelope, says.FINISHED)


async def _both(play: Play[Stage], order: tuple[int, int], *, visualisation: bool = False) -> tuple[Envelope, str]:
    """A transfer with two documents, started; and how they are to be sent is `order`."""
    files = (a_file("packing-list.pdf"), a_file("invoice.pdf"))
    plan = (
        play.kit.to_system(visualisation=files[0], supporting=[files[1]])
        if visualisation
        else play.kit.to_system(supporting=files)
    )
    envelope = build(plan)
    with play.action("The kit starts a transfer with two additional documents."):
        reference = play.kit.caller(play).started(await play.kit.caller(play).start(envelope), envelope, envelope.files)
    return envelope, reference


def _in(envelope: Envelope, order: tuple[int, int]) -> tuple[File, File]:
    files = tuple(envelope.files.values())
    return files[order[0]], files[order[1]]


def _two_documents(order: tuple[int, int], label: str) -> None:
    """The scenarios with two documents, for one order of sending."""
    order_of_sending = label.replace("-", " ")

    @_scenario(f"documents-{label}", f"Two additional documents, sent {order_of_sending}.")
    async def in_order(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order)
        caller = play.kit.caller(play)
        with play.action("It sends both."):
            await _sent(caller, envelope, reference, _in(envelope, order))
        await _closed(play, caller, envelope, reference)
        with play.action("The same envelope comes again, all documents being there."):
            caller.duplicate(await caller.start(envelope), envelope, envelope)

    @_scenario(
        f"visualisation-{label}", f"The carrier's visualisation and a supporting document, sent {order_of_sending}."
    )
    async def with_visualisation(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order, visualisation=True)
        caller = play.kit.caller(play)
        with play.action("It sends both."):
            await _sent(caller, envelope, reference, _in(envelope, order))
        await _closed(play, caller, envelope, reference)

    @_scenario(
        f"documents-{label}-retry", f"Two documents, sent {order_of_sending}; the start is retried in the middle."
    )
    async def with_retry(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order)
        caller, (one, other) = play.kit.caller(play), _in(envelope, order)
        with play.action("It sends the first document."):
            await _sent(caller, envelope, reference, (one,))
        with play.action("It starts again with the same envelope: one document is still missing."):
            reference = caller.started(await caller.start(envelope), envelope, [other.checksum], says.RETRIED)
        with play.action("It sends the second document."):
            await _sent(caller, envelope, reference, (other,))
        await _closed(play, caller, envelope, reference)

    @_scenario(
        f"documents-{label}-retry-closes",
        f"Two documents, sent {order_of_sending}; the retried start finds nothing missing.",
    )
    async def retry_closes(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order)
        caller = play.kit.caller(play)
        with play.action("It sends both."):
            await _sent(caller, envelope, reference, _in(envelope, order))
        with play.action("Instead of finishing it starts again: all documents are there."):
            caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)

    @_scenario(
        f"documents-{label}-corrupted",
        f"Two documents, sent {order_of_sending}; the second comes corrupted, then right.",
    )
    async def corrupted(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order)
        caller, (one, other) = play.kit.caller(play), _in(envelope, order)
        with play.action("It sends the first document, then the second with one byte changed, then cut short."):
            await _sent(caller, envelope, reference, (one,))
            for content, what in ((_one_byte_other(other.content), "corrupted"), (other.content[:-1], "cut")):
                answer = await caller.document(envelope, reference, other.checksum, content, f"document, {what}")
                caller.outcome(answer, envelope, says.CORRUPTED, "INCD")
        with play.action("It finishes too early: the corrupted one is still missing."):
            await _finish_too_early(caller, play, envelope, reference, other)
        with play.action("It sends the second document as it is."):
            await _sent(caller, envelope, reference, (other,))
        await _closed(play, caller, envelope, reference)

    @_scenario(
        f"documents-{label}-unrelated", f"Two documents, sent {order_of_sending}; one comes that was never declared."
    )
    async def unrelated(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order)
        caller, (one, other), stray = play.kit.caller(play), _in(envelope, order), a_file("unrelated.pdf")
        with play.action("It sends the first document, then one that is not in the manifest."):
            await _sent(caller, envelope, reference, (one,))
            answer = await caller.send(envelope, reference, stray)
            caller.outcome(answer, envelope, says.UNRELATED, "INCD")
        with play.action("It starts again, and sends the second document."):
            reference = caller.started(await caller.start(envelope), envelope, [other.checksum], says.RETRIED)
            await _sent(caller, envelope, reference, (other,))
        await _closed(play, caller, envelope, reference)

    @_scenario(
        f"documents-{label}-missing", f"Two documents, sent {order_of_sending}; the finish comes before the second."
    )
    async def missing(play: Play[Stage]) -> None:
        envelope, reference = await _both(play, order)
        caller, (one, other) = play.kit.caller(play), _in(envelope, order)
        with play.action("It sends the first document and finishes."):
            await _sent(caller, envelope, reference, (one,))
            await _finish_too_early(caller, play, envelope, reference, other)
        with play.action("It sends the missing one."):
            await _sent(caller, envelope, reference, (other,))
        await _closed(play, caller, envelope, reference)


for _order, _label in (((0, 1), "as-declared"), ((1, 0), "in-reverse")):
    _two_documents(_order, _label)


async def _finish_too_early(caller: Caller, play: Play[Stage], envelope: Envelope, reference: str, lacks: File) -> None:
    answer = await caller.finish(envelope, reference, "finish, too early")
    finished = caller.outcome(answer, envelope, says.MISSING, "MDOC")
    if finished is not None and finished.response_code == "MDOC":
        listed = list(finished.missing_additional_document_checksums or ())
        play.check(says.MISSING_LIST, listed == [lacks.checksum], found=listed, expected=[lacks.checksum])


def _one_byte_other(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@_scenario("document-size-differs", "A document has the declared checksum and another size than declared.")
async def document_size_differs(play: Play[Stage]) -> None:
    file, caller = a_file("packing-list.pdf"), play.kit.caller(play)

    def larger(manifest: Json) -> None:
        manifest["supportingDocuments"][0]["size"] += 1

    envelope = build(play.kit.to_system(supporting=[file]).changed(edit_manifest=larger))
    with play.action("The kit starts a transfer and declares a size that is one byte off."):
        reference = caller.started(await caller.start(envelope), envelope, envelope.files)
    with play.action("It sends the document."):
        answer = await caller.send(envelope, reference, file)
        caller.outcome(answer, envelope, says.CORRUPTED, "INCD")


# --- The order of calls ----------------------------------------------------------------------------------------------


@_scenario("finish-first", "The finish comes before any document.")
async def finish_first(play: Play[Stage]) -> None:
    envelope, reference = await _both(play, (0, 1))
    caller = play.kit.caller(play)
    with play.action("It finishes at once."):
        finished = caller.outcome(await caller.finish(envelope, reference), envelope, says.MISSING, "MDOC")
        if finished is not None and finished.response_code == "MDOC":
            listed = sorted(finished.missing_additional_document_checksums or ())
            play.check(
                says.MISSING_LIST, listed == sorted(envelope.files), found=listed, expected=sorted(envelope.files)
            )
    with play.action("It sends both documents."):
        await _sent(caller, envelope, reference, tuple(envelope.files.values()))
    await _closed(play, caller, envelope, reference)


@_scenario("document-twice", "A document comes twice.")
async def document_twice(play: Play[Stage]) -> None:
    envelope, reference = await _both(play, (0, 1))
    caller, (one, other) = play.kit.caller(play), _in(envelope, (0, 1))
    with play.action("It sends the first document twice, and the second."):
        await _sent(caller, envelope, reference, (one,))
        caller.taken(await caller.send(envelope, reference, one), says.TAKEN_TWICE)
        await _sent(caller, envelope, reference, (other,))
    await _closed(play, caller, envelope, reference)


@_scenario("finish-twice", "The finish is repeated, as after a lost answer.")
async def finish_twice(play: Play[Stage]) -> None:
    envelope, reference = await _both(play, (0, 1))
    caller = play.kit.caller(play)
    with play.action("It sends both documents."):
        await _sent(caller, envelope, reference, tuple(envelope.files.values()))
    await _closed(play, caller, envelope, reference)
    with play.action("It finishes again."):
        caller.accepted(await caller.finish(envelope, reference), envelope, says.FINISHED_TWICE, "DUPE", "RECE")


@_scenario("document-after-finish", "A document comes again after the finish.")
async def document_after_finish(play: Play[Stage]) -> None:
    envelope, reference = await _both(play, (0, 1))
    caller, files = play.kit.caller(play), tuple(envelope.files.values())
    with play.action("It sends both documents."):
        await _sent(caller, envelope, reference, files)
    await _closed(play, caller, envelope, reference)
    with play.action("A late copy of a document arrives; then the envelope comes again."):
        await caller.send(envelope, reference, files[0])
        caller.duplicate(await caller.start(envelope), envelope, envelope, says.STILL_ACCEPTED)


@_scenario("unknown-envelope-reference", "Documents and finish for a transfer that was never started.")
async def unknown_envelope_reference(play: Play[Stage]) -> None:
    caller, file = play.kit.caller(play), a_file("packing-list.pdf")
    envelope = build(play.kit.to_system(supporting=[file]))
    with play.action("The kit sends a document and a finish without a start."):
        caller.error(await caller.send(envelope, "no-such-envelope", file), says.UNKNOWN_REFERENCE)
        caller.error(await caller.finish(envelope, "no-such-envelope"), says.UNKNOWN_REFERENCE)


@_scenario(
    "replay-a-year-later",
    "An envelope that was accepted, and whose title has gone on, comes again a year later.",
    alone=True,
)
async def replay_a_year_later(play: Play[Stage]) -> None:
    kit, caller = play.kit.identities, play.kit.caller(play)
    envelope = build(play.kit.to_system(at=now() - timedelta(days=366)))
    with play.action("The kit hands over a title whose entry is a year old."):
        caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)
    with play.action("The platform hands it on to the kit's platform B."):
        receiving = play.kit.receives(play, envelope.reference, kit.b)
        await play.kit.transfer(envelope.reference, kit.b.user)
        await receiving.until_accepted()
        await play.kit.expect_where(play, envelope.reference, says.NOT_TAKEN_BACK, "away")
    with play.action("Its clock moves on by a year where that can be asked of it; the old envelope comes again."):
        await play.kit.system.controls.later(timedelta(days=366))
        answer = await caller.start(envelope, "start, the old envelope")
        caller.outcome(answer, envelope, says.REPLAYED, "DUPE", "DISE")
    await play.kit.expect_where(play, envelope.reference, says.NOT_TAKEN_BACK, "away")


# --- Errors ----------------------------------------------------------------------------------------------------------


@_scenario("no-envelope", "What comes is no envelope.")
async def no_envelope(play: Play[Stage]) -> None:
    caller, sender = play.kit.caller(play), play.kit.identities.a
    good = build(play.kit.to_system()).body()
    with play.action("The kit sends no JSON, then JSON that lacks a required member or has a wrong type."):
        caller.not_accepted(await caller.call("POST", "/envelopes", b"not json", sender, "no JSON"), says.NO_ENVELOPE)
        for name in good:
            lacking = {member: value for member, value in good.items() if member != name}
            caller.not_accepted(await caller.post("/envelopes", lacking, sender, f"without {name}"), says.NO_ENVELOPE)
        empty = good | {"envelopeTransferChain": []}
        caller.not_accepted(await caller.post("/envelopes", empty, sender, "an empty chain"), says.NO_ENVELOPE)
        caller.not_accepted(await caller.post("/envelopes", [good], sender, "a list"), says.NO_ENVELOPE)


@_scenario("no-json-error", "An error that is none of PINT's outcomes is an ErrorResponse.")
async def no_json_error(play: Play[Stage]) -> None:
    caller = play.kit.caller(play)
    with play.action("The kit sends a body that is no JSON."):
        answer = await caller.call("POST", "/envelopes", b"{", play.kit.identities.a, "half a JSON")
        caller.error(answer, says.NO_ENVELOPE)


@_scenario("no-token", "Somebody calls who does not say who they are.")
async def no_token(play: Play[Stage]) -> None:
    caller, envelope = play.kit.caller(play), build(play.kit.to_system())
    with play.action("The kit starts a transfer without a token, then with one."):
        caller.not_accepted(await caller.post("/envelopes", envelope.body(), None, "start, no token"), says.NO_TOKEN)
        caller.accepted(await caller.start(envelope), envelope, says.ACCEPTED)


# --- Receiver validation ---------------------------------------------------------------------------------------------


@_scenario("receiver-validation-known", "Who is behind the code of a party that the platform knows.")
async def receiver_validation_known(play: Play[Stage]) -> None:
    caller, account = play.kit.caller(play), play.kit.account
    with play.action("The kit asks for each of the party's codes."):
        for code in account["identifyingCodes"]:
            answer = await caller.post("/receiver-validation", code, play.kit.identities.a, "receiver validation")
            caller.validated(answer, account["partyName"])


@_scenario("receiver-validation-unknown", "Who is behind a code that nobody has, or of a list that is not supported.")
async def receiver_validation_unknown(play: Play[Stage]) -> None:
    caller, kit = play.kit.caller(play), play.kit.identities
    known = play.kit.account["identifyingCodes"][0]
    asked = (
        (known | {"partyCode": "KIT-NOBODY-HAS-THIS"}, says.UNKNOWN_PARTY),
        (known | {"codeListProvider": "FMC"}, says.SAME_FOR_ALL),
    )
    with play.action("The kit asks for codes that lead to nobody."):
        for code, sentence in asked:
            answer = await caller.post("/receiver-validation", code, kit.b, "receiver validation, unknown")
            caller.error(answer, sentence, statuses=range(404, 405))
