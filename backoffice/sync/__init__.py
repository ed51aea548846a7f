"""The sync engine: resources are swept page by page into their mirror tables.

resource.py  what a resource declares                  engine.py     one run from claim to end
runs.py      one run at a time, heartbeat, stop        vanish.py     what may be called gone, and when
ahead.py     the next pages are read while these are stored
store.py     compare, insert, update, reject           sql.py        the statements that this is made of
tally.py     what was met and counted (seen.py)        changes.py    what an update changed, member by member
drift.py     what the contract does not know           rejected.py   records that cannot be taken (retry.py)
references.py  relations between mirrored rows
"""
