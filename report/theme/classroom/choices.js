// The form that chooses a race.

function choices() {
  const form = byId('choose');
  if (!form) return;
  const scenarios = new Map(JSON.parse(form.dataset.scenarios).map((one) => [one.name, one]));
  const option = (value, words) => new Option(words, value);

  function scenarioChanged() {
    const { paces, variants } = scenarios.get(form.elements.scenario.value);
    form.elements.variant.replaceChildren(option('', 'default'), ...variants.filter(([name]) => name !== 'default').map(([name]) => option(name, name.replaceAll('_', ' '))));
    form.elements.variant.disabled = variants.length < 2;
    form.elements.pace.replaceChildren(...(paces.length ? paces : ['no waits']).map((words, index) => option(index ? '1' : '', words)));
    form.elements.pace.disabled = paces.length < 2;
    cellsChanged();
  }

  // The cells of the chosen race, as the server names them.
  function cellsChanged() {
    const { scenario, variant, asked: field } = form.elements;
    const wanted = wantedNow();
    const tasks = new Map(scenarios.get(scenario.value).variants).get(variant.value || 'default');
    const behind = variant.value ? `, ${variant.value}` : '';
    const cells = ['sequential x 1'];
    for (const box of form.querySelectorAll('[name=strategies]:checked')) {
      const own = { one: () => ['1'], tasks: () => [String(tasks)], pairs: () => wanted.workers.filter((text) => text.includes('x')), number: () => wanted.workers.filter((text) => !text.includes('x')) };
      for (const text of own[box.dataset.takes]()) cells.push(`${box.value} x ${text}`);
    }
    const before = field.options.length ? field.value : field.dataset.default;
    field.replaceChildren(option('', 'no, just run'), ...[...new Set(cells)].map((cell) => option(cell + behind, `${look(cell.split(' x ')[0]).label} × ${cell.split(' x ')[1]}`)));
    const kept = [before, before.split(',')[0] + behind, cells.at(-1) + behind].find((cell) => [...field.options].some((one) => one.value === cell));
    field.value = before === '' && field.options.length && form.dataset.touched ? '' : kept ?? '';
    if (room) drawButtons();
  }

  form.addEventListener('change', (event) => {
    form.dataset.touched = 'yes';
    if (event.target === form.elements.scenario) scenarioChanged();
    else if (event.target === form.elements.asked) { if (room) drawButtons(); } else cellsChanged();
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  scenarioChanged();
}
