"""Looks at the pages of the manual: ``python tools/manual.py HTML_FOLDER [PAGE...]``.

Of every page: one title, headings in order, a text for each picture, nothing that is loaded from elsewhere. With
Chromium on the machine, also: no page is wider than a desktop's or a phone's window or takes long to load, tabs, copy
buttons and the switch of the theme work, and the search finds the functions. With npm, which fetches axe-core, that
has nothing to say of any page, in light and in dark.
"""

from __future__ import annotations

import functools
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: Widths of windows, in pixels.
WIDTHS = (1280, 390)

#: Seconds that a page may take to load.
SECONDS = 2.0

#: How many browsers look at once.
BROWSERS = min(4, os.cpu_count() or 1)

#: What the search has to find, and on which page.
FOUND = {"compute_stats": "statistics", "gaussian_blur": "images", "word_count": "words"}

#: The checker of accessibility, and where it is kept.
AXE, KEPT = "axe-core@4.14.1", Path(__file__).resolve().parents[1] / "build" / "axe"

#: What runs in the browser.
SCRIPT = Path(__file__).with_name("manual_look.js")


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


def axe() -> str | None:
    """Return the program of axe-core, which npm fetches once; None where it cannot."""
    program = KEPT / "node_modules" / "axe-core" / "axe.min.js"
    npm = shutil.which("npm")
    if npm and not program.is_file():
        KEPT.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--prefix", str(KEPT), "--no-save", "--no-audit", "--no-fund", AXE]
        subprocess.run(install, capture_output=True, timeout=120, check=False)
    return program.read_text(encoding="utf-8") if program.is_file() else None


class Handler(SimpleHTTPRequestHandler):
    """Gives the browser the pages and what it runs, and takes what it found."""

    def __init__(
        self, *arguments: Any, made: dict[str, str], found: queue.Queue[str], **options: Any
    ) -> None:
        self.made, self.found = made, found
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        """Answer with what is made here, or with a file."""
        if (text := self.made.get(self.path)) is None:
            super().do_GET()
            return
        body = text.encode()
        self.send_response(200)
        kind = {"html": "text/html", "js": "text/javascript"}.get(
            self.path.rsplit(".")[-1], "application/json"
        )
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take the answer."""
        self.found.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing of what is asked for."""


def browse(folder: Path, program: str, task: dict[str, Any], checker: str | None) -> dict[str, Any]:
    """Return what the script found in a browser."""
    found: queue.Queue[str] = queue.Queue()
    made = {
        "/_look.html": '<!doctype html><html lang="en"><title>look</title><script src="/_look.js" defer></script>',
        "/_look.js": SCRIPT.read_text(encoding="utf-8"),
        "/_task.json": json.dumps(task),
        "/_axe.js": checker or "",
    }
    handler = functools.partial(Handler, directory=str(folder), made=made, found=found)
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        options += [f"--user-data-dir={profile}", "--window-size=1400,1000", "--no-first-run"]
        options += ["--disable-background-timer-throttling", "--disable-renderer-backgrounding"]
        url = f"http://127.0.0.1:{server.server_port}/_look.html"
        with subprocess.Popen(
            [program, *options, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                answer: dict[str, Any] = json.loads(found.get(timeout=900))
            except queue.Empty:
                answer = {"pages": [], "searches": {}, "error": f"{program} showed nothing"}
            finally:
                process.terminate()
                server.shutdown()
    return answer


def look(folder: Path, program: str, pages: list[str], checker: str | None) -> list[str]:
    """Return what is wrong in browsers, of which each has a part of the pages: one alone keeps one processor busy."""
    parts = [part for start in range(BROWSERS) if (part := pages[start::BROWSERS])]
    task = {"widths": WIDTHS, "seconds": SECONDS, "axe": checker is not None}
    tasks = [{**task, "pages": part, "found": FOUND if part is parts[0] else {}} for part in parts]
    with ThreadPoolExecutor(len(tasks)) as pool:
        answers = list(pool.map(lambda task: browse(folder, program, task, checker), tasks))
    wrong = [answer["error"] for answer in answers if answer["error"]]
    if wrong:
        return wrong
    found = [seen for answer in answers for seen in answer["pages"]]
    assert len(found) == len(pages) * len(WIDTHS)
    assert answers[0]["searches"].keys() == FOUND.keys()
    for seen in found:
        page, width = seen["page"], seen["width"]
        if seen["wide"] > width:
            wrong.append(f"{page}: {seen['wide']} pixels wide in a window of {width}")
        if seen["took"] > 1000 * SECONDS:
            wrong.append(f"{page}: takes {seen['took'] / 1000:.1f} s to load")
        wrong += [f"{page}: {what}" for what in seen["wrong"]]
    return wrong + [
        f"the search for {word} does not find it on the page {FOUND[word]}"
        for word, is_found in answers[0]["searches"].items()
        if not is_found
    ]


def main() -> int:
    """Look at all pages, or at those that are named."""
    folder = Path(sys.argv[1]).resolve()
    wrong = []
    pages = sys.argv[2:] or sorted(
        page.relative_to(folder).as_posix() for page in folder.rglob("*.html") if "_static" not in page.parts
    )
    for page in pages:
        if page in ("genindex.html", "search.html"):
            continue
        text = (folder / page).read_text(encoding="utf-8")
        # The article: what stands around it is the theme's.
        article = re.search(r"<article.*?</article>", text, re.DOTALL)
        wrong += [f"{page}: {what}" for what in Page(article[0] if article else text).wrong]
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
    checker = axe() if program else None
    if program:
        wrong += look(folder, program, pages, checker)
    missing = "" if program else "; no browser"
    missing += "" if checker else "; axe-core cannot be had here: accessibility was not looked at"
    print("\n".join([*wrong, f"{len(pages)} pages, {len(wrong)} faults{missing}"]))
    return bool(wrong or not pages)


if __name__ == "__main__":
    sys.exit(main())
