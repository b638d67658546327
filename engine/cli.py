"""``sanggar engine``: load the model and serve it."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.registry import SHIPPED, Registry
from engine.settings import EngineSettings, SettingsError, load_settings, quiet_libraries

EXIT_SETTINGS = 2


def say(line: str) -> None:
    print(line, flush=True)


def complain(line: str) -> None:
    typer.echo(line, err=True)


def engine_command(
    model: Annotated[str | None, typer.Option(help="nano, a Hugging Face id, or a folder in diffusers layout.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback needs a key.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
) -> None:
    """Hold the model and draw for every bot, over the OpenAI Images API."""
    try:
        settings = load_settings(model=model, engine_host=host, engine_port=port, device=device, dtype=dtype)
    except SettingsError as error:
        complain(str(error))
        raise typer.Exit(EXIT_SETTINGS) from None
    serve(settings)


def serve(settings: EngineSettings) -> None:
    """Load and serve; exit code 2 where the model is missing."""
    quiet_libraries()
    say(f"sanggar engine: loading {settings.model}")
    # Torch takes seconds to import; settings are checked and the first line is out by then.
    from engine.api.serving import make_server  # noqa: PLC0415
    from engine.batch.engine import Engine  # noqa: PLC0415
    from engine.diffusion.model import ModelMissing, load_model  # noqa: PLC0415

    try:
        model = load_model(settings.model, settings.device, settings.dtype)
    except ModelMissing as error:
        complain(str(error))
        raise typer.Exit(EXIT_SETTINGS) from None
    side = f"{model.native}x{model.native}"
    say(f"loaded {model.name}: {side}, {model.prediction_type}, {model.dtype} on {model.device}".replace("torch.", ""))
    registry = Registry([settings.adapters_dir, SHIPPED])
    engine = Engine(model, settings, registry)
    if settings.compile:
        engine.compile()
        engine.warm_up(say)
    make_server(engine, settings, say).run()


def main() -> None:
    """``python -m engine``."""
    typer.run(engine_command)
