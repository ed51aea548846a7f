"""Bulk actions: one verb over many rows.

freeze.py   the confirmed selection, written down as ids     run.py     carrying out, row by row, by several at once
again.py    cancelling, and sending again what failed        outcome.py what came of it, and who may see it
"""
