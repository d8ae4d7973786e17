"""Answer with a page made of a template. Used by the routes."""

from __future__ import annotations

from flask import Response, render_template


def page(template: str, **values: object) -> Response:
    """Fill a template; whatever is put in is escaped."""
    return Response(render_template(template, **values), mimetype="text/html")
