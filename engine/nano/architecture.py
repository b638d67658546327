"""The shapes of nano's networks: Stable Diffusion 2.1, made small enough to train on two CPU cores."""

from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPConfig, CLIPTextConfig, CLIPVisionConfig

PICTURE = 128  #: height and width of a picture, pixels
SMALL = 64  #: of what the autoencoder begins with and what CLIP's eye sees
LATENT = 16  #: height and width of a latent; the autoencoder's factor is 8, the small one's 4
LATENT_CHANNELS = 4
TEXT_WIDTH = 160  #: the text encoder's hidden size, which is the U-Net's cross-attention width
TOKENS = 77  #: text positions, as in CLIP
VOCABULARY = 49408  #: as in CLIP


def build_vae() -> AutoencoderKL:
    """128x128x3 in [-1, 1] to 16x16x4 and back; ``scaling_factor`` is set once the latents' spread is known."""
    return autoencoder(PICTURE, (16, 32, 64, 96))


def build_small_vae() -> AutoencoderKL:
    """64x64x3 to 16x16x4 and back: ``build_vae`` without its outermost blocks, which it grows from."""
    return autoencoder(SMALL, (32, 64, 96))


def autoencoder(side: int, channels: tuple[int, ...]) -> AutoencoderKL:
    """One that halves pictures of ``side`` once for each of ``channels`` but the last."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        up_block_types=("UpDecoderBlock2D",) * len(channels),
        block_out_channels=channels,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=4,
        sample_size=side,
    )


def build_unet() -> UNet2DConditionModel:
    """The noise model over 16x16x4 latents; predicts v. ``attention_head_dim`` counts heads, as in SD 2.1."""
    return UNet2DConditionModel(
        sample_size=LATENT,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        layers_per_block=1,
        block_out_channels=(64, 128, 192),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=(2, 4, 6),
        use_linear_projection=True,
    )


def build_scheduler() -> DDIMScheduler:
    """Stable Diffusion 2.1's noise schedule and prediction type."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        num_train_timesteps=1000,
        prediction_type="v_prediction",
        steps_offset=1,
        clip_sample=False,
        set_alpha_to_one=False,
    )


def clip_config() -> CLIPConfig:
    """The pair of towers; the text tower alone is the pipeline's ``text_encoder``."""
    text = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=5,
        max_position_embeddings=TOKENS,
        hidden_act="gelu",
        bos_token_id=49406,
        eos_token_id=49407,
        pad_token_id=0,
        projection_dim=128,
    )
    vision = CLIPVisionConfig(
        image_size=SMALL,
        patch_size=8,
        hidden_size=192,
        intermediate_size=768,
        num_hidden_layers=3,
        num_attention_heads=6,
        hidden_act="gelu",
        projection_dim=128,
    )
    return CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=128)
