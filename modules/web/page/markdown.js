// A small part of Markdown: code, bold, italic, links and lists. All else stays as it is written, HTML in it too.

import { linkTo } from "./dom.js";

const FENCE = /^ {0,3}```/;
const ITEM = /^ {0,3}(?:[-*+]|(\d{1,9})[.)]) +(.*)$/;
/** No part may hold the sign by which it begins: so a long text is read once, and parts cannot nest without end. */
const PARTS = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "\\*\\*(?=\\S)(?<strong>[^*\\n]+)\\*\\*",
    "\\*(?=\\S)(?<em>[^*\\n]+)\\*",
    "(?<![\\p{L}\\p{N}_])_(?=\\S)(?<lean>[^_\\n]+)_(?![\\p{L}\\p{N}_])",
    "\\[(?<words>[^[\\]\\n]+)\\]\\((?<address>[^()\\s]+)\\)",
  ].join("|"),
  "gu",
);

/** Makes nodes of a text. */
export function markdown(text) {
  const made = document.createDocumentFragment();
  const lines = text.split("\n");
  let at = 0;
  const takeWhile = (isOne) => {
    const from = at;
    while (at < lines.length && isOne(lines[at])) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    if (FENCE.test(lines[at])) {
      at += 1;
      made.append(codeBlock(takeWhile((line) => !FENCE.test(line))));
      at += 1;
    } else if (ITEM.test(lines[at])) made.append(list(takeWhile((line) => ITEM.test(line))));
    else if (!lines[at].trim()) at += 1;
    else made.append(inside("p", takeWhile((line) => line.trim() && !FENCE.test(line) && !ITEM.test(line)).join("\n")));
  }
  return made;
}

function codeBlock(lines) {
  const block = document.createElement("pre");
  block.append(plain("code", lines.join("\n")));
  return block;
}

function list(lines) {
  const [, number] = lines[0].match(ITEM);
  const made = document.createElement(number ? "ol" : "ul");
  if (number) made.start = Number(number);
  made.append(...lines.map((line) => inside("li", line.match(ITEM)[2])));
  return made;
}

/** Makes an element of a text in which parts are marked. */
function inside(name, text, made = document.createElement(name)) {
  let at = 0;
  for (const match of text.matchAll(PARTS)) {
    made.append(text.slice(at, match.index), part(match));
    at = match.index + match[0].length;
  }
  made.append(text.slice(at));
  return made;
}

function part({ 0: written, groups: { code, strong, em, lean, words, address } }) {
  if (code) return plain("code", code);
  if (strong) return inside("strong", strong);
  if (em ?? lean) return inside("em", em ?? lean);
  const link = linkTo(address);
  return link ? inside("a", words, link) : written;
}

function plain(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
