"""What is wrong as a rule where a sentence of PINT does not hold, and what to do: by the sentence's name.

It is experience and no part of the specification: a likely cause is where to look first.
"""

from collections.abc import Mapping

MENDING: Mapping[str, tuple[str, str]] = {
    # Any answer
    "answer.comes": (
        "the handler waits for something, or fails before it answers",
        "answer first what is known; log why",
    ),
    "answer.api-version": ("the header is left to a gateway that has none", "send API-Version: 3.0.0 with each answer"),
    "outcome.signed": (
        "another key, or plain JSON",
        "answer a JSON string: the compact JWS, by the key of your certificate",
    ),
    "outcome.readable": ("a member is missing or named otherwise", "compare with EnvelopeTransferFinishedResponse"),
    "outcome.names-entry": (
        "the checksum of an earlier entry, or of its payload",
        "SHA-256 of the last entry's compact JWS",
    ),
    "outcome.http": ("each outcome is 200, or each refusal 400", "map the seven codes to 200, 409 and 422"),
    "outcome.lists-only-where-due": ("the lists are always written", "leave them out of BSIG, BENV, DISE and INCD"),
    # The start
    "rece.at-start": ("a finish is waited for though nothing is to come", "with no documents missing accept at once"),
    "started.201": ("200, or a signed body", "answer 201 with plain JSON"),
    "started.readable": ("a member is missing or named otherwise", "compare with EnvelopeTransferStartedResponse"),
    "started.checksums": ("digests of something else", "RFC 8785 of the document; the compact JWS of the last entry"),
    "started.missing": (
        "all declared ones are listed, or the visualisation is forgotten",
        "declared minus those there",
    ),
    "started.retry": ("a second active transfer is made", "look for the active one of this entry first"),
    # Documents and the finish
    "document.204": ("the body is taken for bytes", "it is a JSON string in base64: decode, then hash"),
    "document.again": ("a document that is there is a conflict", "the same bytes again are 204"),
    "incd.corrupted": ("only the path's checksum is looked at", "hash and measure the decoded bytes"),
    "incd.undeclared": ("any document is stored", "look the checksum up in the manifest"),
    "rece.at-finish": ("201 or 204 without a signed body", "accept, sign RECE, answer 200"),
    "rece.documents": ("the list is left out where it is not empty", "list all declared checksums"),
    "mdoc.at-finish": ("the finish accepts without a count", "compare declared with received; answer MDOC, 409"),
    "mdoc.list": ("all declared ones are listed, or none", "declared minus received"),
    "finish.again": ("the transfer is forgotten once accepted", "keep the last word by entry and say it again"),
    # Duplicates and disputes
    "dupe.same-entry": ("duplicates are known by envelope, not by entry", "keep the accepted entry's payload checksum"),
    "dupe.accepted-entry": ("the entry just received is repeated", "store and give the one that was accepted"),
    "dupe.entry-signed-again": ("another signature makes another entry", "compare payloads, not tokens"),
    "dise.contradicts": ("the chain is taken as it comes", "compare it with the chain that you hold"),
    "dise.one-of-two": ("each active transfer is accepted by itself", "lock the title at the acceptance"),
    "notice.moves-nothing": ("each envelope moves possession", "look at actionCode: an endorsement only tells"),
    "replay.no-second-acceptance": (
        "what was accepted is forgotten when the title leaves",
        "keep accepted entries for ever",
    ),
    "replay.control-stays": ("the replay is refused, and the title changed before", "decide first, store then"),
    "dispute.first-stays": ("a dispute resets the transfer", "the first word stays the last word"),
    "benv.never-after-rece": ("an envelope is judged before it is looked up", "look the entry up first"),
    # Refusals
    "bsig.signature": ("the payload is read without verifying", "verify manifest and each entry by the exchanged keys"),
    "spoilt.not-accepted": ("what cannot be read is skipped", "refuse what is not whole"),
    "bsig.algorithm": ("alg comes from the header", "take the algorithm from the certificate's key"),
    "bsig.retry": ("BSIG is remembered like BENV", "remember final words only: BSIG is none"),
    "refused.issuance-manifest": (
        "the signer of the issuance manifest is not looked at",
        "verify by the carrier's key",
    ),
    "benv.recipient-platform": ("the recipient's platform is not compared", "eblPlatform must be your code"),
    "benv.recipient": ("unknown parties get a default account", "look each identifying code up"),
    "benv.for-ever": ("a refusal is not stored", "store BENV by the entry's checksum"),
    "benv.action": ("unknown action codes fall through", "know the list, refuse others"),
    "refused.last-entry": ("the manifest's checksum is not compared", "SHA-256 of the last token against the manifest"),
    "benv.chain-order": ("entries are verified one by one only", "check each entry's previous checksum"),
    "refused.document-checksum": ("the document is stored unhashed", "RFC 8785, SHA-256, against the manifest"),
    "benv.entry-of-another-document": (
        "the entry's document is not compared",
        "each entry names this document's checksum",
    ),
    "benv.issue-once": ("ISSUE is accepted anywhere", "once, first, in the first entry"),
    "benv.first-has-no-previous": ("the first entry's link is ignored", "refuse one that has it"),
    "refused.no-issuance-manifest": ("a missing manifest passes as nothing to verify", "require it in the first entry"),
    "benv.not-the-possessor": ("the actor is not followed through the chain", "replay the transactions"),
    "benv.after-sacc": ("the end of the title is not looked at", "after SACC refuse all that is new"),
    "benv.surrender-not-to-carrier": (
        "the recipient of a surrender is not looked at",
        "compare with the issuing carrier",
    ),
    "benv.visualisation": ("the visualisation is compared in the last entry only", "compare it in each entry"),
    "benv.registry-in-later-entry": ("the member is ignored in later entries", "refuse it there"),
    "registry.not-recorded": ("the registry is not asked", "ask the one that the first entry names, before RECE"),
    "refused.other-sender": (
        "any known platform's signature will do",
        "signer, caller and last entry's platform are one",
    ),
    # Errors and validation
    "error.unsigned": ("the framework's own error page", "answer an ErrorResponse for each 4xx and 5xx"),
    "error.no-envelope": (
        "the exception comes through as 500, or an empty chain is accepted",
        "validate before anything",
    ),
    "error.unknown-reference": ("an unknown reference is made anew", "answer 404"),
    "error.no-token": ("the token is checked on some paths only", "check it before the body is read"),
    "validation.200": ("the code's list provider is ignored", "look up by provider and code; answer partyName"),
    "validation.404": ("200 with an empty name", "answer 404"),
    "validation.vague": ("another status tells what lists there are", "answer 404 alike"),
    # What a sender sends
    "sends.start": (
        "the transfer waits in a queue, or went elsewhere",
        "see your log; is the kit's address configured?",
    ),
    "sends.token": ("another peer's token", "compare with tokenOut of peers.json"),
    "sends.envelope": ("a member is missing or named otherwise", "compare with EblEnvelope"),
    "sends.manifest-signed": ("it is sent as plain JSON", "sign it as a compact JWS by your key"),
    "sends.document-unchanged": (
        "the document goes through a model that drops or adds members",
        "keep its JSON as it came",
    ),
    "sends.checksums": ("the hash is over JSON as written", "RFC 8785 first, then SHA-256 in hex"),
    "sends.chain": ("entries are decoded and written anew", "keep and send the tokens as they came"),
    "sends.entry-signed": (
        "the entry names another platform",
        "eblPlatform is your code, the key that of your certificate",
    ),
    "sends.entry-linked": ("the checksum is of the payload", "SHA-256 of the previous compact JWS"),
    "sends.transaction": ("actor and recipient are swapped, or of an earlier step", "who has it now, to whom it goes"),
    "sends.time": ("local time, or seconds", "UTC with Z and three digits"),
    "sends.visualisation": ("it is kept and not handed on", "declare it and send it each time"),
    "sends.supporting": ("size or media type is left out", "describe each document in the manifest"),
    "sends.documents": ("raw bytes are sent", "a JSON string in base64, to the path of its checksum"),
    "sends.finish": ("201 is taken for the acceptance", "call finish-transfer when all documents are there"),
    # What a sender makes of answers
    "sender.hands-over": (
        "only RECE with 200 is known, or the signature does not verify",
        "RECE and DUPE, by responseCode",
    ),
    "sender.stops": ("a timer goes on", "end the delivery with the acceptance"),
    "sender.retries": ("an error is final", "retry until a signed answer comes"),
    "sender.same-envelope": ("the envelope is made anew for each try", "store it before the first try"),
    "sender.resends-missing": ("MDOC is final", "send what it lists, then finish"),
    "sender.resends-inconclusive": ("INCD is final", "send the document again, or start anew"),
    "sender.keeps-after-refusal": ("the title stays locked", "a signed BENV for this entry unlocks it"),
    "sender.new-entry-after-refusal": ("the stored envelope is used again", "make a new entry for the next transfer"),
    "sender.code-decides": ("the status decides", "read the signed responseCode first"),
    "sender.not-on-unsigned": ("a status alone is believed", "act on what the receiver signed, and on nothing else"),
    "sender.not-on-foreign": (
        "any trusted key will do, or the entry is not compared",
        "its key, and this entry's checksum",
    ),
    "sender.not-on-dispute": ("DISE is taken for a refusal", "leave it in doubt, and tell a person"),
    "sender.after-bsig": ("BSIG hands over, or locks for ever", "retry the same entry, or keep the title"),
    "sender.betr": ("an unknown code counts as accepted", "hand over on RECE and DUPE only"),
    "sender.locked": ("the title is free until the answer comes", "lock it before the first call"),
}
