"""The words of the text side, in both languages."""

LABELS = {"en": {"fig": "Figure", "table": "Table"}, "zh": {"fig": "图", "table": "表"}}
HTML_LANG = {"en": "en", "zh": "zh-Hans"}
