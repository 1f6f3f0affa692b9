
// The presenter's view: one claim fills the projector, its answer hidden until it is asked for.

const present = (function presenter() {
  const body = document.body;
  const [stage, order] = [byId('stage'), byId('order')];
  let list = [];
  let at = 0;

  function turnTo(place, asking = true) {
    document.querySelector('.on-stage')?.classList.remove('on-stage');
    at = Math.min(Math.max(place, 0), list.length - 1);
    list[at].classList.add('on-stage');
    ask(asking);
    byId('position').textContent = `${at + 1} of ${list.length}`;
    history.replaceState(null, '', `#${list[at].id}`);
    fit();
    scrollTo(0, 0);
  }

  function ask(asking) {
    body.classList.toggle('asking', asking);
    byId('answer').setAttribute('aria-pressed', String(!asking));
  }

  // The largest letters with which the claim fits the window.
  function fit() {
    if (!presenting()) return;
    const page = document.documentElement;
    // A scrollbar makes the page narrower, and may then be what it takes one for.
    page.style.overflowY = 'hidden';
    for (const size of [1.8, 1.6, 1.4, 1.25, 1.1, 1, 0.9, 0.8]) {
      list[at].style.setProperty('--stage', `${size}em`);
      if (page.scrollHeight <= innerHeight) break;
    }
    // A part that is opened later may reach beyond the window.
    page.style.overflowY = '';
  }

  function choose() {
    const wanted = order.value ? order.value.split(' ') : null;
    list = wanted ? wanted.map(byId).filter(Boolean) : claims.filter((claim) => !claim.matches('.quiet'));
    if (!list.length) list = claims;
  }

  function start() {
    if (!claims.length) return;
    const from = atTop(claims);
    choose();
    if (byId('contents').matches(':popover-open')) byId('contents').hidePopover();
    body.classList.add('presenting');
    stage.hidden = false;
    turnTo(list.indexOf(from));
  }

  function end() {
    const shown = list[at];
    shown.classList.remove('on-stage');
    body.classList.remove('presenting', 'asking');
    stage.hidden = true;
    shown.scrollIntoView();
  }

  const asking = () => body.classList.contains('asking');
  const does = {
    ArrowRight: () => turnTo(at + 1), ArrowDown: () => turnTo(at + 1), PageDown: () => turnTo(at + 1),
    ArrowLeft: () => turnTo(at - 1), ArrowUp: () => turnTo(at - 1), PageUp: () => turnTo(at - 1),
    ' ': () => ask(!asking()),
    Escape: end,
    p: end,
  };
  // A list, a chart or a button that has the focus keeps its own keys. A remote control's keys always turn the page.
  function isKept({ key, target }) {
    const owner = target.closest?.(key === ' ' ? 'button, summary, select' : key.startsWith('Arrow') ? '.chart, select' : 'select');
    return key !== 'Escape' && Boolean(owner) || key === 'p' && !byId('single-keys').checked;
  }
  addEventListener('keydown', (event) => {
    // The key that began it does not end it.
    if (!presenting() || event.defaultPrevented || isKept(event)) return;
    if (!does[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    does[event.key]();
  });
  const button = (id, action) => byId(id).addEventListener('click', (event) => { action(); event.currentTarget.blur(); });
  button('next', () => turnTo(at + 1));
  button('previous', () => turnTo(at - 1));
  button('answer', () => ask(!asking()));
  button('leave', end);
  button('present', start);
  let byKey = false;
  order.addEventListener('pointerdown', () => { byKey = false; });
  order.addEventListener('keydown', () => { byKey = true; });
  // Chosen with the mouse, it gives the arrow keys back.
  order.addEventListener('change', () => { choose(); turnTo(0); if (!byKey) order.blur(); });
  addEventListener('resize', fit);
  // A link from one claim into another.
  addEventListener('hashchange', () => {
    const claim = byId(decodeURIComponent(location.hash.slice(1)))?.closest('article.claim');
    if (!presenting() || !claim || claim === list[at]) return;
    if (!list.includes(claim)) list = claims;
    turnTo(list.indexOf(claim), false);
  });
  return start;
})();
