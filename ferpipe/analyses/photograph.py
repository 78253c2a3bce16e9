"""One photograph that may be shown in every edition: scikit-image's astronaut, a portrait by NASA.

Eileen Collins smiles in it. NASA's pictures are in the public domain, and this one comes with scikit-image, so that
nothing is fetched.
"""

import numpy as np
from skimage import data
from skimage.color import rgb2gray
from skimage.transform import resize

from ferpipe.analyses.portraits import maps
from ferpipe.analyses.roles import responses
from ferpipe.analyses.study import Study, softmax
from ferpipe.analyses.subjects import trained
from ferpipe.explainers.inputs import inputs, logits
from ferpipe.explainers.methods import METHODS
from ferpipe.results.photograph import Photograph, Seen
from ferpipe.size import SIDE

NAME = "astronaut"
LEFT, TOP, WIDTH = 168, 52, 124  # pixels of the picture around the face, cut as closely as FER2013's are


def analyse(study: Study) -> Photograph:
    """Return what the networks make of the photograph: predictions, maps, and the first layer's outputs."""
    image = photograph()[None]
    scaled = image.astype(np.float32) / 255
    chances = softmax(logits(study.quick, scaled, study.device))[0]
    answer = int(chances.argmax())
    return Photograph(
        name=NAME,
        prediction=answer,
        probability=float(chances[answer]),
        members=[int(logits(subject.quick, scaled, study.device)[0].argmax()) for subject in trained(study)],
        methods=list(METHODS),
        effort=study.effort["portraits"].share,
        arrays=Seen(
            image[0],
            maps(study, image, np.array([answer]))[:, 0],
            responses(study.model, inputs(image, study.device))[0],
        ),
    )


def photograph() -> np.ndarray:
    """Return the face of the photograph in grey, (48, 48) uint8."""
    face = rgb2gray(data.astronaut())[TOP : TOP + WIDTH, LEFT : LEFT + WIDTH]
    grey: np.ndarray = (255 * resize(face, (SIDE, SIDE), anti_aliasing=True)).round().astype(np.uint8)
    return grey
