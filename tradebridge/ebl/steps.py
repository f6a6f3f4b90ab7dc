"""Every place between two effects where a platform can be killed, by name.

1. The engine calls `await host.step(name)` there, and nowhere else: what lies between two neighbouring names is one
   effect (one commit, one file, one request, one answer).
2. A host that is real does nothing at a step. A simulated one can stop there, so that a test kills it (`--hold NAME`).
3. `SENDER`, `RECEIVER`, `ISSUER` and `SURRENDER` list the names in the order in which they are passed.
"""

SEND_LOCKED = "send.locked"
"""The title is locked and the envelope stored; nobody has heard of it."""
SEND_OFFERED = "send.offered"
"""The registry has the offer; the receiver has heard nothing. Only with a registry."""
SEND_STARTED = "send.started"
"""The receiver answered 201; nothing was noted."""
SEND_DOCUMENT_SENT = "send.document-sent"
"""The receiver took one additional document. Passed once a document."""
SEND_FINISHING = "send.finishing"
"""All is sent; the transfer is not closed."""
SEND_ANSWERED = "send.answered"
"""The signed answer is in memory, and not on the disk."""
SEND_SETTLED = "send.settled"
"""The title is away, or here again."""

RECEIVE_ARRIVED = "receive.arrived"
"""An envelope was judged; nothing is stored."""
RECEIVE_STARTED = "receive.started"
"""The transfer is active on the disk; 201 was not said."""
RECEIVE_DOCUMENT_WRITTEN = "receive.document-written"
"""An additional document is in a file under a passing name."""
RECEIVE_DOCUMENT_KEPT = "receive.document-kept"
"""It is kept; 204 was not said."""
RECEIVE_ACCEPTING = "receive.accepting"
"""Ready to accept; nothing says so yet but, with a registry, the intent on the disk."""
RECEIVE_REGISTERED = "receive.registered"
"""The registry has the acceptance; the title is not here yet. Only with a registry."""
RECEIVE_ACCEPTED = "receive.accepted"
"""The title is here; RECE was not said."""
RECEIVE_REFUSED = "receive.refused"
"""The entry is dead; BENV was not said."""

ISSUE_ARRIVED = "issue.arrived"
"""An issuance request was judged; nothing is stored."""
ISSUE_STORED = "issue.stored"
"""The title and the carrier's answer are stored; 204 was not said."""
ISSUE_REGISTERED = "issue.registered"
"""The registry has the title in this platform's control; it is not here yet. Only with a registry."""
CALL_SENDING = "call.sending"
"""A request to the carrier (issuance response, surrender request) is about to be made."""
CALL_ANSWERED = "call.answered"
"""The carrier took it; nothing was noted."""

SURRENDER_ARRIVED = "surrender.arrived"
"""The carrier's answer to a surrender was judged; nothing is stored."""
SURRENDER_STORED = "surrender.stored"
"""The answer and what follows from it are stored; 204 was not said."""

SENDER = (
    SEND_LOCKED,
    SEND_OFFERED,
    SEND_STARTED,
    SEND_DOCUMENT_SENT,
    SEND_FINISHING,
    SEND_ANSWERED,
    SEND_SETTLED,
)
RECEIVER = (
    RECEIVE_ARRIVED,
    RECEIVE_STARTED,
    RECEIVE_DOCUMENT_WRITTEN,
    RECEIVE_DOCUMENT_KEPT,
    RECEIVE_ACCEPTING,
    RECEIVE_REGISTERED,
    RECEIVE_ACCEPTED,
    RECEIVE_REFUSED,
)
ISSUER = (ISSUE_ARRIVED, ISSUE_STORED, ISSUE_REGISTERED, CALL_SENDING, CALL_ANSWERED)
SURRENDER = (SURRENDER_ARRIVED, SURRENDER_STORED, CALL_SENDING, CALL_ANSWERED)
STEPS = tuple(dict.fromkeys((*SENDER, *RECEIVER, *ISSUER, *SURRENDER)))
