// Enhancements: a choice of theme, exact values under the pointer or the arrow keys, and copy buttons. Without a script
// everything is still available in the tables and in the charts' own titles. The files beside this one are the same
// script: moving.js, presenter.js, tables.js and zoom.js.
'use strict';

const byId = (id) => document.getElementById(id);

// A page opened from a file may have no storage. Then a choice is lost on reload.
const remembered = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* see above */ } };

for (const tools of document.querySelectorAll('.tools')) tools.hidden = false;

(function theme() {
  const root = document.documentElement;
  const button = byId('theme');
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches);
  const name = () => { button.textContent = isDark() ? 'Light page' : 'Dark page'; };
  name();
  systemDark.addEventListener('change', name);
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    name();
    remember('makespan-theme', root.dataset.theme);
  });
})();

(function values() {
  const tip = byId('tip');
  let shown = null;

  function hide() {
    if (shown) shown.classList.remove('on');
    shown = null;
    tip.hidden = true;
  }

  function show(mark) {
    if (mark === shown) return;
    hide();
    shown = mark;
    mark.classList.add('on');
    tip.textContent = mark.dataset.value;
    place();
  }

  // Beside its mark's current position: the Tab key scrolls a chart into view after focusing it.
  function place() {
    if (!shown) return;
    tip.hidden = false;
    const at = shown.getBoundingClientRect();
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    const left = Math.min(Math.max(at.left + at.width / 2 - width / 2, 8), innerWidth - width - 8);
    const above = at.top - height - 8;
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${above >= 8 ? above : at.bottom + 8}px`;
    tip.hidden = at.bottom < 0 || at.top > innerHeight;
  }

  for (const chart of document.querySelectorAll('svg.chart')) {
    const marks = [...chart.querySelectorAll('.mark')];
    // Browsers show titles late and small. Ours replace them.
    for (const mark of marks) {
      const title = mark.querySelector('title');
      mark.dataset.value = title.textContent;
      title.remove();
    }
    const own = chart.querySelector(':scope > title');
    chart.setAttribute('aria-label', own.textContent);
    chart.removeAttribute('aria-labelledby');
    own.remove();
    if (!marks.length) continue;

    // One tab stop per chart; inside it the arrow keys move between marks.
    chart.setAttribute('tabindex', '0');
    let current = -1;
    const walk = (step) => {
      current = (current + step + marks.length) % marks.length;
      show(marks[current]);
      marks[current].scrollIntoView({ block: 'nearest' });
    };
    chart.addEventListener('keydown', (event) => {
      if (event.shiftKey) return;
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === 'Escape') hide();
      if (!step) return;
      event.preventDefault();
      walk(step);
    });
    chart.addEventListener('focus', () => {
      if (chart.matches(':focus-visible')) { current = Math.max(current, 0); walk(0); }
    });
    chart.addEventListener('blur', hide);
    chart.addEventListener('pointerover', (event) => {
      const mark = event.target.closest('.mark');
      if (mark) { current = marks.indexOf(mark); show(mark); } else hide();
    });
    // Lifting a finger must not hide the tip, which is still being read. The next touch elsewhere is a blur.
    chart.addEventListener('pointerleave', (event) => { if (event.pointerType !== 'touch') hide(); });
  }
  // Each claim is a cell of the scoreboard, with its question in a title.
  for (const cell of document.querySelectorAll('.cells a')) {
    cell.dataset.value = cell.title;
    cell.setAttribute('aria-label', cell.title);
    cell.removeAttribute('title');
    for (const begin of ['pointerenter', 'focus']) cell.addEventListener(begin, () => show(cell));
    for (const end of ['pointerleave', 'blur']) cell.addEventListener(end, hide);
  }
  addEventListener('scroll', place, { passive: true });
  addEventListener('resize', place);
})();

(function copying() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll('.copy')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const code = button.parentElement.querySelector('code');
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = 'Selected';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
  }
})();

(function printing() {
  // Folds are printed if everything is: open, because browsers don't print what is closed.
  const everything = byId('print-everything');
  let opened = [];
  addEventListener('beforeprint', () => {
    if (!everything.checked) return;
    document.documentElement.classList.add('everything');
    opened = [...document.querySelectorAll('main details:not([open])')];
    for (const details of opened) details.open = true;
  });
  addEventListener('afterprint', () => {
    document.documentElement.classList.remove('everything');
    for (const details of opened) details.open = false;
    opened = [];
  });
})();
