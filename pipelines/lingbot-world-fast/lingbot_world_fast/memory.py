"""
What the model needs of a GPU's memory, as far as it can be counted: the weights, and what a session keeps. What a step of the
computation takes besides is not in it, so these are lower bounds: what exceeds them cannot work, what meets them may not either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Optional

from .checkpoint import BYTES_A_WEIGHT, Checkpoint
from .errors import ModelUnavailable
from .model_shape import DitShape
from .settings import Settings

#: Tokens of a prompt.
TEXT_TOKENS = 512
#: Pixels of a picture, each way, that are one token of a latent frame: 8 by the VAE, 2 by the DiT's patches.
PIXELS_A_TOKEN = 16

GIB = 1024**3


@dataclass(frozen=True)
class SessionMemory:
    """What one session keeps on the DiT's device, in bytes."""

    #: Keys and values of all frames so far, for every latent frame of the session; allocated when it begins.
    bytes_a_latent: int
    #: Keys and values of the prompt.
    prompt_bytes: int

    def bytes_for(self, latents: int) -> int:
        return latents * self.bytes_a_latent + self.prompt_bytes

    def longest(self, free_bytes: int, chunk_size: int) -> int:
        """How many latent frames fit, in whole chunks; 0 when not one chunk does."""
        return max(0, (free_bytes - self.prompt_bytes) // self.bytes_a_latent) // chunk_size * chunk_size


def session_memory(dit: DitShape, width: int, height: int) -> SessionMemory:
    """For pictures of so many pixels: 2 (key, value) × layers × tokens × width of the network × 2 bytes."""
    bytes_a_token = 2 * dit.layers * dit.dim * BYTES_A_WEIGHT
    tokens = (width // PIXELS_A_TOKEN) * (height // PIXELS_A_TOKEN)
    return SessionMemory(bytes_a_latent=tokens * bytes_a_token, prompt_bytes=TEXT_TOKENS * bytes_a_token)


def weights_by_device(settings: Settings, checkpoint: Checkpoint) -> Dict[str, int]:
    """Bytes of weights on each device."""
    needed: Dict[str, int] = {}
    for device, size in (
        (settings.dit_device, checkpoint.dit_bytes),
        (settings.text_device, checkpoint.text_encoder_bytes),
        (settings.vae_device, checkpoint.vae_bytes),
    ):
        needed[device] = needed.get(device, 0) + size
    return needed


def check_weights_fit(settings: Settings, checkpoint: Checkpoint, free: Mapping[str, Optional[int]]) -> None:
    """`free`: bytes that each device has left, None where nobody knows. Raises ModelUnavailable when the weights alone are more."""
    for device, needed in weights_by_device(settings, checkpoint).items():
        left = free.get(device)
        if left is not None and needed > left:
            raise ModelUnavailable(
                f"the model's weights need {gibibytes(needed)} on {device}, which has {gibibytes(left)} left: free it (nvidia-smi "
                "says who has it), give a second GPU (--gpu-num 2), or put the text encoder on the processor "
                "(LINGBOT_WORLD_TEXT_DEVICE=cpu)"
            )


def gibibytes(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB // 10 else f"{size / 1024**2:.1f} MiB"
