// A lesson's steps, and keyboard navigation.

const steps = () => [...document.querySelectorAll('.slide')];
const step = () => byId('slides')?.dataset.step;
// Not an id: a browser would scroll to the element that the URL names, past the title.
const nameOf = (slide) => slide.dataset.name;

function goTo(name) {
  const all = steps();
  const at = Math.max(all.findIndex((slide) => nameOf(slide) === name), 0);
  const hash = `#${nameOf(all[at])}`;
  all.forEach((slide, index) => { slide.hidden = index !== at; });
  byId('slides').dataset.step = nameOf(all[at]);
  document.body.dataset.step = nameOf(all[at]);
  if (location.hash !== hash) history.replaceState(null, '', hash);
  for (const link of byId('dots').querySelectorAll('a')) {
    if (link.hash === hash) link.setAttribute('aria-current', 'step'); else link.removeAttribute('aria-current');
  }
  byId('back').disabled = at === 0;
  byId('next').disabled = at === all.length - 1;
  say(byId('step-told'), `Step ${at + 1} of ${all.length}: ${all[at].querySelector('h2').textContent}`);
  scrollTo(0, 0);
  // Hidden elements had no size to draw in.
  sizesChanged();
}

function go(by) {
  const all = steps();
  const at = all.findIndex((slide) => nameOf(slide) === step()) + by;
  if (all[at]) goTo(nameOf(all[at]));
}

function lesson() {
  if (!byId('slides')) return;
  byId('back').addEventListener('click', () => go(-1));
  byId('next').addEventListener('click', () => go(1));
  addEventListener('hashchange', () => goTo(location.hash.slice(1)));
  goTo(location.hash.slice(1));
}

const KEYS = { ArrowRight: () => go(1), PageDown: () => go(1), ArrowLeft: () => go(-1), PageUp: () => go(-1) };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.('input:not([type=checkbox]), select, textarea')) return;
  if (byId('run-button') && !event.repeat && (event.key === 'r' || event.key === 's')) {
    if (event.key === 'r') runByKey(); else stop();
    return;
  }
  if (!byId('slides') || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}
