"""PEtab problems and model files: valid, the same likelihood as ours by another simulator, accepted by a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import libsbml
import numpy as np
import pandas as pd
import petab.v1 as petab
import pytest
import roadrunner
from petab.v1.calculate import calculate_llh
from petab.v1.lint import lint_problem

from vesica import api, samples
from vesica.analysis.kinetics import model_file, petab_release, petab_uptake
from vesica.analysis.kinetics.least_squares import Fit
from vesica.analysis.kinetics.petab import files
from vesica.analysis.kinetics.release import fit_release
from vesica.analysis.kinetics.release_data import ReleaseData, read_release
from vesica.analysis.kinetics.uptake import Law, UptakeFit, fit_law, problem_of
from vesica.analysis.kinetics.uptake_data import UptakeData, read_uptake


def release_sample() -> ReleaseData:
    return read_release(samples.path("release_timecourse.csv"))


def changed_medium() -> ReleaseData:
    """The sample with a change at 16 h that leaves 10 %, growth, and given errors."""
    data = release_sample()
    cultures = tuple(replace(one, changes=(16.0,)) for one in data.cultures)
    return replace(data, cultures=cultures, carry_over=0.1, growth=0.03, sd=0.1 * data.concentration)


def uptake_sample() -> UptakeData:
    return read_uptake(samples.path("uptake_dose_time.csv"), cells=1e5, volume=0.5)


def release_problem(data: ReleaseData):
    found = fit_release(data, "reuptake", intervals=False)
    assert found is not None
    return found.fit, petab_release.petab_problem(data, found)


def uptake_problem(law: Law):
    data = uptake_sample()
    found = fit_law(data, law)
    return found.fit, petab_uptake.petab_problem(data, found)


CASES = {
    "release": lambda: release_problem(release_sample()),
    "release with changes": lambda: release_problem(changed_medium()),
    "first order": lambda: uptake_problem(Law("first_order", True)),
    "saturable": lambda: uptake_problem(Law("saturable", True)),
    "internalising": lambda: uptake_problem(Law("internalising", False)),
}


def likelihood(folder: Path, name: str) -> float:
    """Log-likelihood by PEtab's own formulae, with the SBML model run by libroadrunner."""
    problem = petab.Problem.from_yaml(str(folder / "petab" / f"{name}.yaml"))
    nominal = problem.parameter_df["nominalValue"].to_dict()
    formula = problem.observable_df["observableFormula"].iloc[0]
    simulated = []
    for row in problem.measurement_df.itertuples():
        model = roadrunner.RoadRunner(str(folder / "petab" / f"model_{name}.xml"))
        values = {key: value for key, value in nominal.items() if key in model.model.getGlobalParameterIds()}
        for key, value in problem.condition_df.loc[row.simulationConditionId].drop("conditionName").items():
            values[key] = (
                nominal.get(value, value) if isinstance(value, str) and value in nominal else float(value)
            )
        for key, value in values.items():
            model.setValue(key, float(value))
        if "concentration" in model.model.getGlobalParameterIds():
            model.setValue("concentration", float(values["fresh"]))
        model.integrator.relative_tolerance, model.integrator.absolute_tolerance = 1e-10, 1e-12
        if row.time > 0:
            model.simulate(0, float(row.time), 2)
        names = {key: float(model.getValue(key)) for key in model.model.getGlobalParameterIds()}
        simulated.append(eval(formula, {"__builtins__": {}}, names))
    table = problem.measurement_df.rename(columns={"measurement": "simulation"}).copy()
    table["simulation"] = simulated
    return float(calculate_llh(problem.measurement_df, table, problem.observable_df, problem.parameter_df))


def written(problem, folder: Path) -> None:
    for name, content in files(problem).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:Visualization table"
)
@pytest.mark.parametrize("case", CASES)
def test_petab_finds_our_likelihood(case: str, tmp_path: Path) -> None:
    """Valid by petab's lint and by libsbml, and the same number to 1e-5: the two integrators keep 1e-8 a step."""
    fit, problem = CASES[case]()
    written(problem, tmp_path)
    folder = tmp_path / "petab"
    assert not lint_problem(petab.Problem.from_yaml(str(folder / f"{problem.name}.yaml")))
    document = libsbml.readSBMLFromFile(str(folder / f"model_{problem.name}.xml"))
    document.checkConsistency()
    assert document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0
    assert likelihood(tmp_path, problem.name) == pytest.approx(fit.log_likelihood, abs=1e-3)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:Visualization table"
)
def test_another_rate_has_another_likelihood(tmp_path: Path) -> None:
    """Shows the comparison failing: one per cent more release moves it by far more than its tolerance."""
    fit, problem = CASES["release"]()
    rows = tuple(
        {**row, "nominalValue": row["nominalValue"] * (1.01 if row["parameterId"] == "secretion" else 1.0)}
        for row in problem.parameters
    )
    written(replace(problem, parameters=rows), tmp_path)
    assert abs(likelihood(tmp_path, "release") - fit.log_likelihood) > 0.01


