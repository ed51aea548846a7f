"""Every text goes through gettext, and both translations are complete."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
NOT_FOR_STAFF = {"tests", "migrations", "sandbox", "benchmarks"}
TEXTS_OF = {  # how many of the arguments are texts, and whether a context stands before them
    "_": (1, False), "gettext": (1, False), "gettext_lazy": (1, False), "gettext_noop": (1, False),
    "ngettext": (2, False), "ngettext_lazy": (2, False), "pgettext": (1, True), "pgettext_lazy": (1, True),
    "npgettext": (2, True), "npgettext_lazy": (2, True),
}  # fmt: skip
CALL = re.compile(r"\b(n?p?gettext|_)\(((?:\s*,?\s*u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"))+)")
LITERAL = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
CONTEXT = "\x04"  # what stands between a context and its text in a catalogue


def entry(name: str, texts: list[str]) -> tuple[str, ...]:
    """The singular and, if there is one, the plural of one call, as the catalogue keeps them."""
    count, has_context = TEXTS_OF[name]
    context = texts[0] + CONTEXT if has_context else ""
    return tuple(context + text if at == 0 else text for at, text in enumerate(texts[has_context:][:count]))


def of_python(path: Path) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TEXTS_OF:
            arguments = node.args[: sum(TEXTS_OF[node.func.id])]
            assert all(isinstance(argument, ast.Constant) for argument in arguments), (
                f"{path}:{node.lineno}: gettext takes a text that stands there, not one that is put together"
            )
            yield entry(node.func.id, [argument.value for argument in arguments])


def of_template(path: Path) -> Iterator[tuple[str, ...]]:
    for name, arguments in CALL.findall(templatize(path.read_text(), str(path))):
        yield entry(name, [ast.literal_eval(text) for text in LITERAL.findall(arguments)])


def sources() -> Iterator[tuple[Path, tuple[str, ...]]]:
    for app in ("backoffice", "customers", "fulfilment", "templates"):
        for path in sorted((ROOT / app).rglob("*")):
            if NOT_FOR_STAFF & set(path.relative_to(ROOT).parts):
                continue
            if path.suffix == ".py":
                yield from ((path, texts) for texts in of_python(path))
            elif path.suffix == ".html":
                yield from ((path, texts) for texts in of_template(path))


@pytest.fixture(scope="module")
def texts():
    return {entry: path for path, entry in sources()}


def catalogue(language: str) -> dict[str | tuple[str, int], str]:
    with (ROOT / "backoffice/locale" / language / "LC_MESSAGES/django.mo").open("rb") as compiled:
        return dict(gettext.GNUTranslations(compiled)._catalog)


def placeholders(text: str) -> set[str]:
    braces = {name for _, name, _, _ in Formatter().parse(text) if name} if "%(" not in text else set()
    return braces | set(re.findall(r"%\((\w+)\)", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_product_has_its_translation(texts, language):
    """Run ``make messages`` and translate what is empty, where this fails."""
    there = catalogue(language)
    missing = [f"{path}: {entry[0]}" for entry, path in texts.items() if not is_in(there, entry)]
    assert not missing, "\n".join(missing)
    assert len(texts) > 1000  # the walk found the texts


def is_in(there, entry) -> bool:
    first = entry[0]
    return bool(there.get(first) if len(entry) == 1 else there.get((first, 0)) and there.get((first, 1)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(texts, language):
    there = catalogue(language)
    for entry in texts:
        text = entry[-1].split(CONTEXT)[-1]
        translated = there[entry[0]] if len(entry) == 1 else there[entry[0], 1]
        assert placeholders(translated) == placeholders(text), (text, translated)
        if len(entry) > 1:  # the one of it may leave out the number, not name another thing
            assert placeholders(there[entry[0], 0]) <= placeholders(text), (text, there[entry[0], 0])
