"""What the hub itself refuses, whatever the kind of document: access, members, routing, order, repetition.

These stand here, beside the findings of the families, so that the API, `tb explain` and the docs read one catalogue.
"""

from schemas.findings import Kind, Severity, register

_KEY = "Use the key that the operator gave you, or ask for a new one."

ACCESS = register(
    [
        Kind(
            "access.key-missing",
            "The request names no API key.",
            "Send the header Authorization: Bearer KEY.",
            status=401,
        ),
        Kind("access.key-unknown", "The API key is not known, or no longer valid.", _KEY, status=401),
        Kind("access.scope", "The API key may not do this.", "Use a key with the scope named.", status=403),
        Kind("access.suspended", "The member is suspended.", "Ask the operator why, and when it ends.", status=403),
        Kind(
            "access.not-yours",
            "There is no such thing among what this member sent or received.",
            "Check the id, and with whose key you ask.",
            status=404,
        ),
    ]
)

MEMBERS = register(
    [
        Kind("member.malformed", "The member's description is wrong.", "Mend what the pointer names."),
        Kind(
            "member.out-of-reach",
            "The hub does not push to this address.",
            "Name one on the public internet, by https: the hub of a pilot calls no private or reserved address.",
        ),
        Kind("observer.exists", "An observer of this name exists.", "Remove that one first.", status=409),
        Kind(
            "observer.malformed",
            "The observer of the log cannot be taken as it is described.",
            "Mend the member named by the pointer: docs/reference/api.md lists them.",
        ),
        Kind(
            "observer.same-key",
            "The key of this witness is another witness's, or the log's own: it would count twice, or for nothing.",
            "Give the verifier key of a witness that has a key of its own, in other hands.",
            status=409,
        ),
        Kind("observer.too-many", "The log has as many observers as it can.", "Remove one first.", status=409),
        Kind(
            "timestamp.no-authority",
            "No timestamp authority is named to this hub.",
            "Ask the operator to name one: POST /v1/log/observers.",
            status=409,
            clause="2.4",
            source="RFC 3161",
        ),
        Kind(
            "timestamp.unavailable",
            "No timestamp authority gave a timestamp that holds.",
            "Ask again in a minute; if it stays so, tell the operator which authority was asked.",
            status=503,
            clause="2.4",
            source="RFC 3161",
        ),
        Kind("observer.unknown", "There is no such observer.", "See GET /v1/log/observers.", status=404),
        Kind(
            "member.test-key",
            "A test key cannot be registered here: anybody can derive it.",
            "Make a real key: test keys are for simulation, and pilot mode refuses them by the marker they carry.",
            status=403,
        ),
        Kind("authority.exists", "The member has this authority already.", "Revoke that one first.", status=409),
        Kind(
            "trust.unknown-key",
            "No key or authority of this name is on the trust list.",
            "See the names: `tb trust show`.",
            status=404,
        ),
        Kind(
            "trust.unknown-version",
            "There is no such version of the trust list.",
            "See which there are: `tb trust show --versions`.",
            status=404,
        ),
        Kind(
            "trust.no-next-key",
            "There is no next key of the hub to rotate to.",
            "Put the next key where the hub's keys are kept, as docs/trust.md says, and rotate again.",
            status=409,
        ),
        Kind(
            "trust.key-in-use",
            "This is the key that the hub signs with now.",
            "Rotate first (`tb trust rotate HUB`), then revoke the old key.",
            status=409,
        ),
        Kind("member.exists", "A member of this name exists.", "Choose another id, or change that member.", status=409),
        Kind(
            "member.unknown",
            "There is no such member.",
            "See GET /v1/members, or `tb member list`, for who takes part.",
            status=404,
        ),
        Kind(
            "member.key-taken",
            "This key belongs to a member already.",
            "Make a key of its own for each member and purpose.",
            status=409,
        ),
        Kind(
            "title.not-your-party",
            "This member does not act for that party.",
            "Name a party that the member has an account for: GET /v1/members/{id} lists them.",
            status=403,
        ),
        Kind(
            "member.platform-taken",
            "This eBL platform code is another's.",
            "Give each platform the code that it signs with; the hub's own is the setting platform_code.",
            status=409,
        ),
        Kind(
            "member.account-taken",
            "This party code leads to another account already.",
            "Name each party code once: a transfer to it must find one account.",
            status=409,
        ),
        Kind(
            "member.too-many-keys",
            "The member has as many API keys as it may.",
            "Let one end, or end all with a rotation without overlap.",
            status=409,
        ),
        Kind(
            "member.unknown-key",
            "The member has no signing key of this name.",
            "Name one as it stands at the member: GET /v1/members/{id}.",
            status=404,
        ),
        Kind(
            "member.key-withdrawn",
            "The key was withdrawn already, from this moment or an earlier one.",
            "Leave it, or name an earlier moment: a withdrawal is never taken back.",
            status=409,
        ),
    ]
)

