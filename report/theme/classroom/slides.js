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

// How far down a slide may reach: the bar with the steps is not covered, nor the room for it at the page's end.
function slideEnd() {
  const bar = byId('next').closest('nav');
  return Math.min(bar.getBoundingClientRect().top, innerHeight - parseFloat(getComputedStyle(bar.closest('.lesson')).paddingBottom));
}

// On a lesson's slide, the lanes take the height that is left.
function fitLanes() {
  const place = byId('panels');
  if (!place) return;
  place.style.removeProperty('--high');
  for (const panel of panels) panel.stale();
  schedule();
  if (step() !== 'run' || !panels.length || matchMedia('(max-width: 44rem)').matches) return;
  const left = slideEnd() - scrollY - byId('keys').getBoundingClientRect().bottom;
  const high = panels.map(({ node }) => node.querySelector('.picture').clientHeight).find((one) => one > 0) ?? 0;
  if (left > 0 && high) place.style.setProperty('--high', `${Math.floor(Math.min(high + left / panels.length - 4, 12 * fontSize()))}px`);
}

// The largest letters with which the code fits without breaking a line: both languages side by side or one above the other, or,
// where that takes small letters, one at a time.
function fitCode() {
  const place = document.querySelector('.slide:not([hidden]) .languages');
  if (!place) return;
  const end = slideEnd();
  const fits = () => place.getBoundingClientRect().bottom + scrollY <= end && [...place.querySelectorAll('pre')].every((pre) => pre.scrollWidth <= pre.clientWidth);
  const choice = place.parentElement.querySelector('.language-choice');
  const sizes = [1, 0.92, 0.84, 0.76, 0.7];
  const both = sizes.filter((size) => !choice || size > 0.8).flatMap((size) => [[size, 'column'], [size, 'row']]);
  const one = choice ? [...sizes, 0.64].map((size) => [size, 'one']) : [];
  for (const [size, flow] of [...both, ...one]) {
    place.style.setProperty('--code', `${size}em`);
    place.dataset.flow = flow;
    if (choice) choice.hidden = flow !== 'one';
    if (fits()) return;
  }
  if (!choice) delete place.dataset.flow;
}

function languages() {
  const choice = document.querySelector('.language-choice');
  if (!choice) return;
  const show = (language) => {
    for (const one of choice.parentElement.querySelectorAll('[data-language]')) one.classList.toggle('shown', one.dataset.language === language);
    for (const button of choice.children) button.setAttribute('aria-pressed', button.dataset.language === language);
    fitCode();
  };
  choice.addEventListener('click', ({ target }) => target.dataset.language && show(target.dataset.language));
  show(choice.firstElementChild.dataset.language);
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
  // The link that skips to the race is no step.
  addEventListener('hashchange', () => { if (steps().some((slide) => `#${nameOf(slide)}` === location.hash)) goTo(location.hash.slice(1)); });
  languages();
  goTo(location.hash.slice(1));
}

const KEYS = { ArrowRight: () => go(1), PageDown: () => go(1), ArrowLeft: () => go(-1), PageUp: () => go(-1) };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.('input:not([type=checkbox]), select, textarea')) return;
  const inQuiz = byId('quiz')?.open;
  if (byId('results')?.open || inQuiz && event.key !== 'q') return;
  // Space presses the button that has the focus.
  const isPressed = event.key === ' ' && event.target.closest?.('a, button, input, summary');
  const key = KEYS[event.key] || (keysOn && !event.repeat && !isPressed && SHORTCUTS[event.key]);
  if (!isLecturer() || !key || (KEYS[event.key] && !byId('slides'))) return;
  event.preventDefault();
  key();
}

// ---- Single keys, which can be switched off: speech and an elbow press them as well ----

const SHORTCUTS = { a: () => byId('ask-button') && unlessRevealed(ask), r: () => byId('run-button') && unlessJustAsked(() => unlessRevealed(run)), s: () => byId('stop-button') && stop(), z: () => byId('zoom')?.checkVisibility() && toggleZoom(), q: toggleQuiz, ' ': () => unlessJustAsked(proceed) };
let keysOn = true;

function keys() {
  const button = byId('keys-button');
  if (!button) return;
  try { keysOn = localStorage.getItem('makespan-keys') !== 'off'; } catch { /* a browser without storage */ }
  const renew = () => say(button, keysOn ? 'Keys on' : 'Keys off');
  renew();
  button.addEventListener('click', () => {
    keysOn = !keysOn;
    try { localStorage.setItem('makespan-keys', keysOn ? 'on' : 'off'); } catch { /* then it is lost on reload */ }
    renew();
  });
}

// The next thing to do: ask, run, look at the result, go on.
function proceed() {
  const phase = isOurs() || room?.phase !== 'asking' ? room?.phase : 'running';
  if (page() === 'race') return proceedWith[phase]?.();
  if (byId('run-button') && phase === 'asking') return run();
  if (byId('run-button') && phase === 'running') return undefined;
  // Of a question that was withdrawn, nothing ran.
  const isAsked = phase === 'over' && isOurs() && race.ended !== null;
  const isFirst = raceBefore() && !toldBefore;
  if (byId('run-button') && !isAsked && ['ask', 'run'].includes(step())) return isFirst ? measureBefore() : ask();
  if (byId('next').disabled) return document.querySelector('.lesson-after').click();
  return go(1);
}

const proceedWith = {
  idle() { if (byId('ask-button').disabled) run(); else ask(); },
  asking: run,
  over() {
    const reveal = byId('reveal');
    const { top } = reveal.getBoundingClientRect();
    if (!reveal.hidden && (top < 0 || top > innerHeight / 2)) { reveal.scrollIntoView(); return; }
    const setup = byId('setup');
    if (setup.open) { proceedWith.idle(); return; }
    setup.open = true;
    scrollTo(0, 0);
  },
};
