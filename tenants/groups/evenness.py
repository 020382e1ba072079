"""How evenly something is spread among people."""


def gini(counts: list[int]) -> float | None:
    """The Gini coefficient: the mean difference of two, over twice the mean. None if all are 0."""
    total, number = sum(counts), len(counts)
    if not total:
        return None
    ranked = sum(rank * count for rank, count in enumerate(sorted(counts), start=1))
    return 2 * ranked / (number * total) - (number + 1) / number
