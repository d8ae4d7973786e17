"""Chrome as a source of frames: launched by us over a pipe, or attached through its port."""
