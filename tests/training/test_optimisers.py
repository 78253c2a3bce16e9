import pytest
import torch

from ferpipe.training.optimisers import SGD, Muon, orthogonalised


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (32, 32)])
def test_singular_vectors_stay_and_values_come_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, values, v = torch.linalg.svd(matrix, full_matrices=False)
    found = u.T @ orthogonalised(matrix) @ v.T
    kept = values > values.max() / 10
    torch.testing.assert_close(found, torch.diag(found.diagonal()), atol=1e-3, rtol=0)  # the vectors are the same
    assert found.diagonal()[kept].min() > 0.3 and found.diagonal().max() < 1.3


def test_a_step_goes_as_far_as_the_rate_says_whatever_the_gradient_is():
    weight = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    weight = torch.nn.Parameter(weight * 8**0.5 / weight.norm())
    before = weight.detach().clone()
    weight.grad = 1e-6 * torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    Muon([weight], rate=0.1, momentum=0.9).step(torch.ones(1))
    moved = (weight.detach() - before).norm() / 8**0.5  # eight singular values of about one
    assert 0.03 < moved < 0.13


def test_weights_keep_their_norm():
    weight = torch.nn.Parameter(torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0)) * 50)
    optimiser = Muon([weight], rate=0.0, momentum=0.9)
    weight.grad = torch.ones_like(weight)
    optimiser.step(torch.ones(1))
    assert weight.norm().item() == pytest.approx(8**0.5, rel=1e-4)


def test_sgd_steps_as_torchs_own_does():
    first = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    ours, theirs = (torch.nn.Parameter(first.clone()) for _ in range(2))
    optimiser = SGD([ours], rate=0.2, momentum=0.9, decay=0.01)
    other = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
    for seed in range(3):
        ours.grad = torch.randn(6, 5, generator=torch.Generator().manual_seed(seed))
        theirs.grad = ours.grad.clone()
        optimiser.step(torch.tensor([0.5]))
        other.step()
    torch.testing.assert_close(ours, theirs)
