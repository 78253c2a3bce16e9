"""One analysis, one file, one result folder, one name. Each has `analyse(study) -> Result`."""

ANALYSES = (
    "data", "settings", "saliency", "filters", "filter_emotions", "conv1_outputs", "confusion", "lime", "curves",
    "ensemble", "calibration", "audit", "selectivity", "scores", "shortcut",
    "copies", "suspects", "abstaining", "portraits", "photograph", "network",
    "atlas", "elsewhere", "stages", "dissection", "light",
)  # fmt: skip
