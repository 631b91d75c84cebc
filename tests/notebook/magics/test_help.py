"""The help text of ``%kling?``: generated from the catalog, so that nothing is left out."""

from __future__ import annotations

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field, Flag
from kling_widgets.notebook.magics.help import help_text
from kling_widgets.request.magic_words import MAGICS, SETTINGS, option_name


@pytest.mark.parametrize("field", [field for field in FIELDS.values() if field.name != "prompt"], ids=lambda f: f.name)
def test_every_field_has_its_option_and_example(field: Field) -> None:
    """With its limits in words, and its other names."""
    said = help_text()
    name = option_name(field.name)
    assert (f"--{name}, --no-{name}" if isinstance(field, Flag) else f"--{name} {field.example}") in said
    assert field.help in said
    assert all(f"--{option_name(alias)}" in said for alias in field.aliases)


def test_every_setting_and_magic_is_there() -> None:
    """And metadata, which is not a field."""
    said = help_text()
    for setting in SETTINGS.values():
        assert f"{'-' if len(setting.name) == 1 else '--'}{setting.name}" in said
        assert setting.help in said
    for name, what in MAGICS.items():
        assert f"%kling_{name}" in said
        assert what in said
    assert "--metadata" in said
