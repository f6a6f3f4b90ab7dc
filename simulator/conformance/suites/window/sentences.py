"""What the suites for windows verify: the sentences of docs/reference/api.md, in our words, by name.

Each has its likely cause and what to mend, told where it does not hold.
"""

from simulator.conformance.runner import Sentence

_API = "docs/reference/api.md"
_TAKING = f"{_API}, Taking delivery"
_SIGNED = f"{_API}, Receipt, delivery note, acknowledgement, event"
_RECEIVE = "docs/integrator.md, Receive and acknowledge"
_SEND = f"{_API}, documents"
_AGAIN = "docs/integrator.md, Safe to send again"
_TRUST = "docs/trust.md"
_JWT = "RFC 8725"


def _says(key: str, text: str, source: str, cause: str, fix: str, *, required: bool = True) -> Sentence:
    return Sentence(key, text, source, required, cause, fix)


# --- Taking delivery -------------------------------------------------------------------------------------------------

PUSH_200 = _says(
    "push.status", "The answer to a push is 200.", _TAKING, "the handler answers 201, 202 or 204", "answer 200"
)
PUSH_SHAPE = _says(
    "push.shape",
    "The answer is JSON with `acknowledgements`, a list of compact JWS.",
    _TAKING,
    "a single token, or another member name",
    'answer {"acknowledgements": ["...", ...]}',
)
ACK_COMES = _says(
    "ack.comes",
    "A delivery that holds is acknowledged.",
    _RECEIVE,
    "a check refuses what is right, or the handler fails",
    "look into your log for this message id; compare the note with the original's SHA-256",
)
ACK_XML = _says(
    "ack.xml",
    "A document in XML is acknowledged as one in JSON is.",
    _RECEIVE,
    "only JWS is read",
    "judge by the note's digest, whatever the syntax",
)
ACK_EACH = _says(
    "ack.each",
    "Of several deliveries each is acknowledged by itself.",
    _TAKING,
    "only the first of the list is taken",
    "go through the whole list",
)
ACK_SIGNED = _says(
    "ack.signed",
    "An acknowledgement is a JWS of typ tradebridge-ack+jws by the member's key for it.",
    _SIGNED,
    "another key, another typ, or `kid` is not member#thumbprint",
    "sign with the key that is registered for ack",
)
ACK_DIGEST = _says(
    "ack.digest",
    "It names the SHA-256 of the original.",
    _SIGNED,
    "the digest of the base64, or of the rendition",
    "hash the decoded bytes of `original`",
)
ACK_DELIVERY = _says(
    "ack.delivery", "It names the delivery.", _SIGNED, "the message id stands there", "copy `id` of the delivery"
)
ACK_MESSAGE = _says("ack.message", "It names the message.", _SIGNED, "the delivery id stands there", "copy `messageId`")
ACK_MEMBER = _says("ack.member", "It names the member that speaks.", _SIGNED, "a name, not the id", "your member id")
ACK_TIME = _says(
    "ack.time",
    "Its time lies within five minutes of its signature, in UTC.",
    _SIGNED,
    "local time, or a clock that is wrong",
    "UTC with Z, and a clock that is kept",
)
AGAIN = _says(
    "again.acknowledged",
    "Delivery is at least once: what comes again is acknowledged again.",
    _RECEIVE,
    "a duplicate is dropped without a word",
    "answer a known message id as the first time",
)
AGAIN_CHANGED = _says(
    "again.changed",
    "A known message id with other bytes is not acknowledged.",
    _RECEIVE,
    "a known id is acknowledged without a look",
    "check note and digest each time, before the look-up",
)
BESIDE = _says(
    "beside.acknowledged",
    "What is wrong with one delivery holds up no other: what is missing is tried again.",
    _TAKING,
    "one failure fails the whole page",
    "judge each delivery by itself",
)
DIGEST = _says(
    "note.digest",
    "An original that is not the one of the note is not acknowledged.",
    _RECEIVE,
    "the original is not hashed",
    "compare SHA-256 of the bytes with note.original.digest",
)
RECIPIENT = _says(
    "note.recipient",
    "A note for another member is not acknowledged.",
    _RECEIVE,
    "the note's recipient is not compared",
    "compare note.recipient with your id",
)
DELIVERY = _says(
    "note.delivery",
    "A note of another delivery is not acknowledged.",
    _RECEIVE,
    "the ids beside the note are believed",
    "compare note.delivery with `id`",
)
MESSAGE = _says(
    "note.message",
    "A note of another message is not acknowledged.",
    _RECEIVE,
    "the ids beside the note are believed",
    "compare note.messageId with `messageId`",
)
RENDITION = _says(
    "note.rendition",
    "A rendition that is not the one of the note is not acknowledged.",
    _RECEIVE,
    "only the original is hashed",
    "compare the rendition's SHA-256 with note.rendition.digest",
)
UNDECLARED = _says(
    "note.rendition-undeclared",
    "A rendition that the note does not tell of is not acknowledged.",
    _RECEIVE,
    "a rendition is taken wherever there is one",
    "with note.rendition null there must be none",
)
PULL_KEY = _says(
    "pull.key",
    "The inbox is asked with the member's API key as bearer token.",
    _TAKING,
    "no Authorization header, or another scheme",
    "Authorization: Bearer KEY",
)

