// Small words for the document.

export const $ = (id) => document.getElementById(id);
export const copyOf = (template) => $(template).content.firstElementChild.cloneNode(true);
export const within = (node, selector) => node.querySelector(selector);

/** Leaves a node alone that says the same already: whatever is written again may be read out again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const people = (count) => (count === 1 ? "1 member" : `${count} members`);

/** Makes a link to another site, or null of an address that is not one of the web. */
export function linkTo(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return null;
  return Object.assign(document.createElement("a"), { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" });
}
