"""The sync engine: resources are swept page by page into their mirror tables.

resource.py  what a resource declares      ahead.py   the next pages are read while these are stored
engine.py    one run from claim to end     store.py   compare, insert, update, reject
runs.py      one run at a time, heartbeat, stop, resume     vanish.py  what may be called gone, and when
"""
