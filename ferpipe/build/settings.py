"""What a build is to do, read from the command line once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ferpipe.analyses import ANALYSES
from ferpipe.analyses.effort import Effort
from ferpipe.build import effort
from ferpipe.build.layout import Layout
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.networks.recipes import Recipe
from ferpipe.storage import fingerprints
from ferpipe.training.presets import DATA_SEED, PRESETS, Plan, plan

# the analyses that ask how networks were trained, which a checkpoint does not tell
OF_TRAINING = ("calibration", "curves", "suspects")
OF_OVERFITTED = frozenset({"calibration", "curves"})
SHIPPED = fingerprints.PACKAGE / "shipped"


@dataclass(frozen=True)
class Settings:
    """One data set, its networks and their analyses."""

    layout: Layout
    source: Path | None  # of the data set; None: it is drawn
    classes: str | None  # what its numbers mean, as --classes says
    sizes: tuple[int, int, int]  # faces to draw for train, dev, test
    data_seed: int
    seed: int  # of the networks and the analyses
    preset: str
    plan: Plan | None  # of the networks to train; None: those in `networks` are taken as they are
    pupil: Recipe | None  # that those which are taken teach
    networks: Path  # the folder of the networks
    foreign: tuple[Path, ...]  # checkpoints of somebody's that these are made of
    mean: tuple[float, ...]  # with which their pictures were normalised; none: it is read off them
    std: tuple[float, ...]
    init: str  # weights that pretrained networks start from: "imagenet", torchvision's own, or a file
    analyses: tuple[str, ...]
    effort: Mapping[str, Effort]
    device: str
    threads: int | None
    compiled: bool  # whether the networks that are trained are compiled
    rebuilds: Callable[..., bool]  # a stage, an analysis -> whether it is to be made again

    @property
    def shipped(self) -> bool:
        """Whether the networks are the package's own, of which some have answers alone."""
        return self.networks.parent == SHIPPED

    @property
    def folder(self) -> Path:
        """The folder of data set and networks, for all builds."""
        return self.layout.artefacts / self.layout.dataset

    @property
    def own(self) -> Path:
        """The folder of this build's faces and of the names of its networks."""
        return self.layout.base / self.layout.dataset

    @property
    def results(self) -> Path:
        """The folder of this data set's results."""
        return self.layout.results / self.layout.dataset


def of(options: Options, layout: Layout) -> Settings:
    """Return what the command line asks for; raises Slip where it asks the shipped networks about other data."""
    drawn, shipped = options.data is None, options.preset == "shipped" and options.load is None
    if shipped and not (SHIPPED / layout.dataset).is_dir():
        raise Slip(f"--preset shipped: the shipped networks learned FER2013, not {layout.dataset}; name FER2013 with "
                   "--data PATH, or leave out --preset shipped")  # fmt: skip
    known = PRESETS.get(layout.dataset, PRESETS["fer2013"]).get(options.preset)
    if known is None:
        for flag in ("members", "epochs", "init", "compile", "student"):
            if getattr(options, flag):
                raise Slip(f"--{flag}: --preset shipped trains nothing; name another preset")
    work = None  # of the presets that train
    if known is not None:
        work = plan(known, options.seed, options.members, options.epochs, student=options.student)
        trained = work.members if options.load is None else [*filter(None, [work.pupil])]
        # where some start from ImageNet's weights anyway, --init says where these lie
        if options.init is not None and not any(recipe.pretrained for recipe in trained):
            work = plan(known, options.seed, options.members, options.epochs, True, options.student)
    if options.student and options.load is not None and SHIPPED.resolve() in options.load.resolve().parents:
        raise Slip(f"--student: it is put beside its teachers, and not into the package; copy {options.load} and "
                   "name the copy")  # fmt: skip
    networks = SHIPPED / layout.dataset if shipped else layout.artefacts / layout.dataset / "members"
    foreign: list[Path] = []
    if options.load is not None:
        if not options.load.exists():
            raise Slip(f"--load {options.load}: no such file or folder; wanted a folder of members, or a checkpoint of "
                       "a ResNet-18, or a folder of such")  # fmt: skip
        from ferpipe.build import adopting  # torch, which a trained report does without

        networks, foreign = options.load, adopting.checkpoints_at(options.load)
        if foreign:
            networks = (
                layout.artefacts / layout.dataset / adopting.place(foreign, options.mean, options.std, options.classes)
            )
    analyses = [options.only] if options.only else [n for n in ANALYSES if not (foreign and n in OF_TRAINING)]
    return Settings(
        layout=layout,
        source=options.data,
        classes=options.classes,
        sizes=known.sizes if known and drawn else (0, 0, 0),
        data_seed=DATA_SEED if drawn else options.seed,
        seed=options.seed,
        preset=options.preset,
        plan=work if options.load is None else None,
        pupil=work.pupil if work and options.load is not None and options.student else None,
        networks=networks,
        foreign=tuple(foreign),
        mean=options.mean,
        std=options.std,
        init=options.init or "imagenet",
        analyses=tuple(analyses) if options.command != "train" else (),
        effort=effort.of(options.preset),
        device=options.device,
        threads=options.threads,
        compiled=options.compile,
        rebuilds=options.rebuilds,
    )