ROUTING = register(
    [
        Kind(
            "route.no-recipient",
            "The submission names no recipient.",
            "Name one or more members in the header Tradebridge-To.",
        ),
        Kind(
            "route.unknown-recipient",
            "There is no such recipient.",
            "See GET /v1/members, or `tb member list`, for who takes part.",
        ),
        Kind("route.twice", "A recipient is named twice.", "Name each recipient once."),
        Kind("route.not-a-recipient", "The member takes no deliveries.", "Send to a member with the role recipient."),
        Kind(
            "route.suspended-recipient",
            "The recipient is suspended and takes nothing at present.",
            "Ask the operator, or send later.",
        ),
        Kind(
            "route.profile-not-accepted",
            "The recipient does not accept this profile.",
            "Send one of the profiles that the recipient accepts, or choose another recipient.",
        ),
        Kind(
            "route.issuing-side-only",
            "Only an issuing authority of the exporting country may have this.",
            "Send it to the authority that is to issue the certificate; it is not forwarded.",
        ),
        Kind("route.to-itself", "The sender is among the recipients.", "Leave the sender out of Tradebridge-To."),
        Kind("route.already-there", "The document has gone to this recipient already.", "Leave it out.", status=409),
        Kind(
            "route.may-not-send",
            "The member may not send this.",
            "Ask the operator for the role or profile.",
            status=403,
        ),
    ]
)

ORDER = register(
    [
        Kind(
            "document.duplicate",
            "The same content has been accepted already, under this or another signature.",
            "Use the first document; its receipt is in this answer if it was you who sent it.",
            status=409,
        ),
        Kind(
            "document.number-taken",
            "The issuer has given this number to another content.",
            "Give a new number; a corrected document replaces, it does not overwrite.",
            status=409,
        ),
        Kind("document.unknown", "There is no such document.", "Check the id.", status=404),
        Kind(
            "document.signature-unsupported",
            "This kind of document must come as a signed message.",
            "Send a compact JWS (application/jose).",
        ),
        Kind(
            "event.duplicate",
            "An event with this id has been accepted already.",
            "Nothing: the first one counts. A new event needs a new id.",
            status=409,
        ),
        Kind(
            "event.other-document",
            "The event is about another document than the address says.",
            "Send it to its own document.",
        ),
        Kind(
            "event.time-ahead",
            "The event is dated more than five minutes ahead of the hub's clock.",
            "Set the clock right, then sign the event anew.",
        ),
    ]
)

REQUESTS = register(
    [
        Kind(
            "request.idempotency-mismatch",
            "This Idempotency-Key was used for other bytes.",
            "Use a new key for a new submission.",
            clause="2.7",
            source="draft-ietf-httpapi-idempotency-key-header-07",
        ),
        Kind(
            "request.idempotency-malformed",
            "The Idempotency-Key is not usable.",
            "Send 1 to 255 visible ASCII characters.",
            status=400,
        ),
        Kind("request.malformed", "The request is not what this call takes.", "See /docs for the call.", status=400),
        Kind(
            "request.not-found", "There is nothing at this address.", "See /docs for what the hub offers.", status=404
        ),
        Kind("request.method", "This address does not take the method.", "See /docs for the call.", status=405),
        Kind(
            "request.not-acceptable",
            "The document cannot be given in this form.",
            "Ask for another media type.",
            status=406,
        ),
        Kind("request.cursor", "The cursor is not one that the hub gave.", "Start again without a cursor.", status=400),
        Kind(
            "request.too-many",
            "The caller has as many of these open as it may.",
            "Let one end, then send it again after the seconds of Retry-After.",
            status=429,
        ),
        Kind(
            "request.too-often",
            "This address asks more often than it may.",
            "Ask again after the seconds of Retry-After.",
            status=429,
        ),
        Kind(
            "request.too-slow",
            "The body of the request came too slowly; nothing was kept.",
            "Send it again over a better line: the seconds named are for the whole body.",
            status=408,
        ),
        Kind("request.unknown-space", "There is no such space.", "Create it first: POST /v1/spaces.", status=404),
        Kind("request.space-exists", "A space of this name exists.", "Choose another name.", status=409),
        Kind(
            "hub.unavailable",
            "The hub cannot take this now; nothing was kept.",
            "Send it again, with the same Idempotency-Key.",
            status=503,
        ),
        Kind(
            "hub.busy",
            "The hub has as many of these in hand as it takes at once; nothing was kept.",
            "Send it again after the seconds of Retry-After.",
            status=503,
        ),
        Kind("hub.bug", "The hub failed; nothing was kept.", "Send it again later, and tell the operator.", status=500),
    ]
)

