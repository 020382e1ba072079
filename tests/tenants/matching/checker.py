"""What a partition has to be and what it is worth, said as plainly as the definitions say it.

Only the types of a recipe and the vectors of texts are the solver's. Of a list that is kept together the checker
expects that all of it is in one group or, where people may be left over, all of it in none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from tenants.matching.solver import Partition
from tenants.matching.solver.model import (
    Apart,
    Attribute,
    Cap,
    CommonSlots,
    Group,
    Hierarchy,
    Locked,
    NoIsolate,
    Pool,
    Recipe,
    Seats,
    Shared,
    SimilarText,
    Together,
)
from tenants.matching.solver.texts import vectors

FIRST_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS, QUARTERS = 52, 7 * 24 * 4
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROUNDING = 1e-9


# -- what people hold


def held(attribute: Attribute, person: int) -> set[Any]:
    """The value of a person, or the elements of the list."""
    value = attribute.values[person]
    if value is None:
        return set()
    return set(value) if attribute.kind in {"set", "reference"} else {value}


@cache
def clock(zone: str) -> list[list[int]]:
    """The quarter of the week that a zone's clock shows, at each quarter of an hour of each week in UTC."""
    there = ZoneInfo(zone)
    shown = []
    for number in range(WEEKS * QUARTERS):
        local = (FIRST_MONDAY + timedelta(minutes=15 * number)).astimezone(there)
        shown.append(local.weekday() * 96 + local.hour * 4 + local.minute // 15)
    return [shown[week * QUARTERS : (week + 1) * QUARTERS] for week in range(WEEKS)]


@cache
def _free(zone: str, slots: tuple[tuple[str, str, str], ...]) -> tuple[frozenset[int], ...]:
    open_quarters: set[int] = set()
    for day, start, end in slots:
        begin, stop = (int(time[:2]) * 4 + int(time[3:]) // 15 for time in (start, end))
        open_quarters |= {DAYS.index(day) * 96 + quarter for quarter in range(begin, stop)}
    return tuple(
        frozenset(number for number, shown in enumerate(week) if shown in open_quarters)
        for week in clock(zone)
    )


def free(value: Any) -> tuple[frozenset[int], ...]:
    """For each week of the year the quarters of an hour, counted in UTC, in which somebody is free."""
    if value is None:
        return (frozenset(),) * WEEKS
    slots = tuple((slot["day"], slot["start"], slot["end"]) for slot in value["slots"])
    return _free(value["time_zone"], slots)


@cache
def _rows(texts: tuple[str | None, ...]) -> Any:
    return vectors(texts).toarray()


# -- value


def likeness(attribute: Attribute, i: int, j: int) -> float | None:
    """How alike two people are, in [0, 1]; None if either has no value to compare."""
    one, other = attribute.values[i], attribute.values[j]
    if one is None or other is None:
        return None
    match attribute.kind:
        case "set" | "reference":
            a, b = (
                {*value, *(attribute.parents[e] for e in value if e in attribute.parents)}
                for value in (one, other)
            )
            return len(a & b) / len(a | b) if a | b else 1.0
        case "ordinal" | "number" | "date":
            places = [_place(attribute, value) for value in attribute.values if value is not None]
            if attribute.kind == "ordinal":
                places = [0.0, len(attribute.levels or ()) - 1.0]
            length = max(places) - min(places)
            return 1 - abs(_place(attribute, one) - _place(attribute, other)) / length if length else 1.0
        case "text":
            rows = _rows(tuple(attribute.values))[[i, j]]
            return min(1.0, float(rows[0] @ rows[1])) if rows.any(axis=1).all() else None
        case "availability":
            shared = sum(len(a & b) for a, b in zip(free(one), free(other), strict=True))
            least = min(sum(map(len, free(one))), sum(map(len, free(other))))
            return shared / least if least else 0.0
        case _:
            parents = attribute.parents
            kin = one in parents and other in parents and parents[one] == parents[other]
            return 1.0 if one == other else 0.5 * kin


def _place(attribute: Attribute, value: Any) -> float:
    if attribute.kind == "ordinal":
        return float(list(attribute.levels or ()).index(value))
    return float(date.fromisoformat(value).toordinal() if attribute.kind == "date" else value)


def term_score(attribute: Attribute, prefer: str, i: int, j: int) -> float:
    """The score of a pair under a term."""
    alike = likeness(attribute, i, j)
    if alike is None:
        return 0.5
    return {"similar": alike, "different": 1 - alike, "near": 1 - abs(2 * alike - 1)}[prefer]


def pair_scores(pool: Pool, recipe: Recipe) -> dict[frozenset[int], float]:
    """The score of every pair: the mean of its terms by their weights."""
    scores = {frozenset(pair): 0.0 for pair in combinations(range(len(pool.ids)), 2)}
    for term in recipe.terms:
        share = term.weight / sum(each.weight for each in recipe.terms)
        for pair in scores:
            scores[pair] += share * term_score(pool.attributes[term.attribute], term.prefer, *sorted(pair))
    return scores


# -- rules


def pairs_apart(pool: Pool, rule: Apart | SimilarText | Hierarchy) -> set[frozenset[int]]:
    """Pairs of different people whom a rule keeps apart, each once."""
    everybody = list(combinations(range(len(pool.ids)), 2))
    match rule:
        case Apart():
            named = [*rule.pairs, *(pair for each in rule.lists for pair in combinations(each, 2))]
            known = (pair for pair in named if set(pair) <= set(pool.ids))
            return {frozenset(map(pool.ids.index, pair)) for pair in known if len(set(pair)) == 2}
        case SimilarText():
            rows = vectors(pool.attributes[rule.attribute].values)
            cosine = (rows @ rows.T).toarray()
            return {frozenset({i, j}) for i, j in everybody if cosine[i, j] >= rule.similarity - ROUNDING}
        case Hierarchy():
            attributes = [pool.attributes[key] for key in rule.attributes]
            names = [set().union(*(held(each, i) for each in attributes)) for i in range(len(pool.ids))]
            return {
                frozenset({i, j})
                for i, j in everybody
                if pool.ids[i] in names[j] or pool.ids[j] in names[i] or (rule.shared and names[i] & names[j])
            }


def lists_joined(pool: Pool, rule: Together | Locked) -> list[set[int]]:
    """Lists of people who are in one group."""
    pairs = rule.pairs if isinstance(rule, Together) else ()
    known = [{pool.ids.index(name) for name in each if name in pool.ids} for each in (*pairs, *rule.lists)]
    return [each for each in known if each]


def counted(rule: Cap | Seats | NoIsolate, numbers: Counter[Any]) -> int:
    """By how much a group breaks a rule on how many have each value."""
    match rule:
        case Cap():
            return sum(max(0, number - rule.max) for number in numbers.values())
        case Seats():
            over = 0 if rule.max is None else max(0, numbers[rule.value] - rule.max)
            return over + max(0, rule.min - numbers[rule.value])
        case NoIsolate():
            named = numbers if rule.values is None else rule.values
            return sum(numbers[value] == 1 for value in named)


def worth(emphasis: float, sizes: Sequence[int], values: Sequence[float], owing: float) -> float:
    """The value of a partition of groups of these sizes and values, which owe so much together."""
    mean = sum(size * value for size, value in zip(sizes, values, strict=True))
    return ((1 - emphasis) * mean - owing) / sum(sizes) + emphasis * min(values)


class Checker:
    """A pool under a recipe, and what groups of it break and are worth."""

    def __init__(self, pool: Pool, recipe: Recipe) -> None:
        self.pool, self.recipe = pool, recipe
        rules = dict(enumerate(recipe.rules))
        self.apart = {
            place: pairs_apart(pool, rule)
            for place, rule in rules.items()
            if isinstance(rule, Apart | SimilarText | Hierarchy)
        }
        self.joined = {
            place: lists_joined(pool, rule)
            for place, rule in rules.items()
            if isinstance(rule, Together | Locked)
        }
        self.scores = pair_scores(pool, recipe)

    def amount(self, place: int, group: Group) -> float:
        """By how much a group breaks a rule."""
        rule, members = self.recipe.rules[place], set(group)
        if isinstance(rule, Apart | SimilarText | Hierarchy):
            return sum(pair <= members for pair in self.apart[place])
        if isinstance(rule, Together | Locked):
            whole = sum(each <= members for each in self.joined[place])
            torn = sum(0 < len(each & members) < len(each) for each in self.joined[place])
            return torn + (max(0, whole - 1) if isinstance(rule, Locked) else 0)
        attribute = self.pool.attributes[rule.attribute]
        if isinstance(rule, Shared):
            return max(0, rule.min - len(set.intersection(*(held(attribute, person) for person in group))))
        if isinstance(rule, CommonSlots):
            weeks = zip(*(free(attribute.values[person]) for person in group), strict=True)
            return max(0.0, rule.hours - min(len(frozenset.intersection(*week)) for week in weeks) / 4)
        return counted(rule, Counter(value for person in group for value in held(attribute, person)))

    def broken(self, group: Group) -> list[int | str]:
        """The places of the hard rules that a group breaks, and "size" where it breaks that."""
        size = self.recipe.size
        wrong: list[int | str] = [] if size.min <= len(group) <= size.max else ["size"]
        hard = [place for place, rule in enumerate(self.recipe.rules) if rule.price is None]
        return wrong + [place for place in hard if self.amount(place, group) > ROUNDING]

    def faults(self, partition: Partition) -> list[Any]:
        """Everything that is wrong with a partition: empty if all hard rules hold and everybody is in it once."""
        groups, left = list(partition.groups), [person.index for person in partition.unplaced]
        found: list[Any] = [(group, broken) for group in groups if (broken := self.broken(group))]
        if sorted([*left, *(person for group in groups for person in group)]) != list(
            range(len(self.pool.ids))
        ):
            found.append("not everybody once")
        if left and not self.recipe.waitlist:
            found.append("left over without a waitlist")
        if groups != sorted(tuple(sorted(group)) for group in groups):
            found.append("not in order")
        return found

    def owed(self, group: Group) -> float:
        """What a group costs by rules that have a price."""
        prices = [
            (place, rule.price) for place, rule in enumerate(self.recipe.rules) if rule.price is not None
        ]
        return sum(price * self.amount(place, group) for place, price in prices)

    def group_value(self, group: Group) -> float:
        """The mean of the members' affinity, each the mean of their scores with their partners."""
        of_each = [sum(self.scores[frozenset({i, j})] for j in group if j != i) for i in group]
        return sum(each / (len(group) - 1) for each in of_each) / len(group)

    def value(self, groups: Sequence[Group]) -> float:
        """The value of a partition."""
        values, owing = [self.group_value(group) for group in groups], sum(map(self.owed, groups))
        return worth(self.recipe.emphasis, [len(group) for group in groups], values, owing)

    def contributions(self, group: Group) -> list[float]:
        """For each term the mean of its scores over the pairs of a group."""
        pairs = list(combinations(group, 2))
        terms = [self.pool.attributes[term.attribute] for term in self.recipe.terms]
        return [
            sum(term_score(attribute, term.prefer, i, j) for i, j in pairs) / len(pairs)
            for term, attribute in zip(self.recipe.terms, terms, strict=True)
        ]
