"""Pressing the page's buttons: intent, gate, buttons, tracker, reconciliation.

Only `foundation`, `app` and `cli` import this package. Nothing is pressed without a permit of
the gate.
"""
