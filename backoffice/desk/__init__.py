"""The work on the desk: what each app has its people see there, counted cheaply however large the tables are.

parts.py    the registry: parts, figures, charts                   counting.py  figures as of now, with one query
summary.py  what is too dear for each look, kept for a while       drawing.py   charts as SVG, each with its table
work.py     what one person sees of all that
"""
