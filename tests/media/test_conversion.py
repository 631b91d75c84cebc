"""Pictures are prepared for upload: upright, in a format that the service takes, without the camera's metadata."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageOps
import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.media import probe
from kling_widgets.media.conversion import converted, fit, reads
from kling_widgets.media.limits import LARGEST_PICTURE, LARGEST_UPLOAD
from tests.client.samples import moving, picture

TURNED = range(2, 9)
TURNABLE = ("JPEG", "PNG", "WEBP")
PROFILE = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()


def scene(size: tuple[int, int] = (200, 136)) -> PIL.Image.Image:
    """Return a picture with a different colour in each corner, and gradients between them."""
    corners = PIL.Image.new("RGB", (2, 2))
    corners.putdata([(230, 40, 40), (40, 200, 60), (40, 60, 220), (240, 230, 60)])
    return corners.resize(size, PIL.Image.Resampling.BICUBIC)


def photo(form: str = "JPEG", turn: int = 6, image: PIL.Image.Image | None = None, **options: Any) -> bytes:
    """Return a picture as a camera writes it, with orientation and location."""
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    exif[0x010F] = "SECRETCAM"
    buffer = io.BytesIO()
    (image or scene()).save(buffer, form, exif=exif.tobytes(), icc_profile=PROFILE, **options)
    return buffer.getvalue()


def drawing(mode: str) -> PIL.Image.Image:
    """Return a picture of this mode, half of it transparent if the mode supports that."""
    if mode == "I;16":
        return PIL.Image.new(mode, (40, 30), 700)
    image = scene((40, 30))
    if mode == "LAB":
        profiles = map(PIL.ImageCms.createProfile, ("sRGB", "LAB"))
        return PIL.ImageCms.applyTransform(image, PIL.ImageCms.buildTransform(*profiles, "RGB", "LAB"))
    if mode.endswith("A"):
        image.putalpha(128)
    return image.convert(mode)


def opened(content: bytes) -> PIL.Image.Image:
    image = PIL.Image.open(io.BytesIO(content))
    image.load()
    return image


def likeness(one: PIL.Image.Image, other: PIL.Image.Image) -> float:
    """Return the similarity of two pictures in decibels (PSNR)."""
    assert one.size == other.size
    difference = np.asarray(one.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)
    return float(20 * np.log10(255 / max(1e-9, np.sqrt((difference**2).mean()))))


@pytest.mark.parametrize("turn", TURNED)
@pytest.mark.parametrize("form", TURNABLE)
def test_a_rotated_picture_becomes_upright(form: str, turn: int) -> None:
    """A picture of any orientation becomes upright, in the same format and colours, without its metadata."""
    content = photo(form, turn, **({"lossless": True} if form == "WEBP" else {"quality": 92} if form == "JPEG" else {}))
    found = opened(fit(content, form.lower()))
    assert found.format == form
    assert likeness(found, PIL.ImageOps.exif_transpose(opened(content))) > (45 if form == "JPEG" else 200)
    assert found.getexif().get(0x0112, 1) == 1
    assert found.info["icc_profile"] == PROFILE
    assert b"SECRETCAM" not in fit(content, form.lower())


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_a_jpeg_keeps_its_quality_and_size(turn: int, sampling: int) -> None:
    """A rotated JPEG is encoded with the same quantization tables."""
    image = PIL.Image.blend(scene((320, 240)), PIL.Image.effect_noise((320, 240), 60).convert("RGB"), 0.3)
    content = photo("JPEG", turn, image, quality=85, subsampling=sampling)
    turned = fit(content, "jpeg")
    upright = PIL.ImageOps.exif_transpose(opened(content))
    plain = io.BytesIO()
    upright.save(plain, "JPEG", quality=75)
    assert likeness(opened(turned), upright) > 40
    assert likeness(opened(turned), upright) > likeness(opened(plain.getvalue()), upright) + 3
    assert len(turned) < len(content) * 1.4


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_are_rotated(mode: str) -> None:
    """Greyscale and CMYK JPEGs are rotated, too."""
    content = photo("JPEG", 6, scene().convert(mode), quality=95)
    found = opened(fit(content, "jpeg"))
    assert (found.mode, found.size) == (mode, (136, 200))
    assert likeness(found, PIL.ImageOps.exif_transpose(opened(content))) > 38


@pytest.mark.parametrize(
    ("mode", "form"), [("RGBA", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("RGBA", "WEBP")]
)
def test_transparency_and_pixels_are_kept(mode: str, form: str) -> None:
    """A rotated mask or drawing keeps its transparency and its pixels."""
    content = photo(form, 6, drawing(mode), **({"lossless": True} if form == "WEBP" else {}))
    found = opened(fit(content, form.lower()))
    assert (found.mode, found.size) == (mode, (30, 40))


@pytest.mark.parametrize("form", TURNABLE)
def test_an_upright_picture_is_unchanged(form: str) -> None:
    """An upright picture is not encoded again; a JPEG only loses its metadata."""
    content = picture(form)
    assert fit(content, form.lower()) is content
    noted = photo(form, 1)
    kept = fit(noted, form.lower())
    assert (kept == noted) is (form != "JPEG")
    assert np.array_equal(np.asarray(opened(kept)), np.asarray(opened(noted)))
    if form == "JPEG":
        assert b"SECRETCAM" not in kept and len(kept) < len(noted)
        assert opened(kept).info["icc_profile"] == PROFILE


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animated_picture_is_unchanged(form: str) -> None:
    """An animated picture is unchanged, as its frames would be lost."""
    content = moving(form, (64, 48))
    assert fit(content, form.lower()) == content


@pytest.mark.parametrize("end", [30, 200, 700, -40])
def test_a_truncated_picture_is_unchanged(end: int) -> None:
    """A truncated picture is unchanged, with a warning."""
    content = photo(quality=90)[:end]
    assert fit(content, "jpeg") == content


def test_without_pillow_a_picture_is_unchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without Pillow a rotated picture is unchanged, with a warning, and its dimensions are unknown."""
    content = photo()
    (tmp_path / "a.jpg").write_bytes(content)
    assert probe.facts_of(tmp_path / "a.jpg").flaws == ()
    assert probe.facts_of(tmp_path / "a.jpg").pixels == "136×200"
    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert not reads("jpeg")
    assert fit(content, "jpeg") == content
    assert probe.facts_of(tmp_path / "a.jpg").flaws == ("turned",)
    assert probe.facts_of(tmp_path / "a.jpg").pixels == ""
    (tmp_path / "a.tiff").write_bytes(b"II*\0" + bytes(60))
    with pytest.raises(InvalidRequestError, match=r"TIFF, which Pillow cannot read here.*install pillow\."):
        probe.check_upload(tmp_path / "a.tiff")


