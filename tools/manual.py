"""Looks at the pages of the manual: ``python tools/manual.py HTML_FOLDER``.

Of every page: one title, headings in order, a text for each picture, nothing that is loaded from elsewhere. With
Chromium on the machine, also: no page is wider than a desktop's or a phone's window, and the search finds the
functions.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

#: Widths of windows, in pixels.
WIDTHS = (1280, 390)

#: What the search has to find, and on which page.
FOUND = {"compute_stats": "statistics", "gaussian_blur": "images", "word_count": "words"}

#: Loads each page into a frame of each width, and writes down how wide it is.
WIDE = """<!doctype html><meta charset="utf-8"><body><script>
const pages = %s, widths = %s, found = [];
async function look() {
  for (const page of pages) for (const width of widths) {
    const frame = document.createElement("iframe");
    frame.style.width = width + "px"; frame.style.height = "900px"; frame.style.border = 0;
    frame.src = page;
    const loaded = new Promise(done => frame.onload = done);
    document.body.append(frame);
    await loaded;
    // The theme lets the article scroll where the page would.
    const parts = frame.contentDocument.querySelectorAll("html, .bd-article-container, article");
    found.push([page, width, Math.max(...[...parts].map(part => width + part.scrollWidth - part.clientWidth))]);
    frame.remove();
  }
  document.body.innerHTML = "<pre id=found>" + JSON.stringify(found) + "</pre>";
}
look();
</script>"""


class Page(HTMLParser):
    """What matters of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.wrong: list[str] = []
        self.feed(text)
        if self.headings.count(1) != 1:
            self.wrong.append(f"{self.headings.count(1)} titles")
        for before, after in zip(self.headings, self.headings[1:]):
            if after > before + 1:
                self.wrong.append(f"a heading of level {after} after one of level {before}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note headings, pictures and what is loaded."""
        values = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" and not values.get("alt"):
            self.wrong.append(f"a picture without a text: {values.get('src')}")
        if tag == "img" and re.search(r"^_images|\.(png|svg)$", values.get("alt") or ""):
            self.wrong.append(f"the text of a picture is its file: {values.get('src')}")
        loads = {"script": "src", "img": "src", "link": "href", "iframe": "src"}.get(tag)
        if loads and re.match("(https?:)?//", values.get(loads) or ""):
            self.wrong.append(f"loaded from elsewhere: {values[loads]}")
        if tag == "a" and ".example" in (values.get("href") or ""):
            self.wrong.append(f"a link to a host that is not there: {values['href']}")


def browser(program: str, url: str) -> str:
    """Return the page at an address, as it is once its scripts have run."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
        options += [f"--user-data-dir={profile}", "--virtual-time-budget=60000", "--dump-dom"]
        done = subprocess.run(
            [program, *options, url], capture_output=True, text=True, timeout=300, check=False
        )
    return done.stdout


def look(folder: Path, program: str) -> list[str]:
    """Return what is wrong in a browser."""
    wrong = []
    pages = sorted(
        page.relative_to(folder).as_posix() for page in folder.rglob("*.html") if "_static" not in page.parts
    )
    harness = folder / "_look.html"
    harness.write_text(WIDE % (json.dumps(pages), json.dumps(WIDTHS)), encoding="utf-8")
    try:
        shown = browser(program, harness.as_uri())
    finally:
        harness.unlink()
    found = re.search(r'<pre id="found">(.*?)</pre>', shown)
    if not found:
        return [f"{program} showed nothing"]
    widths = json.loads(found[1])
    assert len(widths) == len(pages) * len(WIDTHS)
    wrong += [
        f"{page}: {is_wide} pixels wide in a window of {w}" for page, w, is_wide in widths if is_wide > w
    ]
    for word, page in FOUND.items():
        shown = browser(program, f"{(folder / 'search.html').as_uri()}?q={word}")
        if not re.search(rf'<a href="[^"]*{page}\.html[^"]*{word}', shown):
            wrong.append(f"the search for {word} does not find it on the page {page}")
    return wrong


def main() -> int:
    """Look at all pages."""
    folder = Path(sys.argv[1]).resolve()
    wrong = []
    pages = [
        page
        for page in folder.rglob("*.html")
        if "_static" not in page.parts and page.stem not in ("genindex", "search")
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        # The article: what stands around it is the theme's.
        article = re.search(r"<article.*?</article>", text, re.DOTALL)
        wrong += [
            f"{page.relative_to(folder)}: {what}" for what in Page(article[0] if article else text).wrong
        ]
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
    if program:
        wrong += look(folder, program)
    print(
        "\n".join([*wrong, f"{len(pages)} pages, {len(wrong)} faults" + ("" if program else "; no browser")])
    )
    return bool(wrong or not pages)


if __name__ == "__main__":
    sys.exit(main())
