"""`eagerloop new`: the files with which a part of one's own begins."""