@pytest.mark.parametrize(("form", "becomes"), [("AVIF", "JPEG"), ("TIFF", "PNG"), ("BMP", "PNG")])
def test_other_formats_become_png_or_jpeg(form: str, becomes: str, tmp_path: Path) -> None:
    """Other formats are converted to PNG or JPEG; lossless ones stay lossless."""
    path = tmp_path / "a.picture"
    path.write_bytes(picture(form, (400, 300), **({"quality": 95} if form == "AVIF" else {})))
    facts = probe.facts_of(path)
    assert (facts.format, facts.pixels, facts.converted) == (form.lower(), "400×300", True)
    ready = probe.ready(probe.check_upload(path))
    assert ready.media_type == f"image/{becomes.lower()}"
    assert likeness(opened(ready.content), opened(path.read_bytes())) > (40 if becomes == "JPEG" else 200)


@pytest.mark.parametrize("form", ["TIFF", "AVIF"])
def test_other_formats_become_upright(form: str, tmp_path: Path) -> None:
    """Other formats become upright, and their dimensions match."""
    path = tmp_path / "a"
    path.write_bytes(photo(form))
    assert probe.facts_of(path).pixels == "136×200"
    assert opened(probe.ready(probe.check_upload(path)).content).size == (136, 200)


def test_heic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its plug-in a HEIC picture becomes an upright JPEG; without it, the error names the package."""
    path = tmp_path / "a.HEIC"
    path.write_bytes(b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(60))
    if importlib.util.find_spec("pillow_heif"):
        importlib.import_module("pillow_heif").register_heif_opener()
        path.write_bytes(photo("HEIF"))
        assert probe.facts_of(path).pixels == "136×200"
        ready = probe.ready(probe.check_upload(path))
        assert ready.format == "jpeg"
        assert likeness(opened(ready.content), scene().rotate(-90, expand=True)) > 25
        assert b"SECRETCAM" not in ready.content
        with pytest.raises(InvalidRequestError, match=r"This heic picture cannot be read"):
            converted(path.read_bytes()[:300], "heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InvalidRequestError, match="Save it as JPEG, or: pip install pillow-heif") as caught:
        probe.check_upload(path)
    assert "a.HEIC is HEIC, which Pillow cannot read here." in str(caught.value)


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "I;16", "1", "P", "RGBA"])
def test_every_mode_of_a_tiff(mode: str) -> None:
    """TIFFs of all modes are converted, and transparency is kept."""
    buffer = io.BytesIO()
    drawing(mode).save(buffer, "TIFF")
    found = opened(converted(buffer.getvalue(), "tiff"))
    assert found.mode == {"I;16": "L", "1": "L", "RGBA": "RGBA"}.get(mode, "RGB")


def test_a_camera_raw_file_is_refused() -> None:
    """A camera raw file, a TIFF with a small preview, is refused."""
    buffer = io.BytesIO()
    scene((40, 30)).save(buffer, "TIFF", tiffinfo={50706: b"\1\4\0\0"})
    with pytest.raises(InvalidRequestError, match="raw file"):
        converted(buffer.getvalue(), "tiff")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["tiff", "bmp", "avif", "png", "jpeg"])
def test_a_damaged_picture_is_an_error(kind: str) -> None:
    """A damaged picture is an error of one sentence before anything is sent."""
    with pytest.raises(InvalidRequestError, match=rf"^This {kind} picture cannot be read \(.*Nothing was sent\.$"):
        converted(picture(kind.upper())[:12], kind)


def test_a_large_picture_becomes_small_enough() -> None:
    """A picture whose PNG would exceed the documented limit becomes a JPEG."""
    noise = np.random.default_rng(1).integers(0, 255, (1500, 2500, 3), np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(noise).save(buffer, "BMP")
    small = converted(buffer.getvalue(), "bmp")
    assert len(small) < LARGEST_PICTURE
    assert opened(small).format == "JPEG"


def test_a_rotated_picture_stays_below_the_upload_limit() -> None:
    """A rotated PNG that would exceed the upload limit becomes a JPEG."""
    noise = np.random.default_rng(1).integers(0, 255, (2600, 2600, 3), np.uint8)
    content = photo("PNG", 6, PIL.Image.fromarray(noise), compress_level=1)
    assert len(fit(content, "png")) < LARGEST_UPLOAD
