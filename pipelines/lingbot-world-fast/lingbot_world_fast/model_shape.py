"""
The tensors that the three networks have, by name and shape, after the classes of telefuser 0.1.0.post3 that take them
(`LingBotWorldFastDiT`, `WanTextEncoder`, `WanVideoVAE`). These fill what a file lacks with nothing, or with noise, and say nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Mapping, Tuple

from .tensor_info import TensorInfo, WeightsFileError

Shapes = Dict[str, Tuple[int, ...]]

#: Channels of a latent picture.
LATENT_CHANNELS = 16
#: What the DiT sees: the latent picture, the picture it begins with, and a mask of four that says where that is given.
IN_CHANNELS = LATENT_CHANNELS + LATENT_CHANNELS + 4
#: A latent frame is looked at in squares of 2 × 2.
PATCH_AREA = 4
#: Pixels of a picture that one latent pixel stands for.
PIXELS_A_LATENT = 64
#: Control channels a pixel: rays' origin and direction; rays' direction and four keys.
CONTROL_CHANNELS = {"cam": 6, "act": 7}
TIME_CHANNELS = 256


@dataclass(frozen=True)
class DitShape:
    """What a DiT's file says of its network."""

    dim: int
    ffn_dim: int
    text_dim: int
    layers: int
    control_type: str

    #: The package does not read it from the file.
    HEADS = 40

    def tensors(self) -> Shapes:
        dim, control = self.dim, CONTROL_CHANNELS[self.control_type] * PIXELS_A_LATENT * PATCH_AREA
        shapes: Shapes = {
            "patch_embedding.weight": (dim, IN_CHANNELS, 1, 2, 2),
            "patch_embedding.bias": (dim,),
            **_linear("patch_embedding_wancamctrl", control, dim),
            **_linear("c2ws_hidden_states_layer1", dim, dim),
            **_linear("c2ws_hidden_states_layer2", dim, dim),
            **_linear("text_embedding.0", self.text_dim, dim),
            **_linear("text_embedding.2", dim, dim),
            **_linear("time_embedding.0", TIME_CHANNELS, dim),
            **_linear("time_embedding.2", dim, dim),
            **_linear("time_projection.1", dim, 6 * dim),
            **_linear("head.head", dim, LATENT_CHANNELS * PATCH_AREA),
            "head.modulation": (1, 2, dim),
        }
        for layer in range(self.layers):
            shapes.update(self._block(f"blocks.{layer}."))
        return shapes

    def _block(self, block: str) -> Shapes:
        dim = self.dim
        shapes: Shapes = {f"{block}modulation": (1, 6, dim), f"{block}norm3.weight": (dim,), f"{block}norm3.bias": (dim,)}
        for attention in ("self_attn", "cross_attn"):
            for part in ("q", "k", "v", "o"):
                shapes.update(_linear(f"{block}{attention}.{part}", dim, dim))
            shapes.update({f"{block}{attention}.norm_{part}.weight": (dim,) for part in ("q", "k")})
        shapes.update(_linear(f"{block}ffn.0", dim, self.ffn_dim))
        shapes.update(_linear(f"{block}ffn.2", self.ffn_dim, dim))
        for part in ("cam_injector_layer1", "cam_injector_layer2", "cam_scale_layer", "cam_shift_layer"):
            shapes.update(_linear(f"{block}{part}", dim, dim))
        return shapes


def read_dit_shape(tensors: Mapping[str, TensorInfo]) -> DitShape:
    """The network that a file's tensors are of, as the package infers it. Raises WeightsFileError."""
    patch = _shape_of(tensors, "patch_embedding.weight", 5)
    control = _shape_of(tensors, "patch_embedding_wancamctrl.weight", 2)
    channels, rest = divmod(control[1], PIXELS_A_LATENT * PATCH_AREA)
    types = [name for name, count in CONTROL_CHANNELS.items() if count == channels and rest == 0]
    if not types:
        raise WeightsFileError(
            f"its patch_embedding_wancamctrl.weight takes {control[1]} control channels, neither 1536 (cam) nor 1792 (act)"
        )
    layers = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    shape = DitShape(
        dim=patch[0],
        ffn_dim=_shape_of(tensors, "blocks.0.ffn.0.weight", 2)[0],
        text_dim=_shape_of(tensors, "text_embedding.0.weight", 2)[1],
        layers=len(layers),
        control_type=types[0],
    )
    if shape.dim % (2 * shape.HEADS) != 0:
        raise WeightsFileError(f"its width of {shape.dim} is not that of {shape.HEADS} heads")
    return shape


@dataclass(frozen=True)
class TextEncoderShape:
    """UMT5-XXL's encoder, which is the only one that the package loads."""

    vocabulary: int = 256_384
    dim: int = 4096
    ffn_dim: int = 10_240
    heads: int = 64
    layers: int = 24
    buckets: int = 32

    def tensors(self) -> Shapes:
        dim = self.dim
        shapes: Shapes = {"token_embedding.weight": (self.vocabulary, dim), "norm.weight": (dim,)}
        for layer in range(self.layers):
            block = f"blocks.{layer}."
            shapes.update({f"{block}attn.{part}.weight": (dim, dim) for part in ("q", "k", "v", "o")})
            shapes.update(
                {
                    f"{block}norm1.weight": (dim,),
                    f"{block}norm2.weight": (dim,),
                    f"{block}ffn.gate.0.weight": (self.ffn_dim, dim),
                    f"{block}ffn.fc1.weight": (self.ffn_dim, dim),
                    f"{block}ffn.fc2.weight": (dim, self.ffn_dim),
                    f"{block}pos_embedding.embedding.weight": (self.buckets, self.heads),
                }
            )
        return shapes


