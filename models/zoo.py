"""The register of networks that can be made here. Importing it is cheap; TensorFlow starts in a worker process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from flow.errors import Problem, ToolError, UsageError
from flow.oracle.process import run_worker


@dataclass(frozen=True)
class Entry:
    """function: "module:function", which gives without arguments a Keras model, or (.tflite) a flatbuffer's bytes."""

    name: str
    doc: str
    function: str
    suffix: str = ".h5"


ENTRIES: tuple[Entry, ...] = (
    Entry("resnet50", "ResNet-50 of Keras applications, 224 x 224", "models.applications:resnet50"),
    Entry("resnet50-64", "the same at 64 x 64", "models.applications:resnet50_64"),
    Entry("vgg16", "VGG-16 of Keras applications, 224 x 224", "models.applications:vgg16"),
    Entry("vgg16-48", "VGG-16 at 48 x 48", "models.applications:vgg16_48"),
    Entry("mobilenet-96", "MobileNet at 96 x 96", "models.applications:mobilenet_96"),
    Entry("mobilenetv2-96", "MobileNetV2 at 96 x 96", "models.applications:mobilenetv2_96"),
    Entry("mobilenetv3small-64", "MobileNetV3Small at 64 x 64", "models.applications:mobilenetv3small_64", ".keras"),
    Entry("densenet121-64", "DenseNet121 at 64 x 64", "models.applications:densenet121_64"),
    Entry("inceptionv3-96", "InceptionV3 at 96 x 96", "models.applications:inceptionv3_96"),
    Entry("efficientnetb0-64", "EfficientNetB0 at 64 x 64", "models.applications:efficientnetb0_64", ".keras"),
    Entry("tiny", "a few convolutions", "models.small:tiny"),
    Entry(
        "odd",
        "odd sizes: prime channels, kernels larger than the map, strides larger than the kernel, dilation",
        "models.small:odd",
    ),
    Entry("two-by-two", "two inputs and two outputs", "models.small:two_by_two"),
    Entry("digits", "handwritten digits, QKeras, 8-bit weights, trained here", "models.quantised:digits"),
    Entry("digits-4", "the same with 4-bit weights", "models.quantised:digits_4"),
    Entry("digits-2", "the same with 2-bit weights", "models.quantised:digits_2"),
    Entry("jets", "dense network of the shape used for jet tagging, QKeras, 6 bits", "models.quantised:jets"),
    Entry("keywords", "shape used for keyword spotting, QKeras, 4-bit weights", "models.quantised:keywords"),
    Entry("resnet8", "ResNet-8 of the CIFAR shape, QKeras, 4-bit weights", "models.quantised:resnet8"),
    Entry("traps", "what is known to break accelerators, QKeras, 4 bits", "models.quantised:traps"),
    Entry("direct", "a small int8 flatbuffer, not made by the converter", "models.direct:direct", ".tflite"),
)


def names() -> tuple[str, ...]:
    """Names of all networks."""
    return tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """Raises UsageError if there is no such network."""
    for candidate in ENTRIES:
        if candidate.name == name:
            return candidate
    raise UsageError(Problem(f"network {name}", "the zoo has no network of this name", f"one of {', '.join(names())}"))


def write(name: str, path: Path) -> None:
    """Make the network, the same bytes each time. Raises UsageError on an unfit ending, ToolError on a failure."""
    found = entry(name)
    allowed = (".tflite",) if found.suffix == ".tflite" else (".h5", ".keras")
    if path.suffix not in allowed:
        raise UsageError(
            Problem(
                str(path),
                f"{name} is not made as {path.suffix or 'a file without ending'}",
                f"use {' or '.join(allowed)}",
            )
        )
    outcome = run_worker("models.generate", found.function, str(path.resolve()))
    if outcome.code:
        raise ToolError(
            Problem(
                f"network {name}",
                f"making it failed ({outcome.signal or outcome.code}):\n{outcome.message}",
                "see the message",
            )
        )


def make(name: str, folder: Path | None = None) -> Path:
    """Path of the network in ``folder`` (build/models), made if it is not there yet."""
    target = (folder or Path(__file__).resolve().parent.parent / "build" / "models") / (name + entry(name).suffix)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{os.getpid()}.{target.name}")
        try:
            write(name, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target