# --- Attacks ---------------------------------------------------------------------------------------------------------

UNKNOWN_KEY = _says(
    "note.unknown-key",
    "A note by a key that is not on the trust list is not believed, whatever it says it is.",
    _TRUST,
    "a key is found by its member's name alone",
    "look the whole kid (member#thumbprint) up on the list",
)
SIGNATURE = _says(
    "note.signature",
    "A note whose signature does not match is not believed.",
    _SIGNED,
    "the payload is read without verifying",
    "verify first, read then",
)
ALG_NONE = _says(
    "note.alg-none", "A note with alg none is not believed.", f"{_JWT}, 3.1", "alg is read from the message", "pin alg"
)
EMBEDDED = _says(
    "note.embedded-key",
    "A key inside the header leads to no trust.",
    f"{_JWT}, 3.10",
    "`jwk` of the header is used",
    "take keys from the trust list only",
)
HUB_SPEAKS = _says(
    "note.hub-speaks",
    "A note by a trusted member that is not the hub is not believed.",
    _SIGNED,
    "any key of the list will do",
    "the signer must be the hub, its key for notes",
)
TYP = _says(
    "note.typ",
    "A JWS of another typ is no note.",
    f"{_JWT}, 3.11",
    "`typ` is not looked at",
    "typ must be tradebridge-note+jws",
)
WITHDRAWN_KEY = _says(
    "note.withdrawn",
    "A note signed by a key after its withdrawal is not believed.",
    _TRUST,
    "`withdrawn` of the list is not looked at",
    "compare iat and now with the key's withdrawal",
)
AHEAD = _says(
    "note.time-ahead",
    "A note from more than five minutes ahead is not believed.",
    _SIGNED,
    "iat is not looked at",
    "refuse what was signed later than now + 5 min",
)
DUPLICATE_MEMBER = _says(
    "note.duplicate-member",
    "A payload in which a member stands twice is no RFC 8785 JSON, and not believed.",
    _SIGNED,
    "the last one wins in your JSON reader",
    "refuse duplicate names",
)
NOT_JSON = _says(
    "push.not-json",
    "A push that is no JSON is answered by 4xx, not by a failure.",
    "RFC 9110, 15.5.1",
    "the exception of the JSON reader comes through",
    "answer 400",
)

# --- Sending ---------------------------------------------------------------------------------------------------------

SENDS_KEY = _says(
    "sends.key", "It shows its API key as bearer token.", _API, "no Authorization header", "Authorization: Bearer KEY"
)
SENDS_TO = _says(
    "sends.to",
    "The header Tradebridge-To names the recipient.",
    _SEND,
    "a header of another name",
    "Tradebridge-To: MEMBER",
)
SENDS_VALID = _says(
    "sends.valid",
    "The body is a document of a known profile, complete by its schema.",
    _SEND,
    "a field is missing or of another type",
    "`tb validate FILE` names each",
)
SENDS_SIGNED = _says(
    "sends.signed",
    "The document is signed by its issuer's key for documents.",
    "docs/integrator.md, Send, signed by you",
    "no signature, another typ, or a key for something else",
    "`tb sign` shows the right form",
)
SENDS_IDEMPOTENT = _says(
    "sends.idempotency-key",
    "It carries an Idempotency-Key, so that it can be sent again.",
    _AGAIN,
    "none is set",
    "set one for each document",
    required=False,
)
LOST_AGAIN = _says(
    "lost.again",
    "After a lost answer the document is sent again.",
    _AGAIN,
    "a broken connection is taken for an answer",
    "try again until there is an answer",
)
LOST_SAME = _says(
    "lost.same-bytes",
    "What is sent again is the same, byte for byte.",
    _AGAIN,
    "it is made and signed anew for each try",
    "keep the bytes before the first try",
)
LOST_KEY = _says(
    "lost.same-key",
    "It has the same Idempotency-Key.",
    _AGAIN,
    "a new key for each try",
    "keep the key with the bytes",
    required=False,
)
BUSY_AGAIN = _says(
    "busy.again",
    "After a 503 the document is sent again.",
    _AGAIN,
    "each error is final",
    "try again after 429 and 5xx",
)
REFUSED_ENDS = _says(
    "refused.ends",
    "What was refused by 422 is not sent again as it was.",
    _SEND,
    "each error is tried again",
    "end at 4xx but 429; mend the document first",
)

