
// Tables sort by the column whose head is clicked, and can be saved as they are shown.

(function tables() {
  const words = (cell) => cell.innerText.replace(/\s+/g, ' ').trim();
  const UNITS = { 'µs': 1e-6, ms: 1e-3, kB: 1e3, MB: 1e6, GB: 1e9 };
  // Figures by value, in one unit; everything else as text.
  const value = (cell) => {
    const text = words(cell).replace(/\u2212/g, '-').replace(/(\d),(?=\d{3})/g, '$1');
    const number = parseFloat(text.replace(/^[^\d-]*/, ''));
    if (!Number.isFinite(number) || /^[a-z]/i.test(text)) return text;
    return number * (UNITS[text.match(/\d\s?(µs|ms|kB|MB|GB)/)?.[1]] ?? 1);
  };
  // Figures before words, and what is missing last, in either direction.
  const rank = (key) => (typeof key === 'number' ? 0 : /^[\s–-]*$/.test(key) ? 2 : 1);
  const compare = (a, b, direction) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    return direction * (typeof a === 'number' ? a - b : a.localeCompare(b));
  };

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => ({ row, key: row.cells[column] ? value(row.cells[column]) : '' }));
        rows.sort((a, b) => compare(a.key, b.key, down ? -1 : 1));
        body.append(...rows.map(({ row }) => row));
      });
    });
  }

  function save(name, type, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const columns = (table) => [...table.tHead.rows[0].cells].map(words);
  const rows = (table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map(words));
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function csv(table) {
    return [columns(table), ...rows(table)].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';
  }

  // One object for each row. Of two columns with one name, the second gets a number.
  function json(table) {
    const names = columns(table).map((name, place, all) => (all.indexOf(name) === place ? name : `${name} ${place}`));
    const objects = rows(table).map((row) => Object.fromEntries(row.map((text, place) => [names[place], text])));
    return JSON.stringify(objects, null, 2) + '\n';
  }

  for (const scroll of document.querySelectorAll('main .scroll')) {
    const table = scroll.querySelector('table');
    if (!table?.tHead) continue;
    sortable(table);
    if (scroll.closest('.front')) continue;
    const of = table.closest('[id]').id;
    const bar = document.createElement('div');
    bar.className = 'save';
    for (const [kind, type, text] of [['CSV', 'text/csv', csv], ['JSON', 'application/json', json]]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = `Save as ${kind}`;
      button.addEventListener('click', () => save(`makespan-${of}.${kind.toLowerCase()}`, type, text(table)));
      bar.append(button);
    }
    scroll.after(bar);
  }
})();
