"""The forms of a report: pure functions of its document, the same bytes for the same document.

Each gives its bytes piece by piece. A form prints, draws and tells only what the document's cells show.
"""
