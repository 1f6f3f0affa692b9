// The last file: theme, window size, connection, and start.

function theme() {
  const button = byId('theme');
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches);
  const renew = () => {
    say(button, isDark() ? 'Light page' : 'Dark page');
    tonesOf.clear();
    sizesChanged();
  };
  renew();
  systemDark.addEventListener('change', renew);
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try { localStorage.setItem('makespan-theme', root.dataset.theme); } catch { /* then it is lost on reload */ }
    renew();
  });
}

function sizesChanged() {
  for (const panel of panels) panel.stale();
  chartIsOld = true;
  revealed = null;
  if (race.plan && axisEnd) drawAxis();
  if (room) drawQuestion();
  fitCode();
  for (const opened of document.querySelectorAll('#results details[open]')) opened.dispatchEvent(new Event('toggle'));
  schedule();
}

// ---- The connection ----

let source = null;

function connect() {
  source = new EventSource('/events');
  source.addEventListener('open', connected);
  source.addEventListener('room', (event) => heardRoom(JSON.parse(event.data)));
  source.addEventListener('run', (event) => heardRun(event.lastEventId, JSON.parse(event.data)));
  source.addEventListener('error', () => {
    disconnected();
    // The browser reconnects by itself, unless the server refused it.
    if (source.readyState === EventSource.CLOSED) setTimeout(connectAgain, 2000);
  });
}

// A tab that nobody sees needs no stream, and a browser has six connections to a server. What it missed is told again.
function hiddenOrShown() {
  if (document.hidden) source?.close();
  else if (!source || source.readyState === EventSource.CLOSED) connect();
}

// A seat that the classroom doesn't know any more needs the code again: the page has the form for it.
async function connectAgain() {
  if (document.hidden) return;
  if (page() === 'seated') {
    const stop_ = new AbortController();
    const answer = await fetch('/events', { signal: stop_.signal }).catch(() => null);
    stop_.abort();
    if (answer?.status === 403) { location.reload(); return; }
  }
  connect();
}

function connected() {
  // The missed events arrive in a moment: the clocks continue from where they stopped.
  for (const one of race.entries) one.heard = performance.now();
  lost = false;
  show(byId('lost'), false);
  document.body.classList.remove('is-lost');
  schedule();
}

function disconnected() {
  if (!lost) for (const one of race.entries) one.clock = now(one);
  lost = true;
  document.body.classList.add('is-lost');
  const again = page() === 'seated' ? ' If it doesn\'t come back, join again with the code on the lecturer\'s screen.' : ' Is the classroom still running in its terminal?';
  say(byId('lost'), `The connection to the classroom is lost; reconnecting. This page may be out of date.${again}`);
  show(byId('lost'), true);
  schedule();
}

addEventListener('DOMContentLoaded', () => {
  looks = new Map(JSON.parse(document.body.dataset.strategies).map((one) => [one.name, one]));
  titles = new Map(JSON.parse(document.body.dataset.titles));
  theme();
  choices();
  lesson();
  byId('ask-button')?.addEventListener('click', ask);
  byId('run-button')?.addEventListener('click', run);
  byId('stop-button')?.addEventListener('click', stop);
  byId('before-button')?.addEventListener('click', measureBefore);
  results();
  quiz();
  keys();
  byId('replay')?.addEventListener('click', toggleReplay);
  byId('zoom')?.addEventListener('click', toggleZoom);
  byId('guess')?.addEventListener('submit', guess);
  byId('guess')?.addEventListener('input', () => refuse('', 'guess-refusal'));
  byId('seat')?.addEventListener('submit', join);
  if (byId('code')) byId('code').value ||= knownCode();
  byId('code-button')?.addEventListener('click', async () => refuse(await post('/code'), 'class-refusal'));
  byId('clear-button')?.addEventListener('click', async () => refuse(await post('/clear'), 'class-refusal'));
  document.addEventListener('keydown', pressed);
  let wait = null;
  addEventListener('resize', () => { clearTimeout(wait); wait = setTimeout(sizesChanged, 100); });
  // Once shown, the chart takes room from the lanes.
  const widths = new ResizeObserver(() => { if (byId('panels').clientWidth !== drawnWidth) { drawnWidth = byId('panels').clientWidth; sizesChanged(); } });
  if (byId('panels')) widths.observe(byId('panels'));
  if (page() === 'join') return;
  hiddenOrShown();
  document.addEventListener('visibilitychange', hiddenOrShown);
  addEventListener('pagehide', () => source?.close());
});
