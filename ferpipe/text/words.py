"""The words of the text side, in both languages."""

LABELS = {
    "en": {"fig": "Figure", "table": "Table", "ledger": "{verdict}: see the ledger of findings"},
    "zh": {"fig": "图", "table": "表", "ledger": "{verdict}，见结论一览"},
}
HTML_LANG = {"en": "en", "zh": "zh-Hans"}
VERDICT_SIGNS = {"holds": "\N{CHECK MARK}", "fails": "\N{MULTIPLICATION X}", "undecided": "?"}
VERDICT_WORDS = {
    "en": {"holds": "holds", "fails": "does not hold", "undecided": "undecided"},
    "zh": {"holds": "成立", "fails": "不成立", "undecided": "未定"},
}
