"""Where audit entries go: a file, syslog over TLS, a FHIR server. Each is a `trail.export.Sink`."""

from linkexchange.sinks.feed import FeedSink as FeedSink
from linkexchange.sinks.file import FileSink as FileSink
from linkexchange.sinks.file import heads_in as heads_in
from linkexchange.sinks.syslog import SyslogSink as SyslogSink
