"""Every place between two effects where a carrier can be killed, by name (see `tradebridge/ebl/steps.py`)."""

ACCEPTED = "carrier.accepted"
"""A request is stored; 202 was not said."""
PROCESSED = "carrier.processed"
"""An accepted request has been processed; nobody was told."""
DECIDED = "carrier.decided"
"""A step of the carrier itself is taken, by rule or by a person; nobody was told."""
SURRENDER_STORED = "carrier.surrender-stored"
"""A surrender request is stored; 204 was not said."""
RESPONSE_STORED = "carrier.response-stored"
"""A platform's issuance response is stored; 204 was not said."""
SENDING = "carrier.sending"
"""A notification, request or answer is about to be sent; that it may have been sent is noted."""
SENT = "carrier.sent"
"""It was answered; that is not noted."""

PLACES = (ACCEPTED, PROCESSED, DECIDED, SURRENDER_STORED, RESPONSE_STORED, SENDING, SENT)