BATCH = register(
    [
        Kind(
            "batch.media-type",
            "A batch comes as lines of JSON or as a zip archive.",
            "Send Content-Type: application/x-ndjson or application/zip.",
            status=400,
        ),
        Kind("batch.too-large", "The batch is larger than one request may be.", "Send several batches.", status=413),
        Kind("batch.too-many", "The batch has more documents than it may.", "Send several batches.", status=413),
        Kind(
            "batch.line",
            "A line of the batch is not what a batch is made of.",
            'Write {"to": [...], "content": base64} in one line; profile, idempotencyKey and name are optional.',
            status=400,
        ),
        Kind(
            "batch.line-too-large",
            "A line of the batch is longer than it may be.",
            "Send this document by itself, or in a zip archive.",
            status=413,
        ),
        Kind(
            "batch.not-an-archive",
            "The archive cannot be read.",
            "Pack the documents into one plain zip file, each name once.",
            status=400,
        ),
        Kind(
            "batch.entry-unreadable",
            "A file in the archive cannot be unpacked.",
            "Pack it anew, without a password.",
        ),
        Kind(
            "batch.expands",
            "What is unpacked from the archive is larger than it may be.",
            "Send fewer or smaller documents in one archive.",
            status=413,
        ),
    ]
)

DELIVERY = register(
    [
        Kind(
            "ack.unknown-delivery",
            "There is no such delivery to this member.",
            "Acknowledge what the inbox or a push gave.",
        ),
        Kind(
            "ack.wrong-message",
            "The acknowledgement names another message than the delivery.",
            "Take the messageId that stands beside the delivery's id.",
        ),
        Kind(
            "ack.wrong-digest",
            "The acknowledgement names another digest than the delivery.",
            "Take the digest of the original's bytes.",
        ),
        Kind("ack.wrong-member", "The acknowledgement is signed by another member.", "Sign with the recipient's key."),
        Kind(
            "delivery.not-dead",
            "The delivery is neither dead nor to be tried again.",
            "By hand only what is dead is sent again, or what waits for its next attempt.",
            status=409,
        ),
        Kind("delivery.unknown", "There is no such delivery.", "See GET /v1/deliveries.", status=404),
    ]
)

POLICY = register(
    [
        Kind(
            "signature.suspended-issuer",
            "The member that signed the document is suspended.",
            "Wait until the operator lets the issuer take part again; what was accepted before stays.",
        ),
        Kind(
            "signature.unsigned",
            "The document is not signed; the hub attests only that it received it.",
            "Sign it before sending: tb sign FILE --member ID > signed, then send that.",
            severity=Severity.WARNING,
        ),
    ]
)

LIFE = register(
    [
        Kind(
            "document.replaces-not-yours",
            "Another member issued the document in whose place this one shall stand.",
            "Only the issuing side of a document replaces it: ask it to.",
            status=403,
        ),
        Kind(
            "application.certificate-unknown",
            "The certificate that the event names is none that this authority has issued through the hub.",
            "Send the certificate first, or leave its document id out where it travels another way.",
            status=409,
        ),
        Kind(
            "application.certificate-other-number",
            "The certificate that the event names has another number.",
            "Give the number that stands on the certificate.",
        ),
    ]
)

RETENTION = register(
    [
        Kind(
            "document.deleted",
            "The document was kept for its years and is deleted; the log has the record of it.",
            "A bundle that you hold proves it as before: `tb verify FILE`. The record named says who deleted it.",
            status=410,
        ),
        Kind("retention.held", "The document is held already.", "Let it go first, to give another reason.", status=409),
        Kind("retention.not-held", "The document is not held.", "See `tb retention show` for what is.", status=409),
    ]
)

