"""The dashboard: Flask pages over the store, in their own process. Built by `app.dashboard`."""
