"""Networks of Keras applications, with seeded weights instead of downloaded ones."""

from __future__ import annotations

from typing import Any

from models.alive import enliven


def _make(name: str, size: int, samples: int = 4, **options: Any) -> Any:
    import keras

    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **options)
    return enliven(model, samples=samples)


def resnet50() -> Any:
    return _make("ResNet50", 224)


def resnet50_64() -> Any:
    return _make("ResNet50", 64, samples=16)


def vgg16() -> Any:
    return _make("VGG16", 224)


def vgg16_48() -> Any:
    return _make("VGG16", 48)


def mobilenet_96() -> Any:
    return _make("MobileNet", 96, samples=8)


def mobilenetv2_96() -> Any:
    return _make("MobileNetV2", 96, samples=8)


def mobilenetv3small_64() -> Any:
    return _make("MobileNetV3Small", 64, samples=16, include_preprocessing=False)


def densenet121_64() -> Any:
    return _make("DenseNet121", 64, samples=16)


def inceptionv3_96() -> Any:
    return _make("InceptionV3", 96, samples=16)


def efficientnetb0_64() -> Any:
    return _make("EfficientNetB0", 64, samples=16)