WEBHOOKS = register(
    [
        Kind(
            "webhook.unknown",
            "There is no webhook of this id among one's own.",
            "List them: tb webhook list.",
            status=404,
        ),
        Kind(
            "webhook.malformed",
            "The webhook cannot be taken as it is described.",
            "Mend the member named by the pointer: docs/webhooks.md lists them.",
        ),
        Kind(
            "webhook.out-of-reach",
            "The hub does not call this address.",
            "Name one that is on the public internet: the hub of a pilot calls no private, local or reserved address.",
        ),
        Kind(
            "webhook.too-many",
            "The member has as many webhooks as it may.",
            "Remove one first: tb webhook remove ID.",
            status=409,
        ),
        Kind(
            "webhook.no-delivery",
            "The webhook has no delivery to send again by this name or state.",
            "List them: tb webhook deliveries ID. One that is under way is not sent twice.",
            status=404,
        ),
    ]
)

CONSOLE = register(
    [
        Kind(
            "console.closed",
            "Nobody is signed in, or not any more. Without sign-in the Workbench is open in a simulation only.",
            "Sign in, and do it again.",
            status=403,
        ),
        Kind(
            "console.role",
            "This is not for the roles, or the member, of who is signed in.",
            "Sign in as somebody who may, or ask the operator: `tb person role`.",
            status=403,
        ),
        Kind(
            "console.old-page",
            "The form comes from another session: its token does not fit.",
            "Open the page again and repeat what you did.",
            status=403,
        ),
        Kind(
            "console.no-tls",
            "People sign in over TLS only: a password must not go through a network in clear.",
            "Use the https address. Behind a proxy that ends TLS, set TRADEBRIDGE_BASE_URL to the https address.",
            status=403,
        ),
        Kind(
            "console.other-site",
            "A page of another site asks for this.",
            "Do it on the hub's own page, or by the API with a key.",
            status=403,
        ),
        Kind(
            "console.nobody-to-send",
            "No simulated members are here, one that issues a Form D and one of another country that takes it.",
            "Start hub and world: `tb up`.",
            status=409,
        ),
        Kind(
            "console.world-refused",
            "The simulated world does not take this.",
            "Mend what is named.",
            status=422,
        ),
        Kind(
            "console.world-away",
            "The simulated world, which would do it, does not.",
            "Start hub and world: `tb up`. Where both run, see the world's log.",
            status=503,
        ),
    ]
)

DESK = register(
    [
        Kind(
            "desk.nobody",
            "Your member has no desk here.",
            "Ask the operator, or run a simulation: `tb up --desk th`.",
            status=409,
        ),
        Kind(
            "desk.no-case",
            "There is no such case at this desk.",
            "Look for it in the queue, or by its number.",
            status=404,
        ),
        Kind("desk.role", "Your role may not do this.", "Ask a colleague who may, or your administrator.", status=403),
        Kind(
            "desk.assigned-already",
            "Somebody else works on this case.",
            "Leave it to who is named, or let a supervisor give it to you.",
            status=409,
        ),
        Kind(
            "desk.moved-on",
            "The case has moved on since you opened it: nothing of yours was sent.",
            "Read what was said meanwhile, then decide.",
            status=409,
        ),
        Kind(
            "desk.four-eyes",
            "Another officer says this decision than the one who proposed it.",
            "Leave it to a colleague, or take the proposal back.",
            status=409,
        ),
        Kind(
            "desk.proposed-already",
            "A decision on this case is proposed already.",
            "Confirm it, or decline it first.",
            status=409,
        ),
        Kind("desk.no-proposal", "No decision on this case is proposed any more.", "Read the case anew.", status=409),
        Kind("desk.incomplete", "Something is missing in what you want to say.", "Fill in what is named."),
        Kind(
            "desk.no-key",
            "The hub holds no key by which it could sign for this member.",
            "Ask the operator: docs/officer.md says which custody has them.",
            status=503,
        ),
    ]
)

register(
    [
        Kind("person.malformed", "This is no description of a person.", "Mend what is named.", status=422),
        Kind("person.unknown", "There is nobody of this name.", "See `tb person list`.", status=404),
        Kind(
            "person.exists",
            "There is somebody of this name already, perhaps suspended: names are never given twice.",
            "Choose another, or `tb person resume`.",
            status=409,
        ),
        Kind(
            "person.not-signed-in",
            "The name, the password or the code is not right. After several failures there is a wait.",
            "Try again, in 15 minutes at the latest. What you have forgotten the operator resets: `tb person reset`.",
            status=403,
        ),
        Kind(
            "person.password",
            "This password is not taken.",
            "Take at least 12 characters, such as four words that do not belong together.",
            status=422,
        ),
        Kind(
            "person.code",
            "This is not the code that the generator shows now.",
            "Scan the picture again, check the clock of your phone, and type the six digits that it shows.",
            status=422,
        ),
    ]
)
