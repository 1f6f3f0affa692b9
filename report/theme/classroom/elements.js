// The classroom's pages. The server sends the room's state and the race's events; this shows them. Nothing is measured
// here, and drawing is kept cheap, because the browser runs on the same machine as the race.
//
// The files of this folder are served as one script, in the order of the list in crates/classroom/src/page.rs. This one
// is the first: helpers that make elements. Data from the server is inserted as text, never as markup.
'use strict';

// Runs before the first paint, so that the dark theme doesn't flash white.
const root = document.documentElement;
try { root.dataset.theme = localStorage.getItem('makespan-theme') || ''; } catch { /* a browser without storage */ }

const SVG = 'http://www.w3.org/2000/svg';
// Redraw at most this often: twenty times a second is enough for the eye.
const FRAME_MS = 50;
// More cells than this get thin panels, and a large one for the running cell.
const MANY_CELLS = 12;

const byId = (id) => document.getElementById(id);
const say = (node, words) => { if (node && node.textContent !== words) node.textContent = words; };
// A command, which breaks between its words and not at the hyphens inside them.
function sayCommand(node, command) {
  if (node.textContent === command) return;
  node.replaceChildren(...command.split(' ').flatMap((word, place) => [place ? ' ' : '', el('span', { class: 'word' }, word)]));
}
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
