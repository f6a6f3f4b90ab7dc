"""The tables of an eBL platform.

1. A title is one row, named by the checksum of its transport document (RFC 8785, SHA-256): another content is another
   title. At most one of a carrier's reference is here or being sent.
2. `sequence` of a title grows by one with every change of its row, also where a transfer is locked and comes back;
   every change is compare-and-set on it.
3. Business times are RFC 3339 text; those of retries and leases are seconds of the real clock. JSON is text.
"""

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

titles = Table(
    "ebl_titles",
    metadata,
    Column("id", String(64), primary_key=True),  # checksum of the transport document
    Column("carrier", String(40), nullable=False),
    Column("reference", String(20), nullable=False, index=True),
    Column("version", String(100), nullable=False),  # transportDocumentSubReference, or empty
    Column("ordinal", Integer, nullable=False),  # counts the titles of one reference, in the order they came
    Column("at", String(10), nullable=False),  # here, sending, in-doubt, away, ended
    Column("status", String(30), nullable=False),  # title.Status
    Column("possessor", Text, nullable=False),  # JSON Party, as the chain has it
    Column("account", String(100)),  # whose it is on this platform, where it is here
    Column("sequence", Integer, nullable=False),
    Column("document", Text, nullable=False),  # JSON, the transport document
    Column("issuance_manifest", Text, nullable=False),  # JWS by the carrier
    Column("visualisation", Text),  # JSON DocumentMetadata
    Column("registry", String(1024)),
    Column("signed", Text, nullable=False),  # JSON list: the chain so far, JWS
    Column("pending", Text, nullable=False),  # JSON list: transactions done here that no entry has yet
    Column("transfer", String(40)),  # the one that it is locked for
    Column("updated_at", String(40), nullable=False),
    Column("control", Text, nullable=False, server_default=""),  # JWS of the registry: that it came here
    Column(
        "replaces", String(100), nullable=False, server_default=""
    ),  # what it came in the place of, where issued here
    Index("ix_ebl_titles_replaces", "replaces"),
)
_OPERATIVE = titles.c.at.in_(("here", "sending", "in-doubt"))
Index(
    "ix_ebl_titles_operative",
    titles.c.carrier,
    titles.c.reference,
    unique=True,
    sqlite_where=_OPERATIVE,
    postgresql_where=_OPERATIVE,
)

files = Table(
    "ebl_files",
    metadata,
    Column("title", String(64), primary_key=True),
    Column("checksum", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("source", String(40), nullable=False),  # platform code, or the carrier's
)

incoming = Table(
    "ebl_incoming",
    metadata,
    Column("id", String(40), primary_key=True),  # envelopeReference
    Column("content", String(64), nullable=False, unique=True),  # of the last entry: chain.content_checksum
    Column("entry_checksum", String(64), nullable=False),  # of its compact form, as it came last
    Column("entry", Text, nullable=False),  # empty of a refused one
    Column("title", String(64), nullable=False, index=True),
    Column("carrier", String(40), nullable=False, server_default=""),
    Column("reference", String(20), nullable=False, server_default=""),
    Column("sender", String(40), nullable=False),
    Column("state", String(10), nullable=False),  # active, accepting, accepted, refused
    Column("purpose", String(10), nullable=False),  # possession, notice
    Column("envelope", Text, nullable=False),  # JSON; empty of a refused one
    Column("answer", Text),  # JWS: RECE, or BENV
    Column("reason", Text, nullable=False),
    Column("received", Text, nullable=False),  # JSON list of checksums
    Column("started_at", String(40), nullable=False),
    Column("settled_at", String(40)),
    Index("ix_ebl_incoming_sender_state", "sender", "state"),
)
_ACCEPTING = incoming.c.state == "accepting"
Index("ix_ebl_incoming_accepting", incoming.c.id, sqlite_where=_ACCEPTING, postgresql_where=_ACCEPTING)

transfers = Table(
    "ebl_transfers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("title", String(64), nullable=False, index=True),
    Column("reference", String(20), nullable=False),
    Column("receiver", String(40), nullable=False),
    Column("purpose", String(10), nullable=False),  # possession, notice
    Column("action", String(30), nullable=False),  # of the last transaction
    Column("content", String(64), nullable=False, unique=True),
    Column("entry_checksum", String(64), nullable=False),
    Column("envelope", Text, nullable=False),  # JSON
    Column("documents", Text, nullable=False),  # JSON list of DocumentMetadata
    Column("registry", String(1024)),
    Column("issuance", String(40)),  # the request that this transfer answers
    Column("state", String(10), nullable=False),  # sending, in-doubt, accepted, refused, cancelled
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("answer", Text),  # JWS of the receiver, or of the registry
    Column("created_at", String(40), nullable=False),
    Column("settled_at", String(40)),
    Column("next_at", Float, nullable=False),
    Column("leased_until", Float, nullable=False),
)
_OPEN = transfers.c.state.in_(("sending", "in-doubt"))
Index("ix_ebl_transfers_open", transfers.c.next_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

issuances = Table(
    "ebl_issuances",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("carrier", String(40), nullable=False),
    Column("reference", String(20), nullable=False),
    Column("version", String(100), nullable=False),
    Column("title", String(64), nullable=False, index=True),
    Column("state", String(10), nullable=False),  # pending, ISSU, BREQ, REFU
    Column("findings", Text, nullable=False),  # JSON
    Column("received_at", String(40), nullable=False),
    Index("ix_ebl_issuances_reference", "carrier", "reference"),
)

surrenders = Table(
    "ebl_surrenders",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("title", String(64), nullable=False, index=True),
    Column("carrier", String(40), nullable=False),
    Column("code", String(4), nullable=False),  # SREQ, AREQ
    Column("state", String(4), nullable=False),  # open, SURR, SREJ
    Column("comments", Text, nullable=False),
    Column("asked_at", String(40), nullable=False),
    Column("answered_at", String(40)),
)

calls = Table(
    "ebl_calls",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(30), nullable=False),  # issuance-response, surrender-request
    Column("carrier", String(40), nullable=False),
    Column("path", String(200), nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Column("state", String(10), nullable=False),  # due, done
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("next_at", Float, nullable=False),
    Column("leased_until", Float, nullable=False),
)
_DUE = calls.c.state == "due"
Index("ix_ebl_calls_due", calls.c.next_at, sqlite_where=_DUE, postgresql_where=_DUE)
