"""Which form a column of texts is read in: what fits it, what other columns show, what was asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import eagerloop

Numbers = eagerloop.tables.Numbers
Truth = eagerloop.tables.Truth
Dates = eagerloop.tables.Dates
Form = eagerloop.tables.Form
FORMS = eagerloop.tables.FORMS


def decide(fitting: Mapping[str, Sequence[Form]], delimiter: str, decimal: str) -> dict[str, Form]:
    """How each column is read.

    Args:
        fitting: The forms that fit all texts of a column, by name.
        delimiter: What separates the cells of the file: where it is `;`, commas are decimal.
        decimal: `.` or `,`, if somebody has said it; else `auto`.
    """
    signs = {form.decimal for forms in fitting.values() if len(forms) == 1 for form in forms if isinstance(form, Numbers)}
    usual = "," if signs == {","} or (not signs and delimiter == ";") else "."
    wanted = usual if decimal == "auto" else decimal
    return {name: _best(forms, wanted) for name, forms in fitting.items() if forms}


def _best(forms: Sequence[Form], wanted: str) -> Any:
    return next((form for form in forms if isinstance(form, Numbers) and form.decimal == wanted), forms[0])


def in_order(fitting: Mapping[str, Sequence[Form]], wanted: str) -> dict[str, Sequence[Form]]:
    """The forms, where it is said, or shown by another column, whether days or months come first; none of dates for `text`.

    Args:
        fitting: The forms that fit all texts of a column, by name.
        wanted: `auto`, `day-first`, `month-first` or `text`.
    """
    orders = {name: [form.order for form in forms if isinstance(form, Dates)] for name, forms in fitting.items()}
    shown = {found[0] for found in orders.values() if len(found) == 1} & {"day-first", "month-first"}
    wanted = next(iter(shown)) if wanted == "auto" and len(shown) == 1 else wanted
    kept: dict[str, Sequence[Form]] = {}
    for name, forms in fitting.items():
        dated = [form for form in forms if isinstance(form, Dates) and wanted != "text"]
        meant = [form for form in dated if form.order == wanted] or dated
        kept[name] = [*(form for form in forms if not isinstance(form, Dates)), *meant]
    return kept
