"""What `alerts test --save` keeps of the recordings, in one small file of the rules folder.

Written by the command, read by the service: no statistics run in the process that captures.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from vectra_player.alerts.odds import NOTHING, Measured

FILE = "measured.json"
LONGEST = 1 << 20

_decode = msgspec.json.Decoder(Measured).decode


def load_measured(folder: Path) -> tuple[Measured, str]:
    """Read what was measured, and say why it cannot be used, if so; without a file: nothing."""
    path = folder / FILE
    try:
        if path.stat().st_size > LONGEST:
            return NOTHING, f"{path} is larger than {LONGEST:,} bytes"
        return _decode(path.read_bytes()), ""
    except FileNotFoundError:
        return NOTHING, ""
    except OSError as error:
        return NOTHING, f"{path} cannot be read: {error.strerror}"
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return NOTHING, f"{path} is not what `alerts test --save` writes: {error}"
