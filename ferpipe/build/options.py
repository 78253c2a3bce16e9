"""What the command line asks for, as data."""

from dataclasses import dataclass
from pathlib import Path

APART = ("predict", "explain", "compare")  # commands that make something of their own, and no stage
DRAWN = "rendered"  # the data set that the project draws
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Options:
    """One call of `python build.py`."""

    command: str = "build"  # or train, analyse, render, predict, explain, compare, serve, check
    data: Path | None = None  # a data set's place; None: the rendered faces
    name: str | None = None  # of that data set; None: as its form or its folder is called
    classes: str | None = None  # what its numbers mean: a data set's name, or a file
    members: int | None = None  # None: as the preset says
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"
    threads: int | None = None  # of the processor; None: as many as it has cores
    preset: str = "default"
    load: Path | None = None  # members, or checkpoints, to use instead of training
    mean: tuple[float, ...] = ()  # with which a checkpoint's pictures were normalised; none: it is read off them
    std: tuple[float, ...] = ()
    init: str | None = None  # torchvision's ResNet-18 weights to start from: "imagenet", or a file
    compile: bool = False  # the networks that are trained
    student: bool = False  # also distil the ensemble into one network
    images: Path | None = None  # what predict and explain look at; of compare the first run
    other: Path | None = None  # with which compare compares it
    face: bool = False  # explain looks at the largest face instead of the middle square
    network: str = "ensemble"  # that these ask: or "student", "all", "shipped", a member's name
    only: str | None = None  # one analysis
    rebuild: str | None = None  # "all", or a stage, or an analysis: made again though it is fresh
    why: bool = False  # print every difference that made a stage stale
    strict: bool = False
    release: bool = False  # strict, and no published result may be older than the code
    site_url: str | None = None  # of the page that is rendered, instead of report.toml's
    repository: str | None = None  # the same
    export: Path | None = None  # where render writes figures instead of a page
    format: str = "pdf"  # of these: pdf, png
    port: int | None = None  # of serve; None: 8000, or a free one
    run: str | None = None  # a trial's name; None: see layout.py
    publish: bool = False  # make the run the published one
    output: Path | None = None  # a page here instead of where layout.py puts it
    artefacts: Path | None = None
    results: Path | None = None

    @property
    def place(self) -> Path:
        """The folder of the artefacts."""
        return self.artefacts or ROOT / ".artefacts"

    @property
    def plain(self) -> bool:
        """Whether the settings are those of the report that is published: whatever changes a result makes a trial."""
        asked = (self.data, self.members, self.epochs, self.load, self.init, self.only, self.run)
        return not any(asked) and self.seed == 0 and self.preset == "default" and not self.student

    @property
    def dataset(self) -> str:
        """The data set's name; raises Slip where that is to be read off what is no data set."""
        if self.data is None:
            return DRAWN
        from ferpipe.data.reading import name_of

        return self.name or name_of(self.data, self.classes)

    @property
    def address(self) -> dict[str, str]:
        """What is said of where page and code lie, instead of what report.toml says."""
        asked = {"site_url": self.site_url, "repository": self.repository}
        return {name: value for name, value in asked.items() if value is not None}

    def rebuilds(self, stage: str, name: str = "") -> bool:
        """Return whether a stage, or the analysis `name` of it, is to be made again."""
        return self.rebuild in ("all", stage, name or stage)
