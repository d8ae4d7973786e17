"""Play recorded games again, in the schema of the live feed, as a time machine.

Called by `foundation`, `app` and `cli`; below them, it reaches neither a source nor a trade nor the
recorder, and nothing it shows is ever stored. What a client gets is made by callables its caller
hands in.
"""