def test_a_model_of_release_is_accepted(tmp_path: Path) -> None:
    data = release_sample()
    found = fit_release(data, "reuptake", intervals=False)
    assert found is not None
    path = tmp_path / "model.yaml"
    path.write_bytes(model_file.release_model(data, found, "microglia"))
    examined = api.examine(path)
    assert examined.is_runnable, examined.findings
    parameters = {one.path: one.value for one in examined.resolved.parameters.values()}
    assert parameters["medium.ev_decay_rate"] * 3600 == pytest.approx(found.fit.value("decay"), rel=1e-5)
    assert parameters["microglia.macropinocytosis_rate"] * 3600 / 1e12 == pytest.approx(
        found.fit.value("reuptake"), rel=1e-5
    )


def test_a_run_of_the_uptake_model_is_the_fit(tmp_path: Path) -> None:
    """What cells hold at the end, by the engine and by the fitted law: numbers are written with six digits."""
    data = uptake_sample()
    few = np.isin(data.per_cell.round(), (300, 30000))
    small = replace(
        data,
        **{
            name: getattr(data, name)[few]
            for name in ("dose", "density", "time", "signal", "weight", "control", "control_error")
        },
        replicate=tuple(np.array(data.replicate)[few]),
    )
    law = Law("internalising", True)
    truth = Fit(problem_of(small, law), np.array([1e-9, 0.5, 12.0, 0.5, 0.1, 0.02]), 1.0)
    found = UptakeFit(law, truth, {}, None, None)
    path = tmp_path / "model.yaml"
    content = model_file.uptake_model(small, found, "astrocyte")
    assert content is not None
    path.write_bytes(content)
    assert api.examine(path).is_runnable
    results = api.simulate(path, tmp_path / "run")
    ledger = results.summary["arms"]["per_cell_300"]["ledger"]["vesicles"]
    held = (ledger["bound"] + ledger["inside"]) / 1e5
    last = (small.time == small.time.max()) & (small.per_cell.round() == 300)
    fitted = found.fit.problem.predict(found.fit.values[None])[0][last][0] / found.fit.value("per_particle")
    assert held == pytest.approx(fitted, rel=1e-4)


def test_every_density_has_its_arms() -> None:
    """1e5 and 4e5 cells in 0.5 mL, three doses each: arms with the count of the model, and arms with the other."""
    density = np.repeat([2e5, 8e5], 3)
    dose = np.tile([300.0, 1000.0, 3000.0], 2) * density
    zero = np.zeros(6)
    unit = "particle/cell"
    data = UptakeData(dose, density, zero + 4.0, dose / density / 4.0, dose, False, unit, unit, "", zero, zero, 0.5)
    written = model_file.uptake_model(data, fit_law(data, Law("first_order", True)), "microglia").decode()
    assert "per_cell_300: {exposures" in written
    assert "per_cell_300_cells_400000: {cells: {microglia: {count: 400000}}" in written
    assert written.count("doses_from: source") == 6
    assert "{count: 5e+06}" in written  # 3000 x 4e5 particles, by 10 per donor and hour in 24 h


def test_arbitrary_signals_have_no_model_file() -> None:
    data = uptake_sample()
    assert model_file.uptake_model(data, fit_law(data, Law("saturable", False)), "astrocyte") is None


def test_a_foreign_formula_is_refused() -> None:
    fit, problem = CASES["saturable"]()
    assert fit.rss > 0
    with pytest.raises(ValueError, match="not a formula"):
        files(replace(problem, quantities=(replace(problem.quantities[0], rate="a if b else c"),)))


def test_tables_are_tab_separated(tmp_path: Path) -> None:
    _, problem = CASES["saturable"]()
    written(problem, tmp_path)
    table = pd.read_csv(tmp_path / "petab" / "parameters_uptake.tsv", sep="\t")
    assert set(table.parameterId) == {"binding", "unbinding", "capacity", "per_particle", "sigma"}