# --- Officers --------------------------------------------------------------------------------------------------------

EVENT_COMES = _says(
    "event.comes",
    "What the officer said comes as an event on the document.",
    _SIGNED,
    "the decision stays inside",
    "POST /v1/documents/{id}/events",
)
EVENT_SIGNED = _says(
    "event.signed",
    "It is a JWS of typ tradebridge-event+jws by the member's key for events.",
    _SIGNED,
    "another key or typ",
    "sign with the key that is registered for event",
)
EVENT_FORM = _says(
    "event.form",
    "Its payload has the members of tradebridge-event/1 and no others.",
    _SIGNED,
    "a member is missing, or one too many",
    "`tb validate FILE` names each",
)
EVENT_DOCUMENT = _says(
    "event.document", "It names the document.", _SIGNED, "the message id stands there", "documentId of the note"
)
EVENT_CONTENT = _says(
    "event.content",
    "It names the digest of the document's content.",
    _SIGNED,
    "the digest of the bytes that came",
    "hash the content: of a JWS its payload",
)
EVENT_TYPE = _says(
    "event.type", "It says what the officer said.", "docs/life.md", "codes of your own", "map them to the types"
)
EVENT_SEQUENCE = _says(
    "event.sequence",
    "The first word on a document expects the sequence 0.",
    _SIGNED,
    "it counts from 1, or all documents together",
    "the sequence counts per document and recipient, from 0",
)
EVENT_ACTOR = _says("event.actor", "actor.member is the member.", _SIGNED, "the person's name", "your member id")
EVENT_RECIPIENT = _says(
    "event.recipient", "recipient is the member whose decision it is.", _SIGNED, "the sender's id", "your member id"
)
EVENT_REASONS = _says(
    "event.reasons",
    "A query or a rejection gives its reasons.",
    "docs/life.md",
    "the officer's text is not carried over",
    "at least one reason with a code",
)
EVENT_SAME = _says(
    "event.same-again",
    "After a 503 the same event comes again, byte for byte.",
    f"{_API}, events: the same bytes again get the same answer",
    "it is signed anew for each try",
    "keep the token before the first try",
)

# --- Its life --------------------------------------------------------------------------------------------------------

LIFE_ACK = _says(
    "life.event-acknowledged",
    "An event on a document is acknowledged as a document is.",
    _RECEIVE,
    "only documents are known to the handler",
    "take what has the profile tradebridge-event/1 as well",
)
LIFE_SEQUENCE = _says(
    "life.sequence-seen",
    "A word states the sequence that was seen: what others said counts too.",
    _SIGNED,
    "only own words are counted",
    "of each event that is delivered keep expectedSequence + 1",
)
LIFE_ENDED = _says(
    "life.nothing-after-end",
    "Of a document that was cancelled nothing more is said.",
    "docs/life.md",
    "the cancellation is stored and not looked at",
    "look at the document's life before an officer may act",
)

# --- A bad day -------------------------------------------------------------------------------------------------------

TOO_MANY_AGAIN = _says(
    "too-many.again",
    "After a 429 the document is sent again.",
    _AGAIN,
    "each 4xx is final",
    "try 429 again, after Retry-After",
)
GOES_ON = _says(
    "busy.goes-on",
    "It goes on trying while the hub is busy.",
    _AGAIN,
    "there is one second try and no third",
    "try until there is an answer, less and less often",
)
OUT_OF_ORDER = _says(
    "order.event-first",
    "An event that came before its document holds up neither.",
    "docs/integrator.md, Delivery is at least once",
    "the handler fails where the document is not there, or remembers the event as broken",
    "keep the event, or leave it unacknowledged: it comes again",
)
PAGE = _says(
    "page.each",
    "Of a large page each delivery is acknowledged.",
    f"{_TAKING}: at most 500 or 16 MB",
    "the list is cut at a size of your own",
    "take up to 500 at once",
)

# --- Verifying -------------------------------------------------------------------------------------------------------

VERDICT = _says(
    "verifier.answers",
    "The verifier answers with a verdict: yes or no.",
    "docs/connect-a-window.md",
    "an error, or another shape",
    'answer {"verdict": "yes"} or {"verdict": "no"}, also of rubbish',
)


def verdict(key: str, text: str, source: str, cause: str) -> Sentence:
    """The sentence of one vector."""
    return _says(f"verifier.{key}", text, source, cause, "the vector is in the report, byte for byte")
