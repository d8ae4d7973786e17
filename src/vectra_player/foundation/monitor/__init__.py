"""The HTTP side of foundation: pages, state, control, metrics. Joined by `foundation.service`."""
