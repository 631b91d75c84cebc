"""The help text of ``%kling?``."""

from __future__ import annotations

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Flag
from kling_widgets.request.magic_words import MAGICS, SETTINGS, option_name


def help_text() -> str:
    """Return the help text: every option with an example, generated from the catalog."""
    fields = []
    for field in FIELDS.values():
        if field.name == "prompt":
            continue
        name = option_name(field.name)
        shown = f"--{name}, --no-{name}" if isinstance(field, Flag) else f"--{name} {field.example}"
        also = f" Also --{', --'.join(map(option_name, field.aliases))}." if field.aliases else ""
        fields.append(f"  {shown}\n      {field.help}{also}")
    settings = []
    for setting in SETTINGS.values():
        dashes = "-" if len(setting.name) == 1 else "--"
        negated = f", --no-{setting.name}" if setting.negated else ""
        settings.append(
            f"  {dashes}{setting.name}{' ' + setting.example if setting.example else negated}\n      {setting.help}"
        )
    magics = [f"  %kling_{name}\n      {what}" for name, what in MAGICS.items()]
    return "\n".join(
        (
            "Makes a video: options first, the rest of the line is the prompt. Options may also end the line.",
            "",
            "  %kling a paper boat in the rain",
            "  %kling --model 3.0 --seconds 10 --aspect-ratio 9:16 a paper boat in the rain",
            "  %%kling --model 2.6",
            "  a prompt of several lines, in the body of the cell",
            "  %kling                     (alone: a form)",
            "",
            "{name} in a prompt or an option is replaced by the value of that variable; {{ and }} are braces, and",
            "$$name is $name. Use %%kling for a prompt that ends in a question mark: IPython treats such a line as a",
            "request for help.",
            "Options are never part of a prompt: a line with an option in its middle, or a misspelt one, is refused,",
            "with a corrected line. A prompt is used literally if all of it is in double quotes, if -- comes before",
            "it, or if the first line of %%kling ends in --. To set a list, repeat its option.",
            "A structured value is JSON, @file.json, or the name of a variable.",
            "",
            "What to do:",
            *settings,
            '  --metadata \'{"name": "value"}\'\n      Fields that are not in the catalog; sent unchanged.',
            "",
            "What to make (%kling_models MODEL lists the options of one model):",
            *fields,
            "",
            "Other magics:",
            *magics,
        )
    )
