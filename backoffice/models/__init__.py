"""What the kernel itself keeps, a module for each subject."""

from backoffice.models.audit import AuditEntry
from backoffice.models.bulk import BulkAction, BulkItem
from backoffice.models.changes import RowChange
from backoffice.models.exports import Export
from backoffice.models.limits import StaffLimits
from backoffice.models.notifications import Notification
from backoffice.models.sync import SILENT_AFTER, Drift, RejectedRecord, SyncRun
from backoffice.models.upstreams import UpstreamState
from backoffice.models.views import SavedView
from backoffice.models.webhooks import WebhookDelivery
from backoffice.models.writes import RemoteWrite, WriteAttempt

__all__ = [
    "SILENT_AFTER", "AuditEntry", "BulkAction", "BulkItem", "Drift", "Export", "Notification", "RejectedRecord",
    "RemoteWrite", "RowChange", "SavedView", "StaffLimits", "SyncRun", "UpstreamState", "WebhookDelivery",
    "WriteAttempt",
]  # fmt: skip
