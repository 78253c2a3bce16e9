"""Muon: momentum, and then a step whose singular values are all about one (Jordan et al. 2024).

torch.optim.Muon takes matrices only; here a convolution counts as one, (outputs, the rest), and keeps the norm of its
rows' root mean square at one, which batch normalisation after it undoes: so the rate alone says how far a step goes.
On FER2013, three epochs at 32x32 pixels: 56.9 % on dev against 53.6 % by SGD, for a third more time on two cores.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

STEPS = 3  # of the iteration: the singular values then lie between about 0.3 and 1.2
A, B, C = 3.4445, -4.7750, 2.0315  # its quintic's coefficients, as published


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov's momentum for convolutions (outputs, inputs, h, w)."""

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure
        """Move the weights along their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(weight)
                buffer = state["momentum_buffer"].mul_(group["momentum"]).add_(weight.grad)
                ahead = weight.grad.add(buffer, alpha=group["momentum"])
                weight.mul_(len(weight) ** 0.5 / weight.norm())
                weight.add_(orthogonalised(ahead.flatten(1)).view(weight.shape), alpha=-group["lr"])


def orthogonalised(matrix: Tensor) -> Tensor:
    """Return a matrix (m, n) with about the singular vectors of the given one, and singular values about one.

    A Newton-Schulz iteration of the fifth order. Each of its steps multiplies from the left by a polynomial of the
    square x @ x.T; these commute, so that they are gathered on m rows and columns, and the long matrix is read twice.
    """
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    square = x @ x.T
    total = torch.eye(len(x), dtype=x.dtype, device=x.device)
    for _ in range(STEPS):
        factor = torch.addmm(square, square, square, beta=B, alpha=C)
        factor.diagonal().add_(A)
        total, square = factor @ total, factor @ square @ factor
    x = total @ x
    return x.T if tall else x