@dataclass(frozen=True)
class VaeShape:
    """Wan 2.1's VAE. Files with fewer channels exist (pruned ones), so both halves' widths are the file's."""

    encoder_dims: Tuple[int, ...]
    decoder_dims: Tuple[int, ...]

    def tensors(self) -> Shapes:
        return {
            **_convolution("conv1", 2 * LATENT_CHANNELS, 2 * LATENT_CHANNELS, (1, 1, 1)),
            **_convolution("conv2", LATENT_CHANNELS, LATENT_CHANNELS, (1, 1, 1)),
            **self._encoder(),
            **self._decoder(),
        }

    def _encoder(self) -> Shapes:
        dims, last = self.encoder_dims, self.encoder_dims[-1]
        shapes = _convolution("encoder.conv1", 3, dims[0], (3, 3, 3))
        place = _Counter("encoder.downsamples")
        for stage, (before, after) in enumerate(zip(dims[:-1], dims[1:])):
            shapes.update(_residual(place.next(), before, after))
            shapes.update(_residual(place.next(), after, after))
            if stage < 3:
                down = place.next()
                shapes.update(_convolution(f"{down}.resample.1", after, after, (3, 3)))
                if stage > 0:
                    shapes.update(_convolution(f"{down}.time_conv", after, after, (3, 1, 1)))
        return {**shapes, **_middle("encoder.middle", last), **_head("encoder.head", last, 2 * LATENT_CHANNELS)}

    def _decoder(self) -> Shapes:
        dims, last = self.decoder_dims, self.decoder_dims[-1]
        shapes = _convolution("decoder.conv1", LATENT_CHANNELS, dims[0], (3, 3, 3))
        shapes.update(_middle("decoder.middle", dims[0]))
        place = _Counter("decoder.upsamples")
        for stage, (before, after) in enumerate(zip(dims[:-1], dims[1:])):
            # Each step up has halved the channels.
            shapes.update(_residual(place.next(), before // 2 if stage > 0 else before, after))
            shapes.update(_residual(place.next(), after, after))
            shapes.update(_residual(place.next(), after, after))
            if stage < 3:
                up = place.next()
                shapes.update(_convolution(f"{up}.resample.1", after, after // 2, (3, 3)))
                if stage < 2:
                    shapes.update(_convolution(f"{up}.time_conv", after, 2 * after, (3, 1, 1)))
        return {**shapes, **_head("decoder.head", last, 3)}


def read_vae_shape(tensors: Mapping[str, TensorInfo]) -> VaeShape:
    """The VAE that a file's tensors are of. Raises WeightsFileError."""
    narrow = _shape_of(tensors, "encoder.conv1.weight", 5)[0]
    wide = _shape_of(tensors, "decoder.conv1.weight", 5)[0]
    if narrow < 1 or wide < 4 or wide % 4 != 0:
        raise WeightsFileError(f"a VAE of {narrow} and {wide} channels is none of Wan's")
    base = wide // 4
    return VaeShape(
        encoder_dims=(narrow, narrow, 2 * narrow, 4 * narrow, 4 * narrow),
        decoder_dims=(wide, wide, wide, 2 * base, base),
    )


class _Counter:
    """Names the members of a sequence of layers."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = -1

    def next(self) -> str:
        self._count += 1
        return f"{self._name}.{self._count}"


def _linear(name: str, before: int, after: int) -> Shapes:
    return {f"{name}.weight": (after, before), f"{name}.bias": (after,)}


def _convolution(name: str, before: int, after: int, kernel: Tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": (after, before, *kernel), f"{name}.bias": (after,)}


def _residual(name: str, before: int, after: int) -> Shapes:
    shapes = {
        f"{name}.residual.0.gamma": (before, 1, 1, 1),
        f"{name}.residual.3.gamma": (after, 1, 1, 1),
        **_convolution(f"{name}.residual.2", before, after, (3, 3, 3)),
        **_convolution(f"{name}.residual.6", after, after, (3, 3, 3)),
    }
    return shapes if before == after else {**shapes, **_convolution(f"{name}.shortcut", before, after, (1, 1, 1))}


def _middle(name: str, dim: int) -> Shapes:
    return {
        **_residual(f"{name}.0", dim, dim),
        f"{name}.1.norm.gamma": (dim, 1, 1),
        **_convolution(f"{name}.1.to_qkv", dim, 3 * dim, (1, 1)),
        **_convolution(f"{name}.1.proj", dim, dim, (1, 1)),
        **_residual(f"{name}.2", dim, dim),
    }


def _head(name: str, before: int, after: int) -> Shapes:
    return {f"{name}.0.gamma": (before, 1, 1, 1), **_convolution(f"{name}.2", before, after, (3, 3, 3))}


def _shape_of(tensors: Mapping[str, TensorInfo], name: str, dimensions: int) -> Tuple[int, ...]:
    tensor = tensors.get(name)
    if tensor is None:
        raise WeightsFileError(f"it has no tensor {name}")
    if len(tensor.shape) != dimensions:
        raise WeightsFileError(f"its tensor {name} has {len(tensor.shape)} dimensions instead of {dimensions}")
    return tensor.shape


def differences(expected: Shapes, found: Mapping[str, TensorInfo]) -> Iterator[str]:
    """What keeps a file's tensors from being the expected ones, a few words each; tensors beyond them do no harm."""
    for name, shape in expected.items():
        tensor = found.get(name)
        if tensor is None:
            yield f"{name} is missing"
        elif tensor.shape != shape:
            yield f"{name} is {_sides(tensor.shape)} instead of {_sides(shape)}"


def _sides(shape: Tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"
