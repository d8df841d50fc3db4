# -*- test-case-name: tests.test_record_writer -*-
"""
What happened, once per connection: the record, the forms it is written in, and the
places it is written to.
"""

from __future__ import annotations

from txinetd.record.event import ConnectionRecord
from txinetd.record.text import formatRecord, safe
from txinetd.record.writer import RecordLog

__all__ = ["ConnectionRecord", "RecordLog", "formatRecord", "safe"]
