"""Remote writes: planned in a row, sent once, settled by what the remote said or by looking.

verbs.py   what can be written, and how each is looked for     plan.py     who may, and the row
sending.py one request after another, each taken and recorded  carry_out.py the one way from a door to a service
settle.py  looking for what is unknown                          history.py  the writes that a person may see
"""
