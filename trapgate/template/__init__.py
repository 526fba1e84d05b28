"""The template languages of the user's files: Jinja2 in trapgate's own.

In: a template's text and the names that it may use. Out: a compiled template, or what is wrong
with it before the first event arrives. Values come from devices: they stay data.
"""

from trapgate.template.errors import RenderFailure, TemplateError
from trapgate.template.sandbox import OUTPUT_CHARS_MAX
from trapgate.template.template import VARIABLES, Template

__all__ = ["OUTPUT_CHARS_MAX", "VARIABLES", "RenderFailure", "Template", "TemplateError"]
