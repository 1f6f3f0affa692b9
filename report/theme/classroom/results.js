// Earlier results of this session, called back from the export.

async function openResults() {
  byId('results-button').closest('details').open = false;
  const answer = await fetch('/export').catch(() => null);
  const races = answer?.ok ? (await answer.json()).races : [];
  const none = answer?.ok ? 'No race is over yet.' : 'The classroom can\'t be reached.';
  byId('results-list').replaceChildren(...(races.length ? races.reverse().map(resultOf) : [none]));
  byId('results').showModal();
}

// One race: its question or its scenario as the heading, the result when it is opened.
function resultOf(race_) {
  const { question, cells } = race_;
  const node = byId('result').content.firstElementChild.cloneNode(true);
  const part = (selector) => node.querySelector(selector);
  const revealed_ = question?.measured && { ...question, rounds: cells.find(({ name }) => name === question.cell)?.times_s.length };
  say(part('summary'), `${race_.race}. ${question ? `${question.text} ` : ''}${asked(race_.wanted)}`);
  say(part('.answer'), revealed_ ? revealInWords(revealed_) : question ? 'The cell was not measured, so the guesses stay sealed.' : '');
  sayCommand(part('code'), race_.command);
  const entries = cells.map((standing, index) => ({ cell: cellOf(standing.name), index, standing }));
  part('tbody').replaceChildren(...entries.map((at) => row(at, entries)));
  show(part('.scroll'), cells.length > 0);
  // A closed one has no width to draw in.
  node.addEventListener('toggle', () => { if (node.open && revealed_) drawStrip(part('.drawing'), revealed_); });
  return node;
}

// The export has the cell's name alone.
function cellOf(name) {
  const strategy = name.split(' x ')[0];
  return { name, strategy, workers: shape({ name }).split('x').reduce((product, count_) => product * count_, 1) };
}

function results() {
  byId('results-button')?.addEventListener('click', openResults);
}
