// Messages with HTML and Markdown: shown as they are meant, and nothing of them runs, loads or leads astray.

import assert from "node:assert/strict";
import { author } from "./author.mjs";
import { scene } from "./scene.mjs";

// Each would set `hit`, load something, or leave the page.
const ATTACKS = [
  "<script>hit = 1</script>",
  "<img src=x onerror='hit = 1'>",
  "<svg onload='hit = 1'><script>hit = 1</script><a href='javascript:hit = 1'><text>x</text></a></svg>",
  "<math><mtext><table><mglyph><style><img src=x onerror='hit = 1'></style></mglyph></table></mtext></math>",
  "<noscript><p title=\"</noscript><img src=x onerror='hit = 1'>\">x</noscript>",
  "<a href='javascript:hit = 1'>x</a><a href=' java\tscript:hit = 1'>x</a><a href='data:text/html,x'>x</a><a href='//x'>x</a>",
  "<b onclick='hit = 1' style='position:fixed;inset:0' class=toast id=messages data-testid=signout>b</b>",
  "<style>body { display: none }</style><link rel=stylesheet href=https://example.org/x.css>",
  "<iframe srcdoc='<script>parent.hit = 1</script>'></iframe><object data=x></object><embed src=x>",
  "<form action=https://example.org><input name=password><button formaction='javascript:hit = 1'>x</button></form>",
  "<details open ontoggle='hit = 1'><summary>x</summary></details><video><source onerror='hit = 1'></video>",
  "<template><img src=x onerror='hit = 1'></template><base href=https://example.org/><meta http-equiv=refresh content=0>",
  `${"<div>".repeat(400)}<script>hit = 1</script><img src=x onerror='hit = 1'>deep${"</div>".repeat(400)}`,
  "<p><b><i><script>hit = 1</script><a href=https://example.org onmouseover='hit = 1' target=_self rel=opener>y</a></i></b></p>",
];
const MARKED_ATTACKS = [
  "[x](javascript:hit=1) [x](data:text/html,x) <img src=x onerror='hit = 1'> **<script>hit = 1</script>**",
  "![x](https://example.org/pixel.png)",
  `[${"*_`".repeat(300)}](${"[".repeat(300)}`,
];
const ALLOWED = {
  names: "A B DIV I P SPAN STRONG EM CODE PRE UL OL LI SUMMARY DETAILS TABLE TBODY TR TD".split(" "),
  attributes: ["href", "rel", "target", "title", "start", "colspan", "rowspan"],
};

const contentsOf = (person) => person.page.locator(".formatted").evaluateAll((nodes) => nodes.map((node) => node.innerHTML));

// Gives the page messages that no server of ours would give: the page has to stand alone.
async function poison(person, contents) {
  await person.page.route(/\/rooms\/[^/]+\/messages/, async (route) => {
    const answer = await route.fetch();
    const page = await answer.json();
    const [example] = page.items;
    page.items = contents.map(([formatting, content], n) => ({ ...example, id: `m-${n}`, seq: n + 1, formatting, content }));
    await route.fulfill({ response: answer, json: { ...page, items: page.items.reverse(), hasMore: false } });
  });
}

scene("formatted messages are shown as they are meant", async ({ server, visitor }) => {
  const ada = await author(server, "Ada");
  const room = await ada.room("Print shop");
  const html = "<h2>Prices</h2><p>Bread <b>2 &lt; 3</b>, <a href='https://example.org/a?b=1'>more</a></p><ul><li>rye<li>oat</ul>";
  await ada.says(room, html, { formatting: "html" });
  const lines = ["A **bold**, *lean* and `a_b_c*d*` snake_case_word", "on [a page](https://example.org/)", "", "- one", "- _two_", "",
    "3. three", "4. four", "", "```", "<b>**raw**</b>", "```"];
  await ada.says(room, lines.join("\n"), { formatting: "markdown" });
  await ada.says(room, "<b>plain</b> **too**");

  const ben = await visitor();
  await ben.enterAsGuest("Ben");
  await ben.enterRoom("Print shop");
  await ben.sees("<b>plain</b> **too**");
  const attributes = 'rel="noopener noreferrer nofollow" target="_blank"';
  assert.deepEqual(await contentsOf(ben), [
    `<h2>Prices</h2><p>Bread <b>2 &lt; 3</b>, <a href="https://example.org/a?b=1" ${attributes}>more</a></p>` +
      "<ul><li>rye</li><li>oat</li></ul>",
    "<p>A <strong>bold</strong>, <em>lean</em> and <code>a_b_c*d*</code> snake_case_word\n" +
      `on <a href="https://example.org/" ${attributes}>a page</a></p><ul><li>one</li><li><em>two</em></li></ul>` +
      '<ol start="3"><li>three</li><li>four</li></ol><pre><code>&lt;b&gt;**raw**&lt;/b&gt;</code></pre>',
  ]);
  await ben.snap("formatted");
});

scene("nothing in a formatted message runs, loads or leads astray", async ({ server, visitor }) => {
  const ada = await author(server, "Ada");
  const room = await ada.room("Trap");
  await ada.says(room, "An example");
  // Without the policy, which would stop all this too, and would hide what the page lets through.
  const ben = await visitor({ bypassCSP: true });
  const elsewhere = [];
  ben.page.on("request", (request) => !request.url().startsWith(server.url) && elsewhere.push(request.url()));
  await poison(ben, [...ATTACKS.map((it) => ["html", it]), ...MARKED_ATTACKS.map((it) => ["markdown", it]), ["constructor", "the end"]]);
  await ben.enterAsGuest("Ben");
  await ben.enterRoom("Trap");
  await ben.sees("the end");
  await ben.snap("formatted attacks");

  const forbidden = await ben.page.locator(".formatted *").evaluateAll((nodes, { names, attributes }) => nodes
    .flatMap((node) => [node.tagName, ...[...node.attributes].map(({ name }) => `@${name}`)])
    .filter((it) => !(names.includes(it) || attributes.includes(it.slice(1)))), ALLOWED);
  assert.deepEqual(forbidden, []);
  const links = await ben.page.locator(".formatted a").evaluateAll((nodes) => nodes.map(({ href, rel, target }) => [href, rel, target]));
  const safe = ["https://example.org/", "noopener noreferrer nofollow", "_blank"];
  assert.deepEqual(links, [safe, ["https://example.org/pixel.png", ...safe.slice(1)]]);
  const texts = (await ben.messages()).join("\n");
  for (const [text, isThere] of [["deep", true], ["hit = 1</script>", true], ["display: none", false]]) {
    assert.equal(texts.includes(text), isThere, text);
  }
  for (const node of await ben.page.locator(".formatted *").all()) await node.dispatchEvent("click").catch(() => {});
  assert.equal(await ben.page.evaluate(() => window.hit), undefined);
  assert.equal(new URL(ben.page.url()).origin, server.url);
  assert.deepEqual(elsewhere, []);
});

scene("what a mistake of the page would let through, its policy stops", async ({ server, visitor }) => {
  const ben = await visitor();
  const elsewhere = [];
  ben.page.on("response", (answer) => !answer.url().startsWith(server.url) && elsewhere.push(answer.url()));
  const refused = await ben.page.evaluate(async (attacks) => {
    const refusals = new Set();
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => refusals.add(effectiveDirective));
    const place = document.body.appendChild(document.createElement("div"));
    for (const attack of attacks) place.insertAdjacentHTML("beforeend", attack);
    place.append(Object.assign(document.createElement("script"), { textContent: "hit = 1" }));
    place.querySelector("b").click();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return [...refusals].sort();
  }, ATTACKS.filter((it) => !it.includes("<meta")));
  assert.equal(await ben.page.evaluate(() => window.hit), undefined);
  for (const directive of ["script-src-attr", "script-src-elem", "style-src-elem"]) assert.ok(refused.includes(directive), String(refused));
  assert.deepEqual(elsewhere, []);
});
