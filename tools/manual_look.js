// Looks at pages in a browser, for tools/manual.py: loads each into a frame, and posts what it found.
//
// Of each page and width: how wide it is, and how long it took to load. Of each theme: what axe-core says, if there is
// one. Of each page: whether tabs, copy buttons and the switch of the theme do what they are for.

async function open(page, width) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 900px; border: 0`;
  frame.title = "page";
  const start = performance.now();
  frame.src = page;
  const loaded = new Promise(done => frame.onload = done);
  document.body.append(frame);
  await loaded;
  frame.took = performance.now() - start;
  return frame;
}

const until = async (what, times = 100) => {
  for (; times && !what(); times--) await new Promise(done => setTimeout(done, 10));
  return Boolean(what());
};

// The theme lets the article scroll where the page would.
const wide = (frame, width) => Math.max(...[...frame.contentDocument
  .querySelectorAll("html, .bd-article-container, article")]
  .map(part => width + part.scrollWidth - part.clientWidth));

function wrongTabs(page) {
  const wrong = [];
  for (const set of page.querySelectorAll(".sd-tab-set")) {
    const labels = [...set.querySelectorAll(":scope > label")];
    for (const label of labels) {
      label.click();
      const shown = [...set.querySelectorAll(":scope > .sd-tab-content")].filter(part => part.offsetHeight > 0);
      if (shown.length !== 1 || shown[0] !== label.nextElementSibling)
        wrong.push(`the tab ${label.textContent.trim()} does not show its content`);
    }
    labels[0].click();
  }
  return wrong;
}

async function wrongCopies(page) {
  const blocks = () => [...page.querySelectorAll("div.highlight pre")];
  const bare = () => blocks().filter(block => !block.parentElement.querySelector("button.copybtn"));
  await until(() => bare().length === 0);
  return bare().map(block => `no copy button: ${block.textContent.slice(0, 40)}`);
}

function wrongTheme(page) {
  const root = page.documentElement, colours = new Set();
  const menu = page.querySelector(".theme-switch-container .dropdown-toggle");
  const choices = ["dark", "light"].map(mode => page.querySelector(`.theme-change-button[data-mode="${mode}"]`));
  if (!menu || choices.includes(null)) return ["no switch of the theme"];
  for (const choice of choices) {
    menu.click();
    choice.click();
    if (root.dataset.theme !== choice.dataset.mode) return [`the theme is ${root.dataset.theme} after a click`];
    colours.add(page.defaultView.getComputedStyle(page.body).backgroundColor);
  }
  return colours.size === 2 ? [] : ["both themes have one background"];
}

async function wrongByAxe(frame, theme) {
  const page = frame.contentDocument;
  page.documentElement.dataset.theme = theme;
  page.documentElement.dataset.mode = theme;
  if (!frame.contentWindow.axe) {
    const script = page.createElement("script");
    script.src = "/_axe.js";
    const loaded = new Promise(done => script.onload = done);
    page.head.append(script);
    await loaded;
    // What fades has the colours between.
    const still = page.createElement("style");
    still.textContent = "* { transition: none !important; animation: none !important }";
    page.head.append(still);
  }
  const found = await frame.contentWindow.axe.run(page, { resultTypes: ["violations"], iframes: false });
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id} (${theme}): ${node.target} ${node.any.concat(node.all, node.none).map(c => c.message).join(" ").slice(0, 160)}`));
}

async function look({ pages, widths, seconds, axe }) {
  const found = [];
  for (const page of pages) for (const width of widths) {
    let frame = await open(page, width);
    // It may have been the machine that was slow, not the page.
    for (let again = 0; again < 2 && frame.took > 1000 * seconds; again++) {
      frame.remove();
      frame = await open(page, width);
    }
    const one = { page, width, wide: wide(frame, width), took: frame.took, wrong: [] };
    if (width === widths[0]) {
      const inside = frame.contentDocument;
      for (const check of [wrongTabs, wrongCopies]) one.wrong.push(...await check(inside));
      if (axe) for (const theme of ["light", "dark"]) one.wrong.push(...await wrongByAxe(frame, theme));
      // It leaves a menu open.
      one.wrong.push(...wrongTheme(inside));
    }
    found.push(one);
    frame.remove();
  }
  return found;
}

// The address of the search for a word; whether it finds it on a page.
async function search(word, page) {
  const frame = await open(`search.html?q=${word}`, 1280);
  const links = () => [...frame.contentDocument.querySelectorAll("#search-results a")];
  const is_found = await until(() => links().some(link => link.href.includes(`${page}.html`)
    && link.href.includes(word)), 1000);
  frame.remove();
  return is_found;
}

async function main() {
  const task = await (await fetch("/_task.json")).json();
  const answer = { pages: [], searches: {}, error: null };
  try {
    answer.pages = await look(task);
    for (const [word, page] of Object.entries(task.found)) answer.searches[word] = await search(word, page);
  } catch (error) {
    answer.error = String(error.stack || error);
  }
  await fetch("/_found", { method: "POST", body: JSON.stringify(answer) });
}

main();
