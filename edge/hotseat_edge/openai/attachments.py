"""Pictures and files that stand in a request as data: URLs."""

import binascii
import re

from hotseat import pb

from hotseat_edge.openai.errors import ApiError, invalid
from hotseat_edge.openai.messages import FileData

MAX_IMAGE_BYTES = 5 * 2**20
MAX_IMAGES = 20
_DATA_URL = re.compile(r"data:(?P<type>[a-zA-Z0-9.+/-]+);base64,(?P<data>.*)", re.DOTALL)
_SIGNATURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_PDF = "application/pdf"


def image(url: str, param: str) -> pb.Blob:
    """The picture in a data: URL; its bytes are what it says they are."""
    if not url.startswith("data:"):
        message = "the server fetches no URLs; send the picture as data:<type>;base64,<data>"
        raise invalid(param, message, "unsupported_image_url")
    media_type, data = _decode(url, param, "invalid_image")
    media_type = "image/jpeg" if media_type == "image/jpg" else media_type
    signature = _SIGNATURES.get(media_type)
    if signature is None:
        raise invalid(param, f"pictures may be {', '.join(_SIGNATURES)}", "invalid_image")
    if len(data) > MAX_IMAGE_BYTES:
        raise invalid(param, f"a picture may have {MAX_IMAGE_BYTES} bytes at most", "image_too_large")
    if not signature.match(data):
        raise invalid(param, f"the bytes are not those of {media_type}", "invalid_image")
    return pb.Blob(media_type=media_type, data=data)


def file(given: FileData, param: str) -> pb.Blob:
    """The PDF in a file part."""
    if given.file_data is None:
        message = "only files sent as file_data are supported: data:application/pdf;base64,<data>"
        raise ApiError(message, code="unsupported_file", param=param)
    media_type, data = _decode(given.file_data, f"{param}.file_data", "invalid_file")
    if media_type != _PDF or not data.startswith(b"%PDF-"):
        raise invalid(f"{param}.file_data", "only PDF files are supported", "invalid_file")
    filename = re.split(r"[/\\]", given.filename or "")[-1]
    return pb.Blob(media_type=media_type, data=data, filename=filename)


def _decode(url: str, param: str, code: str) -> tuple[str, bytes]:
    found = _DATA_URL.fullmatch(url)
    if found is None:
        raise invalid(param, "expected data:<type>;base64,<data>", code)
    try:
        return found["type"].lower(), binascii.a2b_base64(found["data"], strict_mode=True)
    except (binascii.Error, ValueError):
        raise invalid(param, "the data is not valid base64", code) from None
