"""What the person who checks a document does now: one sentence for each answer.

A finding's own fix speaks to whoever made the file; these speak to whoever holds it and has to decide. What is known of
the reason goes before what is known of the question.
"""

_BY_CODE = {
    "bundle.unvouched": "Go by the document itself, not by page or renditions; ask the hub for its bundle of today.",
    "document.deleted": "Check the document itself, or its evidence bundle, with whoever still has it: that proves it.",
    "evidence.cancelled": "Do not accept it: ask its issuer for the document that takes its place, if there is one.",
    "evidence.expired": "Accept nothing more on it; what was drawn on it in time stands. Ask its issuer for a new one.",
    "evidence.hub-silent": "Ask again when the hub can be reached, or ask who gave it to you for its evidence bundle.",
    "evidence.incomplete": "Ask the hub for its evidence, and believe that: what is missing here may have ended it.",
    "evidence.not-listed": "Ask the hub for its evidence bundle, which it signs as a whole: nothing can be taken out.",
    "evidence.nothing-inside": "Ask who gave it to you for the document itself, or check number and code of the print.",
    "evidence.no-history": "Ask the hub that it went through: on its page /verify, or with `--url HUB`.",
    "evidence.no-proof": "Ask for its evidence bundle, or ask the hub: on its page /verify, or with `--url HUB`.",
    "evidence.page-not-signed": "Compare what you see on it with the document inside, which is what counts.",
    "evidence.paper": "Compare the paper with what the hub's page shows of the document; what differs was not issued.",
    "evidence.replaced": "Do not accept it: ask its issuer for the document that takes its place.",
    "evidence.several-inside": "Ask who gave it to you for the document itself, and check that.",
    "evidence.title-elsewhere": "Ask the carrier, or the platform that the title is on, whether it still stands.",
    "evidence.title-ended": "Do not accept it: the title has ended. Ask the carrier what takes its place.",
    "evidence.undated": "Ask the hub for its evidence again: a key of today signs it.",
    "evidence.unknown-file": "Give the bundle (.asice), the document (XML or JWS), or the PDF as the hub drew it.",
    "evidence.unreadable": "Check it again with a newer version of this program, which knows the profile.",
    "log.future": "Set the clock of this machine, or name the time to judge by (--at).",
    "log.late": "Ask the hub's operator why nobody else had seen it for so long, and its issuer when it was signed.",
    "log.too-few-witnesses": "Get the evidence again in a minute; if that changes nothing, ask the hub's operator why.",
    "log.waiting": "Get the evidence again in a few seconds: the record gets its place in the log within a second.",
    "signature.expired-certificate": "Ask for its evidence bundle: that proves when it was signed, which decides.",
    "signature.missing": "Ask the authority that it names, at an address that you knew before, whether it issued it.",
    "signature.not-yet-valid": "Ask for its evidence bundle: that proves when it was signed, which decides.",
    "signature.unknown-key": "Do not accept it unless the newest trust list, from where you trust it, has the key.",
    "signature.withdrawn-key": "Ask its issuer whether it signed this, and why the key was withdrawn.",
    "signature.wrong-type": "Give the document, or its bundle: this is a statement about a document, and not one.",
    "trust.malformed": "Take the trust list again, from where you trust it.",
}
_BY_ANSWER = {
    ("unchanged", "yes"): "Go by this document, not by a copy or print of it.",
    ("unchanged", "no"): "Do not rely on it: ask for the document as it was issued, and keep this one as evidence.",
    ("unchanged", "could-not-check"): "Ask who gave it to you for its evidence bundle, and check that.",
    ("issued", "yes"): "Nothing: the issuer is known.",
    ("issued", "no"): "Do not accept it: ask the authority that it names, at an address that you knew before.",
    ("issued", "could-not-check"): "Ask the authority that it names, at an address that you knew before.",
    ("valid", "yes"): "Check again on the day on which you decide: it can be cancelled later.",
    ("valid", "no"): "Do not accept it: ask its issuer what takes its place.",
    ("valid", "could-not-check"): "Get the evidence again, and check that before you decide.",
    ("recorded", "yes"): "Keep its evidence bundle: that proves it when the hub is gone.",
    ("recorded", "no"): "Take it as not on the record: keep this file, and ask the hub's operator for the proof.",
    ("recorded", "could-not-check"): "Get the evidence again, and check that.",
}


def sentences() -> tuple[str, ...]:
    """All of them, for who translates."""
    return (*_BY_CODE.values(), *_BY_ANSWER.values())


def next_step(question: str, verdict: str, code: str = "") -> str:
    """The sentence for an answer (`yes`, `no`, `could-not-check`); `code`: of the finding that decided it, if any."""
    return _BY_CODE.get(code) or _BY_ANSWER[question, verdict]
