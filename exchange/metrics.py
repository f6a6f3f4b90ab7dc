"""What the hub counts of itself, for Prometheus. One registry a process; a space has its name as a label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_SPACE = ("space",)
_submitted = Counter("tradebridge_submissions", "Submissions by outcome", (*_SPACE, "outcome"), registry=REGISTRY)
_delivered = Counter("tradebridge_delivered", "Deliveries acknowledged", _SPACE, registry=REGISTRY)
_failed = Counter("tradebridge_delivery_attempts_failed", "Delivery attempts that failed", _SPACE, registry=REGISTRY)
_webhooks = Counter(
    "tradebridge_webhook_attempts", "Calls of webhooks by outcome", (*_SPACE, "outcome"), registry=REGISTRY
)
_unknown_keys = Counter(
    "tradebridge_unknown_keys", "Requests with an API key that is not known or has ended", _SPACE, registry=REGISTRY
)
_other_histories = Counter(
    "tradebridge_other_histories", "Witnesses' answers that say: two histories of this log", _SPACE, registry=REGISTRY
)
_forgetful = Counter(
    "tradebridge_forgetful_witnesses",
    "Witnesses' answers that say: a smaller tree than the one it has cosigned",
    _SPACE,
    registry=REGISTRY,
)
_log_size = Gauge("tradebridge_log_size", "Leaves in the log", _SPACE, registry=REGISTRY)
_intake = Histogram(
    "tradebridge_intake_seconds",
    "From the last byte of a submission to its answer",
    _SPACE,
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)


class Metrics:
    """The counters of one space."""

    def __init__(self, space: str) -> None:
        name = space or "default"
        self.accepted = _submitted.labels(name, "accepted")
        self.replayed = _submitted.labels(name, "replayed")
        self.refused = _submitted.labels(name, "refused")
        self.delivered = _delivered.labels(name)
        self.failed = _failed.labels(name)
        self.webhooks_told = _webhooks.labels(name, "told")
        self.webhooks_failed = _webhooks.labels(name, "failed")
        self.unknown_keys = _unknown_keys.labels(name)
        self.other_histories = _other_histories.labels(name)
        self.forgetful_witnesses = _forgetful.labels(name)
        self.log_size = _log_size.labels(name)
        self.intake_seconds = _intake.labels(name)
