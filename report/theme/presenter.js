
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
      if (page.scrollHeight <= innerHeight) return;
    }
    page.style.overflowY = '';
  }

  function choose() {
    const wanted = order.value ? order.value.split(' ') : null;
    list = wanted ? wanted.map(byId).filter(Boolean) : claims.filter((claim) => !claim.matches('.quiet'));
    if (!list.length) list = claims;
  }

  function start() {
    if (!claims.length) return;
    const from = current();
    choose();
    body.classList.add('presenting');
    stage.hidden = false;
    turnTo(list.indexOf(from));
  }

  function end() {
    const shown = list[at];
    shown.classList.remove('on-stage');
    body.classList.remove('presenting', 'asking');
    stage.hidden = true;
    document.documentElement.style.overflowY = '';
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
  addEventListener('keydown', (event) => {
    // The key that began it does not end it. A chart, a list or a button that has the focus keeps its own keys.
    if (!presenting() || event.defaultPrevented || event.target.closest?.('select, .chart, button, summary') && event.key !== 'Escape') return;
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
  order.addEventListener('change', () => { choose(); turnTo(0); order.blur(); });
  addEventListener('resize', fit);
  return start;
})();
