"""The one place where ports meet adapters: settings in, a node, an origin or a resolver out.

Heavy libraries are imported by the function that needs them, since every process starts here and none needs all.
"""

from __future__ import annotations

from linkexchange.bootstrap.hubs import admission as admission
from linkexchange.bootstrap.hubs import own_resolver as own_resolver
from linkexchange.bootstrap.hubs import resolver as resolver
from linkexchange.bootstrap.keys import client_context as client_context
from linkexchange.bootstrap.keys import dimse_context as dimse_context
from linkexchange.bootstrap.keys import enrolment_context as enrolment_context
from linkexchange.bootstrap.keys import enrolment_place as enrolment_place
from linkexchange.bootstrap.keys import grant_signer as grant_signer
from linkexchange.bootstrap.keys import hl7_context as hl7_context
from linkexchange.bootstrap.keys import hub_signer as hub_signer
from linkexchange.bootstrap.keys import lasting_server_context as lasting_server_context
from linkexchange.bootstrap.keys import make_grant_key as make_grant_key
from linkexchange.bootstrap.keys import node_signer as node_signer
from linkexchange.bootstrap.keys import pacs_context as pacs_context
from linkexchange.bootstrap.keys import server_context as server_context
from linkexchange.bootstrap.nodes import desk as desk
from linkexchange.bootstrap.nodes import followers as followers
from linkexchange.bootstrap.nodes import letting as letting
from linkexchange.bootstrap.nodes import listed as listed
from linkexchange.bootstrap.nodes import node as node
from linkexchange.bootstrap.nodes import origin as origin
from linkexchange.bootstrap.nodes import patient_files as patient_files
from linkexchange.bootstrap.nodes import patient_index as patient_index
from linkexchange.bootstrap.nodes import plan as plan
from linkexchange.bootstrap.nodes import release_rules as release_rules
from linkexchange.bootstrap.pacs import archive as archive
from linkexchange.bootstrap.pacs import destination as destination
from linkexchange.bootstrap.pacs import ladder as ladder
from linkexchange.bootstrap.pacs import own_instances as own_instances
from linkexchange.bootstrap.pacs import probe as probe
from linkexchange.bootstrap.pacs import receiver as receiver
from linkexchange.bootstrap.pacs import sightings as sightings
from linkexchange.bootstrap.pacs import spool as spool
from linkexchange.bootstrap.relays import serve_relay as serve_relay
from linkexchange.bootstrap.relays import standing as standing
from linkexchange.bootstrap.ruling import accounts as accounts
from linkexchange.bootstrap.ruling import rulebook as rulebook
from linkexchange.bootstrap.storage import database as database
from linkexchange.bootstrap.storage import database_url as database_url
from linkexchange.bootstrap.storage import hub_overview as hub_overview
from linkexchange.bootstrap.storage import node_overview as node_overview
from linkexchange.bootstrap.storage import now as now
from linkexchange.bootstrap.storage import pace as pace
from linkexchange.bootstrap.storage import queue as queue
from linkexchange.bootstrap.storage import state as state
from linkexchange.bootstrap.trails import Trails as Trails
from linkexchange.bootstrap.trails import hub_trails as hub_trails
from linkexchange.bootstrap.trails import node_trails as node_trails
from linkexchange.bootstrap.trails import reconciler as reconciler
from linkexchange.logs import log_to_stderr as log_to_stderr
