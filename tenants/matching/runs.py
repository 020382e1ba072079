"""What matching does in the background: solve, write the proposal; analyse one."""

from dataclasses import asdict

from tenants.kernel import events
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import solver
from tenants.matching.models import MatchingAnalysis, MatchingRun
from tenants.matching.proposals import own_rules, write_clash, write_proposal
from tenants.matching.questions import Question, question, question_of_proposal
from tenants.matching.solver.words import name_of, said_of


def form_proposal(claim: Claim, *, across: solver.Across = solver.in_threads) -> None:
    """Solve the claimed run, or judge the groups that it is given, and write what it proposes, or why nothing can
    be proposed. The blocks of a very large pool are searched `across` whatever the worker says.

    Raises JobFailed when the recipe or a stratum no longer fits the program, or a value its attribute, and "gone" when
    the run that it adjusts was deleted.
    """
    with claim.session() as session:
        asked = question(session, row_of(session, MatchingRun, claim.subject_id))
    try:
        found = _answer(asked, claim, across)
    except solver.Infeasible as none:
        with claim.effect() as session:
            write_clash(session, claim.subject_id, asked=asked, clash=none.clash)
    except (solver.InvalidRecipe, solver.InvalidPool) as fault:
        raise _failed(asked, fault) from fault
    else:
        with claim.effect() as session:
            write_proposal(session, claim.subject_id, asked=asked, found=found)


def analyse_proposal(claim: Claim) -> None:
    """Find what each rule costs the run of the claimed analysis, and what plain ways reach in the same time.

    Raises JobFailed as `form_proposal`, "changed_since" where the groups would break a rule by now, and "gone" where
    the run, an old simulation, was deleted meanwhile.
    """
    with claim.session(snapshot=True) as session:
        run = row_of(session, MatchingRun, _analysis(session, claim).matching_run_id)
        own, asked = own_rules(run), question_of_proposal(session, run)
    try:
        found = solver.analyse(
            asked.pool,
            asked.recipe,
            asked.groups or (),
            seed=asked.seed,
            budget=asked.options.budget,
            start=asked.start,
            progress=claim.progress,
        )
    except solver.Infeasible as none:
        raise JobFailed(
            "changed_since", f"Since this run its people have changed. {none.clash.said}"
        ) from none
    except (solver.InvalidRecipe, solver.InvalidPool) as fault:
        raise _failed(asked, fault) from fault
    with claim.effect() as session:
        analysis = _analysis(session, claim, held=True)
        analysis.value, analysis.seconds = found.value, found.seconds
        analysis.rule_prices = [
            {
                **asdict(price),
                "rule": price.rule if price.rule < own else None,
                "name": name_of(asked.recipe.rules[price.rule]),
                "said": said_of(asked.recipe.rules[price.rule]),
            }
            for price in found.rule_prices
        ]
        analysis.baselines = [{"name": each.name, "value": each.value} for each in found.baselines]
        events.record(session, "matching_analysis.succeeded", subject=analysis)


def _analysis(session: Session, claim: Claim, *, held: bool = False) -> MatchingAnalysis:
    """The analysis that the claim is for; while it is held its run is not deleted."""
    key = (claim.tenant_id, claim.subject_id)
    found = session.get(MatchingAnalysis, key, with_for_update=True if held else None)
    if found is None:
        raise JobFailed("gone", "The run was deleted before its analysis ended.")
    return found


def _answer(asked: Question, claim: Claim, across: solver.Across) -> solver.Partition:
    if asked.groups is not None:
        return solver.assess(asked.pool, asked.recipe, asked.groups, start=asked.start)
    helped = len(asked.pool.ids) >= claim.settings.helped_from_people
    return solver.solve(
        asked.pool,
        asked.recipe,
        seed=asked.seed,
        budget=asked.options.budget,
        seconds=asked.options.time_limit,
        progress=claim.progress,
        start=asked.start,
        across=across if helped else solver.in_threads,
    )


def _failed(asked: Question, fault: solver.InvalidRecipe | solver.InvalidPool) -> JobFailed:
    if isinstance(fault, solver.InvalidRecipe):
        return JobFailed("invalid_recipe", f"The recipe can be used no longer: {fault.message}")
    return JobFailed("invalid_value", _fault_of_value(asked, fault))


def _fault_of_value(asked: Question, fault: solver.InvalidPool) -> str:
    """The solver's "attributes/rank/values/3" in words that name the attribute and the participant."""
    _, key, what, *place = fault.field.split("/")
    if what == "values" and place:
        of = asked.pool.ids[int(place[0])]
        return f"The value of {key} of participant {of} does not fit the attribute. Correct it and run again."
    return f"The attribute {key} can be used no longer: {fault.message}"
