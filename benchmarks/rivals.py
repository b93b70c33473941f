"""Other ways to find a title for a question: each takes the titles and returns its search.

Titles and questions are without case and diacritics, which helps them all with bare typing. A
search returns (score, place in the list of titles) pairs, best first.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import bm25s
import numpy as np
import tantivy
from minilm import WIDTH, MiniLM
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer

Found = list[tuple[float, int]]
Search = Callable[[str, int], Found]
Rival = Callable[[Sequence[str]], Search]

OWN, EMBEDDED = 47, 2689
"""Our own titles come first and are not varied; after the second number come only variations.

To embed 100,000 titles would take most of an hour.
"""


def wratio(titles: Sequence[str]) -> Search:
    """Compare letter by letter, whole and in parts."""
    return _fuzzy(titles, fuzz.WRatio)


def token_set_ratio(titles: Sequence[str]) -> Search:
    """Compare the words of both, in any order."""
    return _fuzzy(titles, fuzz.token_set_ratio)


def _fuzzy(titles: Sequence[str], scorer: Callable[..., float]) -> Search:
    def search(text: str, at_most: int) -> Found:
        found = process.extract(text, titles, scorer=scorer, limit=at_most)
        return [(score, at) for _, score, at in found]

    return search


def fts5_words(titles: Sequence[str]) -> Search:
    """Rank by BM25 in SQLite, any of the words."""
    return _fts5(titles, "unicode61 remove_diacritics 2", str.split)


def fts5_trigrams(titles: Sequence[str]) -> Search:
    """Rank by BM25 in SQLite, any three letters in a row."""
    return _fts5(titles, "trigram", _trigrams)


def _fts5(titles: Sequence[str], tokenizer: str, terms: Callable[[str], list[str]]) -> Search:
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE VIRTUAL TABLE titles USING fts5 (title, tokenize = '{tokenizer}')")
    database.executemany("INSERT INTO titles (rowid, title) VALUES (?, ?)", enumerate(titles))

    def search(text: str, at_most: int) -> Found:
        quoted = (term.replace('"', '""') for term in dict.fromkeys(terms(text)))
        return database.execute(
            "SELECT -rank, rowid FROM titles WHERE titles MATCH ? ORDER BY rank LIMIT ?",
            (" OR ".join(f'"{term}"' for term in quoted), at_most),
        ).fetchall()

    return search


def _trigrams(text: str) -> list[str]:
    return [text[at : at + 3] for at in range(len(text) - 2)]


def tantivy_words(titles: Sequence[str]) -> Search:
    """Rank by BM25 in tantivy, any of the words."""
    schema = (
        tantivy.SchemaBuilder()
        .add_text_field("title")
        .add_integer_field("at", stored=True)
        .build()
    )
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    for at, title in enumerate(titles):
        writer.add_document(tantivy.Document(title=title, at=at))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def search(text: str, at_most: int) -> Found:
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "title", word))
            for word in text.split()
        ]
        hits = searcher.search(tantivy.Query.boolean_query(terms), at_most).hits
        return [(score, searcher.doc(address)["at"][0]) for score, address in hits]

    return search


def bm25s_words(titles: Sequence[str]) -> Search:
    """Rank by BM25 in bm25s, any of the words."""
    index = bm25s.BM25()
    index.index([title.split() for title in titles], show_progress=False)

    def search(text: str, at_most: int) -> Found:
        known = [word for word in text.split() if word in index.vocab_dict]
        if not known:
            return []
        places, scores = index.retrieve([known], k=min(at_most, len(titles)), show_progress=False)
        return list(zip(scores[0].tolist(), places[0].tolist(), strict=True))

    return search


def char_ngrams(titles: Sequence[str]) -> Search:
    """Compare by the cosine of weighed groups of two to four letters."""
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32)
    matrix = vectorizer.fit_transform(titles)

    def search(text: str, at_most: int) -> Found:
        return _highest((matrix @ vectorizer.transform([text]).T).toarray()[:, 0], at_most)

    return search


def sentence_embedding(titles: Sequence[str]) -> Search:
    """Compare by the cosine of MiniLM's vectors; variations of a title take its vector."""
    model = MiniLM()
    vectors = model.embed(titles[:EMBEDDED])
    if len(titles) > EMBEDDED:
        more = np.resize(vectors[OWN:], (len(titles) - EMBEDDED, WIDTH))
        vectors = np.vstack([vectors, more])

    def search(text: str, at_most: int) -> Found:
        return _highest(vectors @ model.embed([text])[0], at_most)

    return search


def _highest(scores: NDArray[np.float32], at_most: int) -> Found:
    places = np.argpartition(-scores, min(at_most, len(scores) - 1))[:at_most]
    best = places[np.argsort(-scores[places])]
    return list(zip(scores[best].tolist(), best.tolist(), strict=True))


RIVALS: Mapping[str, Rival] = {
    "rapidfuzz WRatio": wratio,
    "rapidfuzz token_set_ratio": token_set_ratio,
    "SQLite FTS5 unicode61": fts5_words,
    "SQLite FTS5 trigram": fts5_trigrams,
    "tantivy": tantivy_words,
    "bm25s": bm25s_words,
    "char n-gram TF-IDF": char_ngrams,
    "MiniLM embedding": sentence_embedding,
}
