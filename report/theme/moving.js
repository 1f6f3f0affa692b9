
// Moving through the page: the list at the side, single keys, and addresses that open what they point into.

const claims = [...document.querySelectorAll('article.claim')];
const presenting = () => document.body.classList.contains('presenting');

// Which of these is at the top of the window: the one that begins last above its first third.
function atTop(places) {
  let [last, lastTop] = [undefined, -Infinity];
  for (const place of places) {
    const { top } = place.getBoundingClientRect();
    if (top >= lastTop && top < innerHeight / 3 && place.checkVisibility()) [last, lastTop] = [place, top];
  }
  return last;
}

// To the same address, a browser doesn't go again.
function goTo(id) {
  if (location.hash === `#${id}`) byId(id).scrollIntoView(); else location.hash = id;
}

(function addresses() {
  const target = () => byId(decodeURIComponent(location.hash.slice(1)));
  function open() {
    const at = target();
    if (!at) return;
    for (let inside = at; inside; inside = inside.parentElement?.closest('details')) if (inside.matches('details')) inside.open = true;
    const fold = at.parentElement?.closest('details');
    if (fold) fold.open = true;
    at.scrollIntoView();
    mark();
  }
  const links = new Map([...document.querySelectorAll('#contents li a')].map((link) => [byId(link.hash.slice(1)), link]));
  let marked = null;
  function mark() {
    const link = links.get(atTop(links.keys()));
    if (link === marked) return;
    marked?.removeAttribute('aria-current');
    marked = link;
    if (!link) return;
    link.setAttribute('aria-current', 'true');
    const details = link.closest('details');
    if (byId('find').value) return;
    for (const other of document.querySelectorAll('#contents details.claims')) other.open = other === details;
    // Only the list scrolls, and not the page.
    const [list, at] = [byId('contents'), link.getBoundingClientRect()];
    if (at.top < 0 || at.bottom > innerHeight) list.scrollTop += at.top - innerHeight / 2;
  }
  addEventListener('hashchange', open);
  addEventListener('scroll', mark, { passive: true });
  byId('contents').addEventListener('click', (event) => {
    if (event.target.closest('a') && byId('contents').matches(':popover-open')) byId('contents').hidePopover();
  });
  open();
  mark();
})();

(function finding() {
  const box = byId('find');
  const found = byId('found');
  const entries = [...document.querySelectorAll('#contents ol a')].map((link) => ({ link, id: link.hash.slice(1) }));
  // Made when it is first needed: the words of a claim, without those of its charts.
  function words(entry) {
    const texts = () => [...byId(entry.id).querySelectorAll('h3, p, td, th, code')].map((text) => text.textContent);
    entry.words ??= `${entry.id} ${texts().join(' ')}`.toLowerCase();
    return entry.words;
  }
  const hits = () => {
    const wanted = box.value.trim().toLowerCase();
    const exact = entries.filter((entry) => entry.id === wanted);
    return exact.length ? exact : entries.filter((entry) => wanted.split(/\s+/).every((word) => words(entry).includes(word)));
  };
  function filter() {
    const shown = new Set(hits());
    for (const entry of entries) entry.link.parentElement.hidden = !shown.has(entry);
    for (const details of document.querySelectorAll('#contents details.claims')) {
      const any = details.querySelector('li:not([hidden])');
      details.hidden = !any;
      details.open = box.value ? Boolean(any) : Boolean(details.querySelector('[aria-current]'));
    }
    found.textContent = box.value ? `${shown.size} of ${entries.length} claims; Enter goes to the first` : '';
  }
  function clear() {
    box.value = '';
    filter();
  }
  box.addEventListener('input', filter);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { clear(); box.blur(); }
    if (event.key !== 'Enter') return;
    const first = box.value.trim() && hits()[0];
    if (!first) return;
    clear();
    box.blur();
    if (byId('contents').matches(':popover-open')) byId('contents').hidePopover();
    goTo(first.id);
  });
})();

(function keys() {
  const help = byId('keys');
  const single = byId('single-keys');
  single.checked = remembered('makespan-keys') !== 'off';
  single.addEventListener('change', () => remember('makespan-keys', single.checked ? 'on' : 'off'));
  byId('help').addEventListener('click', () => help.showModal());

  function find() {
    const list = byId('contents');
    if (!list.checkVisibility()) list.showPopover();
    byId('find').focus();
  }
  // From the last claim that begins at the window's top or above: where claims are short, several begin in its first third.
  function step(by) {
    const at = claims.findLastIndex((claim) => claim.getBoundingClientRect().top < 40);
    const to = claims[Math.max(at + by, 0)];
    if (to) goTo(to.id);
  }
  const does = {
    j: () => step(1),
    k: () => step(-1),
    t: () => goTo('top'),
    g: find,
    '/': find,
    p: () => present(),
    '?': () => help.showModal(),
  };
  addEventListener('keydown', (event) => {
    const typing = event.target.closest?.('input:not([type=radio], [type=checkbox]), select, textarea, dialog');
    if (!single.checked || typing || presenting() || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = does[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
