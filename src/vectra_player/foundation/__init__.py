"""The live feed and what is served beside it. `app` joins it to the recorder."""
