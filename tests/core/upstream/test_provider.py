"""Where the provider is, and the way there."""

import pytest
from hotseat_core.upstream.provider import Provider, Way, WrongUrlError, parse_provider, way_to


@pytest.mark.parametrize(
    ("url", "provider", "plain"),
    [
        ("", Provider("api.anthropic.com", 443, is_tls=True), "http://api.anthropic.com"),
        ("https://gateway.example/a/b/", Provider("gateway.example", 443, True, "/a/b"), "http://gateway.example/a/b"),
        ("http://127.0.0.1:8080", Provider("127.0.0.1", 8080, is_tls=False), "http://127.0.0.1:8080"),
        ("http://[::1]:8080", Provider("::1", 8080, is_tls=False), "http://[::1]:8080"),
        ("HTTPS://Gateway.Example:443", Provider("gateway.example", 443, is_tls=True), "http://gateway.example"),
    ],
)
def test_a_base_url_names_a_provider(url: str, provider: Provider, plain: str) -> None:
    assert parse_provider(url) == provider
    assert provider.plain_url == plain


@pytest.mark.parametrize(
    "url",
    [
        "gateway.example",
        "ftp://gateway.example",
        "https://",
        "https://user:secret@gateway.example",
        "https://gateway.example/?a=b",
        "https://gateway.example:99999",
        "https://gateway.example:0",
        "https://gateway.example/a b",
        "https://gateway.example/\r\nx: y",
        "https://g\u00e4teway.example",
        "http://[::1",
    ],
)
def test_what_is_no_base_url_is_said_so_without_its_secrets(url: str) -> None:
    with pytest.raises(WrongUrlError, match="ANTHROPIC_BASE_URL") as caught:
        parse_provider(url)
    assert "secret" not in str(caught.value)


TLS = Provider("api.example", 443, is_tls=True)
PLAIN = Provider("api.example", 8080, is_tls=False)
STRAIGHT = Way("api.example", 443)
TUNNEL = Way("proxy.example", 3128, is_tunnelled=True)


@pytest.mark.parametrize(
    ("provider", "environment", "way"),
    [
        (TLS, {}, STRAIGHT),
        (TLS, {"HTTPS_PROXY": "http://proxy.example:3128"}, TUNNEL),
        (TLS, {"https_proxy": "proxy.example:3128", "HTTPS_PROXY": "http://other.example"}, TUNNEL),
        (TLS, {"HTTP_PROXY": "http://proxy.example:3128"}, STRAIGHT),
        (TLS, {"HTTPS_PROXY": ""}, STRAIGHT),
        (TLS, {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "x, .example"}, STRAIGHT),
        (TLS, {"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "*"}, STRAIGHT),
        (TLS, {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "other.example"}, TUNNEL),
        (
            TLS,
            {"HTTPS_PROXY": "http://u:p%40@proxy.example"},
            Way("proxy.example", 80, is_tunnelled=True, proxy_authorization=b"Basic dTpwQA=="),
        ),
        (
            PLAIN,
            {"http_proxy": "http://proxy.example:3128"},
            Way("proxy.example", 3128, target_prefix=b"http://api.example:8080"),
        ),
    ],
)
def test_the_usual_variables_lead_through_http_proxies(
    provider: Provider, environment: dict[str, str], way: Way
) -> None:
    assert way_to(provider, environment) == way


@pytest.mark.parametrize("address", ["socks5://proxy.example", "https://proxy.example", "http://", "http://a b"])
def test_a_proxy_that_can_not_be_used_is_named_by_its_variable(address: str) -> None:
    with pytest.raises(WrongUrlError, match="HTTPS_PROXY"):
        way_to(TLS, {"HTTPS_PROXY": address})


def test_secrets_are_not_shown() -> None:
    assert "dTpwQA" not in repr(way_to(TLS, {"HTTPS_PROXY": "http://u:p%40@proxy.example"}))
