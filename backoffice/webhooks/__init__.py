"""The webhook inbox: what upstreams tell us by themselves.

inboxes.py  what the kernel has to know of an upstream's deliveries, and the registry of all inboxes
bodies.py   from signed bytes to a body that may be kept
inbox.py    the view: verify, keep one row an event, answer at once
bell.py     tells the workers that something waits
process.py  from the row to the mirror: claim, read the object again, settle
access.py   which deliveries a person may see
"""
