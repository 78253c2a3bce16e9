"""What an ensemble teaches: one set of probabilities for each training face (Hinton, Vinyals & Dean 2015)."""

from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from ferpipe.networks import views
from ferpipe.networks.members import Member

PART = 4096  # faces between two steps of the progress bar


def probabilities(ensemble: Sequence[Member], images: np.ndarray, device: torch.device) -> np.ndarray:
    """Return probabilities (n, 7) for uint8 images (n, 48, 48): of the logits averaged over members and views."""
    total = torch.zeros(len(images), 7)
    with tqdm(total=len(ensemble) * len(images), desc="teachers", unit="face", mininterval=1) as bar:
        for member in ensemble:
            network = member.network(device)
            for start in range(0, len(images), PART):
                part = torch.from_numpy(images[start : start + PART]).to(device)
                total[start : start + PART] += views.averaged(network, part)
                bar.update(len(part))
    return (total / len(ensemble)).softmax(1).numpy()
