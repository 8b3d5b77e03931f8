"use strict";
// Of the table of all runs, shows those that one looks for. Where no script runs, all are there and the controls are not.
(() => {
  const controls = document.getElementById("filter");
  const rows = [...document.getElementById("runs").tBodies[0].rows];
  const told = rows.map(row => row.textContent.toLowerCase());
  const [words, experiment, state, shown] = ["words", "experiment", "state", "shown"].map(name =>
    document.getElementById(`filter-${name}`));
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let number = 0;
    rows.forEach((row, place) => {
      const fits = wanted.every(word => told[place].includes(word))
        && ["", row.dataset.experiment].includes(experiment.value)
        && ["", row.dataset.state].includes(state.value);
      row.hidden = !fits;
      number += fits;
    });
    shown.textContent = `${number.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  };
  controls.addEventListener("input", apply);
  controls.hidden = false;
  apply();
})();
