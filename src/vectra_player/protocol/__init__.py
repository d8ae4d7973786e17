"""The wire, decoded without I/O: Engine.IO, Socket.IO, rugs.fun events, phases, redaction.

Pure code: text goes in, immutable values come out, nothing reads a clock, a file or a setting.
Used by every layer above `model`; uses `model` and `errors` only. The facts it relies on are
measured on captured traffic; each constant names its evidence.
"""
