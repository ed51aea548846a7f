"""Small PDF documents: one page of text lines, made by hand."""

from collections.abc import Iterable

_POINTS_PER_CM = 72 / 2.54
_WIDTH, _HEIGHT = 10 * _POINTS_PER_CM, 15 * _POINTS_PER_CM  # a shipping label


def page_of(lines: Iterable[str]) -> bytes:
    """A valid PDF of one page that shows these lines; what Latin 1 cannot write becomes a question mark."""
    text = "\n".join(f"({_escaped(line)}) ' " for line in lines)
    content = f"BT /F1 11 Tf 16 TL 20 {_HEIGHT - 24:.0f} Td\n{text}\nET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH:.0f} {_HEIGHT:.0f}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    document = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return document + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(document))
    )


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
