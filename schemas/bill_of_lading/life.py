"""The life of a transport document at its recipients: decided, asked and answered, used, cancelled.

Who holds the title is another matter, and not said by these events.
"""

from schemas.event import EventType
from schemas.findings import Fidelity
from schemas.life import PLAIN_TRANSITIONS, Life, Role, State, Transition, add_life, reasons_needed

LIFE = add_life(
    Life(
        family="bill-of-lading",
        title="Bill of lading",
        first=State.RECEIVED,
        transitions=(
            *PLAIN_TRANSITIONS,
            Transition(
                event=EventType.UTILISED,
                by=Role.RECIPIENT,
                before=frozenset({State.ACCEPTED, State.UTILISED}),
                after=State.UTILISED,
                sentence="The recipient has used the document; it may be used in parts.",
                clause="",
                source="DCSA eBL 3.0 (outline)",
                fidelity=Fidelity.MODELLED,
            ),
        ),
        needs=reasons_needed,
    )
)
