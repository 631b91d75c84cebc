"""Pictures, clips and sounds: formats, limits, conversion, frames."""
