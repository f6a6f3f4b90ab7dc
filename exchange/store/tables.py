"""The tables of one space.

Business times are RFC 3339 text (they may be frozen or moved); times of leases and retries are seconds of the real
clock. Digests are lower-case hexadecimal. What is unique here is what holds under concurrency: one content, one
identity (a number of an issuer), one event id, one answer for an idempotency key, one leaf a message or record.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tradebridge.ebl.tables import metadata as platform_tables

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in a column of type INTEGER.
Counter = BigInteger().with_variant(Integer, "sqlite")

members = Table(
    "members",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("status", String(12), nullable=False),
    Column(
        "data", Text, nullable=False
    ),  # JSON: name, country, kind, roles, sends, accepts, style, delivery, policy, ...
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(120), primary_key=True),
    Column("member", String(40), nullable=False, index=True),
    Column("certificate", Text, nullable=False),  # PEM
    Column("purposes", String(200), nullable=False),  # space separated
    Column("not_before", String(40)),  # business times beside the certificate's own; null: no other
    Column("not_after", String(40)),
    Column("withdrawn", String(40)),  # from then on nobody believes it
    Column("distrusted", String(40)),  # from then on it was in other hands
)

# Certification authorities whose certificates are a member's (`tradebridge.evidence.authorities`).
authorities = Table(
    "authorities",
    metadata,
    Column("id", String(120), primary_key=True),  # member#SHA-256 of the issuing certificate, in base64url
    Column("member", String(40), nullable=False, index=True),
    Column("chain", Text, nullable=False),  # PEM, the anchor first
    Column("subject", String(1000), nullable=False),  # RFC 4514
    Column("purposes", String(200), nullable=False),  # space separated
    Column("usages", String(400), nullable=False),  # OIDs, space separated
    Column("revocation", Boolean, nullable=False),  # must a revocation list say that a certificate is good?
    Column("crl_url", String(1000)),  # where its list is fetched; null: the operator loads it
    Column("withdrawn", String(40)),
    Column("distrusted", String(40)),
)

# The newest revocation list of each authority.
revocation_lists = Table(
    "revocation_lists",
    metadata,
    Column("issuer", String(64), primary_key=True),  # SHA-256 of the authority's certificate
    Column("number", String(60), nullable=False),  # CRLNumber in decimal: up to 20 bytes
    Column("this_update", String(40), nullable=False),
    Column("next_update", String(40), nullable=False),
    Column("data", LargeBinary, nullable=False),  # DER
)

# Revocation lists that were the newest when something was accepted: they stay, for its evidence.
kept_lists = Table(
    "kept_lists",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the list; of one from before there were any: its issuer
    Column("issuer", String(64), nullable=False, index=True),  # SHA-256 of the authority's certificate
    Column("taken_at", String(40), nullable=False),
    Column("data", LargeBinary, nullable=False),  # DER
)

# Versions of the trust list; none is ever changed.
trust_versions = Table(
    "trust_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("issued_at", String(40), nullable=False),
    Column("digest", String(64), nullable=False),  # of the payload
    Column("content", String(64), nullable=False),  # of what it trusts: where that is the same, there is no new version
    Column("change", String(1000), nullable=False),
    Column("token", Text, nullable=False),  # JWS
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the key; the key itself is nowhere
    Column("member", String(40), nullable=False, index=True),
    Column("scopes", String(200), nullable=False),
    Column("not_after", Float),  # real clock; null: no end
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),  # document, event, forward, control, title
    Column("document_id", String(40), nullable=False, index=True),
    Column("member", String(40), nullable=False),
    Column("profile", String(60), nullable=False),
    Column("media_type", String(60), nullable=False),
    Column("bytes", LargeBinary),  # as received; null for a forward, whose bytes are the document's
    Column("bytes_digest", String(64), nullable=False),
    Column("content_digest", String(64), nullable=False),
    Column("received_at", String(40), nullable=False),
    Column("receipt", Text, nullable=False),
    Column("attestation", Text),
    Column("idempotency_key", String(255)),
    Column("answer", Text, nullable=False),  # JSON: what the sender was told
    UniqueConstraint("member", "idempotency_key"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("message_id", String(40), nullable=False, unique=True),
    Column("profile", String(60), nullable=False),
    Column("number", String(100), index=True),
    Column("identity", String(300), unique=True),  # null where the issuer has given no number yet
    Column("content_digest", String(64), nullable=False, unique=True),
    Column("sender", String(40), nullable=False),
    Column("issuer", String(40)),  # the member whose key signed it; null where nobody did
    Column("signer", Text),  # JSON
    Column("findings", Text, nullable=False),  # JSON: the warnings
    Column("state", String(12), nullable=False),  # live, cancelled, replaced, expired
    Column("utilisation", String(8)),  # held, partly, wholly; null while nothing is drawn
    Column("belongs_to", String(100), index=True),  # number of the document that it was made for, where it names one
    Column(
        "carried_under", String(100), index=True
    ),  # of a certificate: number of the bill of lading, where it names it
    Column("firm", String(200)),  # exporter or shipper, by name; null: none, or deleted by retention
    Column("deleted", String(40)),  # the record that says so; null: it is there
    Column("expires", String(10)),  # last day of validity; null: it does not end
    Column("received_at", String(40), nullable=False),
    Column("row", Counter, nullable=False),  # place in lists; in order of acceptance, made from the real clock
    Index("ix_documents_row", "row"),
    Index("ix_documents_sender_row", "sender", "row"),
)
_EXPIRING = (documents.c.state == "live") & documents.c.expires.is_not(None)
Index("ix_documents_expires", documents.c.expires, sqlite_where=_EXPIRING, postgresql_where=_EXPIRING)

standings = Table(
    "standings",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("recipient", String(40), primary_key=True),
    Column("state", String(30), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("check_state", String(16)),  # of a retroactive verification; null: none was asked for
    Column("draws", Integer, nullable=False, server_default="0"),  # of this recipient, that are open
    Index("ix_standings_recipient", "recipient", "state", "document_id"),
)

events = Table(
    "events",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("message_id", String(40), nullable=False, unique=True),
    Column("document_id", String(40), nullable=False, index=True),
    Column("type", String(30), nullable=False),
    Column("recipient", String(40)),
    Column("sequence", Integer, nullable=False),  # the one it made
    Column("member", String(40), nullable=False),
    Column("at", String(40), nullable=False),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("id", String(40), primary_key=True),  # of the event that began the term
    Column("document_id", String(40), nullable=False, index=True),
    Column("kind", String(12), primary_key=True),  # what is due at its end: answer, result
    Column("recipient", String(40), nullable=False),
    Column("due", String(40), nullable=False),  # end of the term
    Column("next_at", String(40)),  # when the hub's clock speaks next; null: there is nothing more to say
)
_WAITING = deadlines.c.next_at.is_not(None)
Index("ix_deadlines_next_at", deadlines.c.next_at, sqlite_where=_WAITING, postgresql_where=_WAITING)

# Amounts are decimals in text: exact, on both databases. Rows of a document are changed under the lock of its row.
balances = Table(
    "balances",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("item", Integer, primary_key=True, autoincrement=False),  # number of the item on the certificate
    Column("total", String(24), nullable=False),  # as the certificate states it, in this unit
    Column("unit", String(3), nullable=False),
    Column("drawn", String(60), nullable=False),  # kilograms for a mass, else in the unit
    Column("held", String(60), nullable=False),  # by provisional draws
)

draws = Table(
    "draws",
    metadata,
    Column("id", String(40), primary_key=True),  # of the event that drew, or of the back-to-back certificate
    Column("document_id", String(40), nullable=False),
    Column("member", String(40), nullable=False),  # the recipient that drew, or who sent the back-to-back certificate
    Column("state", String(12), nullable=False),  # provisional, final, released, reversed
    Column("reference", String(200)),  # of the declaration; null for a back-to-back certificate
    Column("declaration", Text),  # JSON
    Column("taken", Text, nullable=False),  # JSON: [[number, value, unit, amount], ...]
    Column("at", String(40), nullable=False),
    Column("settled_by", String(40)),  # the event that committed, released or reversed it last
    Column("settled_at", String(40)),
    Column("row", Counter, nullable=False),  # place in lists
    Index("ix_draws_document_id_row", "document_id", "row"),
)

leaves = Table(
    "leaves",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("record_id", String(40), nullable=False, unique=True),  # of the message, or of the row in `records`
    Column("leaf", LargeBinary(32), nullable=False),  # SHA-256(salt || record)
    Column("salt", LargeBinary(32)),  # null, as the record: retention has deleted it, and the leaf stands for itself
    Column("record", LargeBinary),
    Column("position", BigInteger, unique=True),  # index in the log; null until the sequencer takes it in
    Column("leaf_hash", LargeBinary(32), nullable=False, index=True),  # RFC 6962
)
Index(
    "ix_leaves_waiting",
    leaves.c.id,
    sqlite_where=leaves.c.position.is_(None),
    postgresql_where=leaves.c.position.is_(None),
)

# What people, operators and the hub itself did beside the messages; who and what stands in the leaf's record.
records = Table(
    "records",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(12), nullable=False),  # operator, reading, setting, trust, retention
    Column("about", String(100), nullable=False, index=True),  # a document or a member; empty: the hub
    Column("at", String(40), nullable=False),
    Column("details", Text),  # canonical JSON, whose digest the record tells; null: deleted
    Index("ix_records_kind_at", "kind", "at"),
)

# Documents that retention leaves alone.
holds = Table(
    "holds",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("message_id", String(40), nullable=False, index=True),
    Column("document_id", String(40), nullable=False, index=True),
    Column("recipient", String(40), nullable=False),
    Column("state", String(10), nullable=False),  # due, sending, retrying, delivered, dead
    Column("due_at", Float),  # real clock; while sending: until when the lease holds; null once delivered or dead
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("note", Text),
    Column("rendition", LargeBinary),
    Column("acknowledgement", Text),
    Column("settled_at", String(40)),
    Column("findings", Text),  # JSON: what travels with this delivery beside the findings of its document
)
# The claims look at what is open only, however much was delivered before: a null is what both databases can leave out.
_OPEN = deliveries.c.due_at.is_not(None)
Index("ix_deliveries_due", deliveries.c.recipient, deliveries.c.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_deliveries_recipient", deliveries.c.recipient, deliveries.c.id)
Index("ix_deliveries_state", deliveries.c.state, deliveries.c.id)

feed = Table(
    "feed",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("position", BigInteger, unique=True),  # given by the sequencer, so that no reader misses a late committer
    Column("kind", String(30), nullable=False),
    Column("members", Text, nullable=False),  # who may see it: ",SG-NSW,TH-NSW,"
    Column("data", Text, nullable=False),  # JSON
)
Index("ix_feed_waiting", feed.c.id, sqlite_where=feed.c.position.is_(None), postgresql_where=feed.c.position.is_(None))

# Where members are told of what the feed tells them, by a signed call (`exchange.webhooks`). Waits and failures are
# counted by the hub's clock, in seconds since 1970; leases by the real one.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("member", String(40), nullable=False, index=True),
    Column("url", String(1000), nullable=False),
    Column("events", String(1000), nullable=False),  # kinds and FAMILY.*, space separated; empty: all
    Column("generation", Integer, nullable=False),  # of its secret, which is derived and stands nowhere
    Column("former_until", Float),  # real clock: until when the secret before it signs too; null: it does not
    Column("position", BigInteger, nullable=False),  # of the feed: up to which deliveries were made
    Column("at", String(40), nullable=False),
    Column("failing_since", Float),  # null: the last attempt succeeded
    Column("disabled", String(500)),  # why; null: it is not
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook", String(40), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # of what is told, in the feed
    Column("state", String(10), nullable=False),  # due, sending, retrying, delivered, dead
    Column("due_at", Float),  # null once delivered or dead
    Column("lease_until", Float),  # who sends it now has it until then
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),  # HTTP status of the last answer; null: none came
    Column("error", String(500)),
    Column("tried_at", String(40)),
)
_TO_TELL = webhook_deliveries.c.due_at.is_not(None)
Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.webhook,
    webhook_deliveries.c.due_at,
    sqlite_where=_TO_TELL,
    postgresql_where=_TO_TELL,
)

# The hub is an eBL platform: the engine's tables are among its own, with what ties them to its documents.
for _table in platform_tables.sorted_tables:
    _table.to_metadata(metadata)

title_documents = Table(
    "title_documents",
    metadata,
    Column("title", String(64), primary_key=True),  # ebl_titles.id
    Column("document_id", String(40), nullable=False, unique=True),
)

# Windows that want the bills of lading of the consignments that they have certificates for.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("member", String(40), primary_key=True),
    Column("at", String(40), nullable=False),
)

# Bills of lading that such a window may have, by the word of who sent or possesses them.
consents = Table(
    "consents",
    metadata,
    Column("lading", String(40), primary_key=True),  # documents.id
    Column("member", String(40), primary_key=True),  # the window
    Column("event", String(40), nullable=False),  # that says so
    Column("given_by", String(40), nullable=False),
    Index("ix_consents_member", "member"),
)

# The control tracking registry: an eBL is named by the checksum of its transport document, a transfer by that of its
# last chain entry's content.
controls = Table(
    "controls",
    metadata,
    Column("document", String(64), primary_key=True),
    Column("issuance", String(64), nullable=False),  # issuance manifest that it was registered with
    Column("platform", String(4), nullable=False),  # who is in control
    Column("entry", String(64), nullable=False),  # last that holds
    Column("sequence", Integer, nullable=False),
    Column("message_id", String(40), nullable=False),  # that registered it
)

offers = Table(
    "offers",
    metadata,
    Column("document", String(64), primary_key=True),
    Column("entry", String(64), primary_key=True),
    Column("giver", String(4), nullable=False),
    Column("taker", String(4), nullable=False),
    Column("state", String(10), nullable=False),  # open, accepted, cancelled
    Column("ordinal", Integer, nullable=False),
    Column("offered", String(40), nullable=False),  # message
    Column("ended", String(40)),  # message that accepted or cancelled it
    UniqueConstraint("document", "ordinal"),
)
_UNDER_WAY = offers.c.state == "open"
Index("ix_offers_open", offers.c.document, unique=True, sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY)

refusals = Table(
    "refusals",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("row", Counter, nullable=False),
    Column("member", String(40), nullable=False),  # empty: nobody that the hub knows
    Column("problem", Text, nullable=False),  # JSON: the answer given
    Index("ix_refusals_member_row", "member", "row"),
)

# For statistics: one row for each code found in a submission, and each recipient that it was for.
findings = Table(
    "findings",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("about", String(40), nullable=False, index=True),  # the document, or the refusal
    Column("sender", String(40), nullable=False),
    Column("recipient", String(40), nullable=False),  # empty: none that the hub knows
    Column("profile", String(60), nullable=False),  # empty: not recognised
    Column("code", String(100), nullable=False),
    Column("severity", String(8), nullable=False),
    Index("ix_findings_sender_id", "sender", "id"),
    Index("ix_findings_recipient_id", "recipient", "id"),
)

# For statistics: the first decision of each recipient on each document.
decisions = Table(
    "decisions",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("recipient", String(40), primary_key=True),
    Column("sender", String(40), nullable=False),
    Column("profile", String(60), nullable=False),
    Column("outcome", String(30), nullable=False),  # accepted, rejected
    Column("seconds", Float, nullable=False),  # of the business clock, since the document came for this recipient
    Column("row", Counter, nullable=False),
    Index("ix_decisions_row", "row"),
    Index("ix_decisions_sender_row", "sender", "row"),
    Index("ix_decisions_recipient_row", "recipient", "row"),
)

# What the officers of a desk do beside the events. A case is a standing: nothing of it is kept twice.
desk_assignments = Table(
    "desk_assignments",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("member", String(40), primary_key=True),
    Column("person", String(40), nullable=False),  # who works on it, by id
    Column("name", String(200), nullable=False),
    Column("at", String(40), nullable=False),
    Index("ix_desk_assignments_member_person", "member", "person"),
)

desk_notes = Table(
    "desk_notes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("document_id", String(40), nullable=False),
    Column("member", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("at", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_desk_notes_document_id_member", "document_id", "member"),
)

# A decision that one officer proposes, for another to say. It is open as long as its sequence is the case's.
desk_proposals = Table(
    "desk_proposals",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("member", String(40), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("person", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("at", String(40), nullable=False),
    Column("said", Text, nullable=False),  # JSON: type, reasons, body
    Index("ix_desk_proposals_member", "member", "document_id"),
)

# People who sign in (`exchange.desk`). Times of sessions and waits are seconds of the real clock.
people = Table(
    "people",
    metadata,
    Column("id", String(40), primary_key=True),  # what they sign in with
    Column("name", String(200), nullable=False),
    Column("member", String(40), nullable=False, index=True),  # empty: of the hub itself
    Column("roles", String(100), nullable=False),  # space separated
    Column("status", String(12), nullable=False),  # active, suspended
    Column("password", String(200)),  # Argon2id; null: the practice password of a simulation
    Column("must_change", Boolean, nullable=False),  # the password, before anything else
    Column("totp", Integer),  # which of its code generators is asked for; null: none
    Column("totp_made", Integer, nullable=False),  # how many it has had
    Column("totp_used", BigInteger, nullable=False),  # time step of the last code that was taken
    Column("at", String(40), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the cookie; the cookie itself is nowhere
    Column("person", String(40), nullable=False, index=True),
    Column("started", Float, nullable=False),
    Column("seen", Float, nullable=False),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("name", String(80), primary_key=True),  # of a person, by digest, or of an address
    Column("failures", Integer, nullable=False),  # in a row
    Column("until", Float, nullable=False),  # no attempt is looked at before
    Column("at", Float, nullable=False, index=True),
)

tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("tile", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),  # up to 256 hashes of 32 bytes
)

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("size", BigInteger, nullable=False),
    Column("feed_size", BigInteger, nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("leader", String(40), nullable=False),
    Column("leader_until", Float, nullable=False),
    Column("members_version", BigInteger, nullable=False),  # counts changes of members and keys
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("note", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

observers = Table(
    "observers",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("kind", String(12), nullable=False),  # witness, timestamp
    Column("url", String(1000), nullable=False),
    Column("key", Text, nullable=False),  # of a witness: its verifier key; of an authority: its roots in PEM
    Column("policy", String(200)),  # of an authority: the only one that is taken
)

# Keys of witnesses, timestamp authorities and the log that were in other hands (`tradebridge.evidence.lost`).
lost_keys = Table(
    "lost_keys",
    metadata,
    Column("key", String(1000), primary_key=True),
    Column("since", String(40), nullable=False),
)

witnessed = Table(
    "witnessed",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("note", Text, nullable=False),  # the checkpoint with the cosignatures of its witnesses
    Column("token", LargeBinary),  # RFC 3161 over the note, in DER; null: none yet, or none is asked for
    Column("enough", Boolean, nullable=False),  # have as many cosigned as the operator asks for?
    Column("at", String(40), nullable=False),
)

stamps = Table(
    "stamps",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("at", String(40), nullable=False),  # as the token says
    Column("authority", String(200), nullable=False),  # its name when it was asked
    Column("token", LargeBinary, nullable=False),  # RFC 3161 over the bytes received, in DER
)

bundles = Table(
    "bundles",
    metadata,
    Column("manifest", String(64), primary_key=True),  # SHA-256 of the manifest, or of the signature
    Column("signature", LargeBinary, nullable=False),  # over it: CMS in DER, or RFC 3161 over the signature
)

# What a bundle holds beside leaves of the log, as it was when it was first made for a checkpoint and who asked.
bundled = Table(
    "bundled",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("member", String(40), primary_key=True),  # who asked; empty: the operator
    Column("size", BigInteger, primary_key=True, autoincrement=False),  # of the checkpoint
    Column("deliveries", Text, nullable=False),  # JSON: delivery id to whether it was acknowledged
    Column("trust", String(64), nullable=False),  # bundled_lists.digest
)

bundled_lists = Table(
    "bundled_lists",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the list
    Column("list", Text, nullable=False),  # the trust list of the day, canonical JSON
)
