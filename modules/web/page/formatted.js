// Formatted messages. What others have sent is never inserted as markup: it is read into a document that runs and loads nothing, of
// which only what is known here is made anew, whatever the server has let through.

import { linkTo, setText } from "./dom.js";
import { markdown } from "./markdown.js";

const ELEMENTS = new Set(
  ("a abbr b bdi bdo blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q rp rt ruby s " +
    "samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var wbr").split(" "),
);
/** Those whose text is not for readers; of all others that are unknown the content is kept. */
const DROPPED = new Set(
  ("audio button canvas datalist embed frame frameset head iframe input link math meta noembed noframes noscript object option " +
    "plaintext script select style svg template textarea title video xmp").split(" "),
);
const ATTRIBUTES = { a: ["title"], abbr: ["title"], ol: ["start"], td: ["colspan", "rowspan"], th: ["colspan", "rowspan"] };
/** What is nested deeper keeps its text alone. */
const DEEPEST = 20;

/** Shows the content of a message, as its formatting says; what was drawn already is left alone. */
export function fillContent(node, { content, formatting }) {
  // A graph message carries an object; everything else is text.
  const isText = typeof content === "string";
  const read = isText ? READERS.get(formatting) : undefined;
  node.classList.toggle("formatted", Boolean(read));
  if (!read) {
    if (drawn.delete(node)) node.replaceChildren();
    return setText(node, isText ? content : JSON.stringify(content, null, 2));
  }
  if (drawn.get(node) === content) return;
  drawn.set(node, content);
  node.replaceChildren(read(content));
}

const READERS = new Map([["html", html], ["markdown", markdown]]);
/** What was drawn last into which node: whatever is written again may be read out again. */
const drawn = new WeakMap();

function html(text) {
  const { body } = new DOMParser().parseFromString(text, "text/html");
  return copyChildren(body, document.createDocumentFragment(), 0);
}

function copyChildren(from, to, depth) {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.append(child.data);
    if (child.nodeType !== Node.ELEMENT_NODE || DROPPED.has(child.localName)) continue;
    const isMade = ELEMENTS.has(child.localName) && depth < DEEPEST;
    copyChildren(child, isMade ? to.appendChild(copy(child)) : to, depth + 1);
  }
  return to;
}

function copy(element) {
  const name = element.localName;
  const made = name === "a" ? linkTo(element.getAttribute("href")) ?? document.createElement("span") : document.createElement(name);
  for (const attribute of ATTRIBUTES[name] ?? []) {
    if (element.hasAttribute(attribute)) made.setAttribute(attribute, element.getAttribute(attribute));
  }
  return made;
}
