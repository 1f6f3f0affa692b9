// The classroom's pages. The server tells the state of the room and what happens in a race; this shows it. Nothing is
// measured here, and drawing is kept cheap: the browser sits on the machine that the race runs on.
//
// The files of this folder are served as one script, in the order of the list in crates/classroom/src/page.rs. This one is
// the first: what makes elements. Whatever comes from elsewhere is put in as text, never as markup.
'use strict';

// Before the first paint, so that a page which its reader made dark doesn't flash white.
const root = document.documentElement;
try { root.dataset.theme = localStorage.getItem('makespan-theme') || ''; } catch { /* a browser without storage */ }

const SVG = 'http://www.w3.org/2000/svg';
// No oftener than this: twenty times a second is as often as an eye needs.
const FRAME_MS = 50;
// More cells than these get thin panels, and one large one for the cell that runs.
const MANY_CELLS = 12;

const byId = (id) => document.getElementById(id);
const say = (node, words) => { if (node && node.textContent !== words) node.textContent = words; };
const show = (node, shown) => { if (node && node.hidden === shown) node.hidden = !shown; };

function el(tag, attributes = {}, ...content) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...content);
  return node;
}

function svg(tag, attributes = {}, ...content) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, typeof value === 'number' ? +value.toFixed(2) : value);
  node.append(...content);
  return node;
}
