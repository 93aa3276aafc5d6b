"""Every key of a config in one page, from the settings themselves: `python -m lasercontrol.settings_page`."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lasercontrol.config import Config

__all__ = ["page"]

HEAD = """# Settings

Every key of a config, made from the settings themselves (`python -m lasercontrol.settings_page > docs/settings.md`).
Units stand at the end of the names; a key without a default must be given where its section is.

"""


def page() -> str:
    """The page as Markdown, a table a section."""
    return HEAD + "\n".join(_tables(Config, ""))


def _tables(model: type[BaseModel], key: str) -> Iterator[str]:
    told = " ".join((model.__doc__ or "").split())
    yield f"## {f'`{key}`' if key else 'The file'}\n\n{told}\n\n| key | default | what |\n|---|---|---|"
    below: list[tuple[type[BaseModel], str]] = []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            below.append((inner, _joined(key, name, field.annotation)))
        what = " ".join((field.description or "").split())
        yield f"| `{name}` | {_default(field.default, inner)} | {what.replace('|', '/')} |"
    yield ""
    for inner, path in below:
        yield from _tables(inner, path)


def _joined(key: str, name: str, annotation: Any) -> str:
    """`lab.instruments.NAME`, `knobs.each[]`, `lab.safety`."""
    many = {dict: ".NAME", tuple: "[]"}.get(get_origin(annotation), "")
    return f"{key}.{name}{many}".lstrip(".")


def _default(value: Any, inner: type[BaseModel] | None) -> str:
    if inner is not None:
        return "none" if value is None else "see below"
    if value is PydanticUndefined:
        return "must be given"
    if value is None:
        return "none"
    return f"`{list(value) if isinstance(value, tuple) else value}`" if value != "" else "empty"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    members = [annotation, *get_args(annotation)]
    return next((part for part in members if isinstance(part, type) and issubclass(part, BaseModel)), None)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
