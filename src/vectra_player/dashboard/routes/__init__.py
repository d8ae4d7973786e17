"""The tabs of the dashboard, one module each: they parse, ask the store or foundation, answer."""
