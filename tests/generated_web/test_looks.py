"""Nothing of how sites look from outside tells a farm from an honest site: names, TLDs, addresses, pages, templates."""

import numpy as np
import pytest
from numpy.typing import NDArray

from linklake.demo.generated.cast import Site, cast_sites
from linklake.demo.generated.looks import TOP_LEVEL
from linklake.demo.generated.themes import THEMES

Floats = NDArray[np.float64]
SEEDS = range(1, 11)
SITES = 300


def features(site: Site, sites: list[Site]) -> list[float]:
    """What a classifier sees of a site; degree is left out."""
    look = site.look
    name, _, suffix = look.domain.rpartition(".")
    neighbours = sum(s.look.address.rpartition(".")[0] == look.address.rpartition(".")[0] for s in sites)
    return [
        len(name), "-" in name, any(c.isdigit() for c in name), name.startswith("the"), sum(c in "aeiou" for c in name),
        *(suffix == known for known, _ in TOP_LEVEL),
        neighbours, float(look.address.rpartition(".")[2]), sum(s.look.address == look.address for s in sites),
        look.article_count, np.log(look.article_count),
        *(look.theme == number for number in range(len(THEMES))),
        *(look.path_style == style for style in sorted({s.look.path_style for s in sites})),
    ]  # fmt: skip


def fit(x: Floats, y: Floats) -> Floats:
    """Weights of a logistic regression with a little ridge, by Newton's method."""
    weights = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1.0 / (1.0 + np.exp(-x @ weights))
        gradient = x.T @ (p - y) + weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.eye(x.shape[1])
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def auc(scores: Floats, y: Floats) -> float:
    """The chance that a random positive has the higher score; equal scores count half."""
    positive, negative = scores[y == 1][:, None], scores[y == 0][None, :]
    return float(np.mean((positive > negative) + 0.5 * (positive == negative)))


@pytest.fixture(scope="module")
def webs() -> list[tuple[Floats, Floats]]:
    """Of each seed the features of all sites, and who is a booster or a target."""
    found = []
    for seed in SEEDS:
        sites = cast_sites(seed, SITES)
        x = np.array([features(site, sites) for site in sites], dtype=float)
        found.append((x, np.array([site.role in ("booster", "target") for site in sites], dtype=float)))
    return found


def test_a_classifier_of_looks_learns_nothing(webs: list[tuple[Floats, Floats]]) -> None:
    """Fitted on nine webs, tried on the tenth, each in turn."""
    scores, truth = [], []
    for held_out, (x, y) in enumerate(webs):
        others = [web for n, web in enumerate(webs) if n != held_out]
        seen = np.concatenate([o[0] for o in others])
        mean, deviation = seen.mean(axis=0), seen.std(axis=0) + 1e-9
        weights = fit((seen - mean) / deviation, np.concatenate([o[1] for o in others]))
        scores.append((x - mean) / deviation @ weights)
        truth.append(y)
    found = auc(np.concatenate(scores), np.concatenate(truth))
    print(f"AUC {found:.3f}")
    assert 0.4 <= found <= 0.6


def test_no_single_look_tells_a_farm(webs: list[tuple[Floats, Floats]]) -> None:
    x, y = np.concatenate([w[0] for w in webs]), np.concatenate([w[1] for w in webs])
    found = [auc(x[:, column], y) for column in range(x.shape[1])]
    print(f"AUC of single features {min(found):.3f} to {max(found):.3f}")
    assert 0.4 <= min(found) <= max(found) <= 0.6
