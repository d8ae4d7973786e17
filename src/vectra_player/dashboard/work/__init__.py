"""What runs beside the server: questions of `compute` and long jobs, one module a tab.

Imported by `compute_worker` and `job_worker` in processes of their own, so heavy libraries may be
used freely here; the server itself imports none of these modules.
"""
