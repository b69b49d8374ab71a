"""Pictures for people: annotated frames, contact sheets, films. Nothing here decides anything."""

from edge.render.film import FilmWriter
from edge.render.frame import annotate
from edge.render.sheet import contact_sheet, crop

__all__ = ["FilmWriter", "annotate", "contact_sheet", "crop"]
