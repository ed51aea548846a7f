"""What the kernel itself keeps, a module for each subject."""

from backoffice.models.audit import AuditEntry
from backoffice.models.bulk import BulkAction, BulkItem
from backoffice.models.changes import RowChange
from backoffice.models.limits import StaffLimits
from backoffice.models.sync import SILENT_AFTER, Drift, RejectedRecord, SyncRun
from backoffice.models.upstreams import UpstreamState
from backoffice.models.webhooks import WebhookDelivery
from backoffice.models.writes import RemoteWrite, WriteAttempt

__all__ = [
    "SILENT_AFTER", "AuditEntry", "BulkAction", "BulkItem", "Drift", "RejectedRecord", "RemoteWrite", "RowChange",
    "StaffLimits",
    "SyncRun", "UpstreamState", "WebhookDelivery", "WriteAttempt",
]  # fmt: skip
