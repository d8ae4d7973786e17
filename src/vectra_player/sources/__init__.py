"""Sources of frames: Chrome, the public feed, the demo server. Only `app` builds them."""
