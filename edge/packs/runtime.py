"""ONNX Runtime behind the smallest surface that the pipeline needs.

ONNX Runtime falls back to another execution provider when the one asked for cannot be had;
a lock must not run on something other than what was configured, so that is refused here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.errors import BackendUnavailable, ModelMismatch, NumericError, PackError
from edge.packs.schema import InputSpec


def session_options(threads: int = 1) -> ort.SessionOptions:
    """How every network of this project is run: `threads` threads, exact 8-bit sums, errors alone.

    AVX2 and AVX-512 without VNNI add pairs of products of unsigned and signed bytes into 16 bits,
    which saturate: 2 * 255 * 127 is more than 32,767. ONNX Runtime takes those kernels for 8-bit
    networks unless told otherwise, so that the same pack would say something else on such a
    processor. Told, it takes slower ones that are exact; ARM's and VNNI's are so anyway.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    return options


class Network:
    """One loaded ONNX file with a single image input.

    Raises BackendUnavailable when `provider` is not in this ONNX Runtime or did not take
    effect, ModelMismatch when inputs or outputs are not those of the manifest.
    """

    def __init__(
        self,
        path: Path,
        data: bytes,
        spec: InputSpec,
        outputs: tuple[str, ...],
        *,
        threads: int = 1,
        provider: str = "CPUExecutionProvider",
    ) -> None:
        self.path, self.spec, self.outputs = path, spec, outputs
        if provider not in ort.get_available_providers():
            raise BackendUnavailable(
                f"{path.name}: execution provider {provider} is not in this ONNX Runtime "
                f"(it has {', '.join(ort.get_available_providers())})"
            )
        options = session_options(threads)
        # Spinning workers burn a Pi's core between frames and win nothing at door rates.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(data, options, providers=[provider])
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise PackError(f"{path}: ONNX Runtime cannot load it: {error}") from error
        if self._session.get_providers()[0] != provider:
            raise BackendUnavailable(
                f"{path.name}: asked for {provider}, got {self._session.get_providers()[0]}"
            )
        self._check_io()

    def _check_io(self) -> None:
        inputs = self._session.get_inputs()
        want = [1, 3, self.spec.height, self.spec.width]
        if len(inputs) != 1 or inputs[0].name != self.spec.name or inputs[0].shape != want:
            raise ModelMismatch(
                f"{self.path}: manifest says input {self.spec.name} {want}, the file has "
                + ", ".join(f"{i.name} {i.shape}" for i in inputs)
            )
        have = [o.name for o in self._session.get_outputs()]
        if missing := [name for name in self.outputs if name not in have]:
            raise ModelMismatch(f"{self.path}: no output {missing[0]!r}; the file has {have}")

    def run(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Outputs in the order of `outputs`. Raises NumericError on NaN or infinity."""
        results: list[NDArray[np.float32]] = self._session.run(
            list(self.outputs), {self.spec.name: tensor}
        )
        for name, value in zip(self.outputs, results, strict=True):
            if not np.isfinite(value).all():
                raise NumericError(f"{self.path.name}: output {name!r} is not finite")
        return results
