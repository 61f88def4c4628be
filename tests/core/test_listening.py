"""Where the core may listen, and with which certificates."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from hotseat import Client, pb, tls
from hotseat.errors import HotseatError
from hotseat_core.access.caller import Scope
from hotseat_core.access.key import Wanted
from hotseat_core.access.keyring import Keyring
from hotseat_core.access.mode import AuthMode
from hotseat_core.listening import CannotListenError, check_exposure, mode_of, reader_check
from hotseat_core.server import serve
from hotseat_core.settings import CoreSettings, SettingsError, read_settings
from hotseat_core.worker.sandboxing import Wish

from tests.core.conftest import MakeCli

HERE, ANYWHERE, CA = {"host": "127.0.0.1"}, {"host": "0.0.0.0"}, {"tls_client_ca": "ca.pem"}
METRICS_ANYWHERE: dict[str, Any] = {"metrics_port": 0, "metrics_host": "::"}
MEANT: dict[str, Any] = {"insecure_no_auth": True}


@pytest.mark.parametrize(
    ("fields", "needs_key", "mode", "may_start"),
    [
        (HERE, False, AuthMode.OPEN, True),
        ({"host": "localhost"}, False, AuthMode.OPEN, True),
        ({"host": "::1"}, False, AuthMode.OPEN, True),
        ({"host": "127.8.9.10"}, False, AuthMode.OPEN, True),
        ({"socket": "core.sock"}, False, AuthMode.OPEN, True),
        (HERE, True, AuthMode.KEYS, True),
        (ANYWHERE, False, AuthMode.OPEN, False),
        ({"host": "::"}, False, AuthMode.OPEN, False),
        ({"host": "192.0.2.1"}, False, AuthMode.OPEN, False),
        ({"host": "some-name"}, False, AuthMode.OPEN, False),
        ({"host": "127.0.0.1.example.com"}, False, AuthMode.OPEN, False),
        ({"host": "::ffff:127.0.0.1"}, False, AuthMode.OPEN, False),
        (ANYWHERE, True, AuthMode.KEYS, True),
        (ANYWHERE | CA, False, AuthMode.CERTIFICATES, True),
        (ANYWHERE | CA, True, AuthMode.KEYS, True),
        (ANYWHERE | MEANT, False, AuthMode.INSECURE, True),
        (ANYWHERE | MEANT, True, AuthMode.KEYS, True),
        (HERE | MEANT, False, AuthMode.OPEN, True),
        (HERE | METRICS_ANYWHERE, False, AuthMode.OPEN, False),
        (HERE | METRICS_ANYWHERE | CA, False, AuthMode.CERTIFICATES, False),
        (HERE | METRICS_ANYWHERE, True, AuthMode.KEYS, True),
        (HERE | METRICS_ANYWHERE | MEANT, False, AuthMode.OPEN, True),
    ],
)
def test_the_matrix_of_addresses(fields: dict[str, Any], needs_key: bool, mode: AuthMode, may_start: bool) -> None:
    settings = CoreSettings(**fields)
    assert mode_of(settings, needs_key=needs_key) is mode
    if may_start:
        check_exposure(settings, mode)
    else:
        with pytest.raises(CannotListenError, match=r"hotseat keys create.*--insecure-no-auth"):
            check_exposure(settings, mode)


async def test_metrics_on_other_addresses_need_an_admins_key(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        _, admin = await keyring.create(Wanted(scopes=frozenset({Scope.ADMIN})))
        _, user = await keyring.create(Wanted())
        may_read = reader_check(CoreSettings(**METRICS_ANYWHERE), keyring)
        shown = ("", "Bearer no", f"Bearer {user}", f"Bearer {admin}", "Basic eA==")
        assert [may_read(header) for header in shown] == [False, False, False, True, False]
        assert reader_check(CoreSettings(metrics_port=0), keyring)("")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a server's certificate and a client's, as PEM files."""
    directory, ca = tmp_path_factory.mktemp("certificates"), trustme.CA()
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    for name, identity in (("server", "127.0.0.1"), ("client", "client.example")):
        issued = ca.issue_cert(identity)
        issued.private_key_pem.write_to_path(str(directory / f"{name}-key.pem"))
        issued.cert_chain_pems[0].write_to_path(str(directory / f"{name}.pem"))
    return directory


def secured(make_cli: MakeCli, tmp_path: Path, certificates: Path, **fields: Any) -> CoreSettings:
    return CoreSettings(
        port=0,
        data_dir=str(tmp_path / "data"),
        cli_path=str(make_cli()),
        credential={"ANTHROPIC_API_KEY": "sk-secret"},
        sandbox=Wish.OFF,  # the fake CLI is among what it would hide
        profile="claude",
        warm_workers=0,
        drain_timeout_ms=50,
        tls_cert=str(certificates / "server.pem"),
        tls_key=str(certificates / "server-key.pem"),
        **fields,
    )


async def test_a_core_speaks_tls_to_those_who_trust_its_ca(
    make_cli: MakeCli, tmp_path: Path, certificates: Path
) -> None:
    async with serve(secured(make_cli, tmp_path, certificates)) as core:
        async with Client(core.target, credentials=tls.credentials(certificates / "ca.pem")) as client:
            assert (await client.get_caller()).auth_mode == pb.AUTH_MODE_OPEN
        for credentials in (None, tls.credentials()):
            async with Client(core.target, credentials=credentials) as stranger:
                with pytest.raises(HotseatError):
                    await stranger.get_caller(timeout_s=5)


async def test_a_core_with_a_client_ca_admits_by_certificate_and_then_asks_for_keys(
    make_cli: MakeCli, tmp_path: Path, certificates: Path
) -> None:
    settings = secured(make_cli, tmp_path, certificates, tls_client_ca=str(certificates / "ca.pem"))
    own = tls.credentials(
        certificates / "ca.pem", cert=certificates / "client.pem", key=certificates / "client-key.pem"
    )
    async with serve(settings) as core:
        async with Client(core.target, credentials=own) as client:
            assert (await client.get_caller()).auth_mode == pb.AUTH_MODE_CERTIFICATES
            made = await client.create_key(pb.CreateKeyRequest(name="first"))
            with pytest.raises(HotseatError) as caught:
                await client.get_caller()
            assert caught.value.reason == "UNAUTHENTICATED"
        async with Client(core.target, credentials=own, api_key=made.secret) as client:
            assert (await client.get_caller()).key_name == "first"
        async with Client(
            core.target, credentials=tls.credentials(certificates / "ca.pem"), api_key=made.secret
        ) as nobody:
            with pytest.raises(HotseatError):
                await nobody.get_caller(timeout_s=5)


async def test_an_edge_speaks_tls_and_reaches_a_core_that_does(
    make_cli: MakeCli, tmp_path: Path, certificates: Path
) -> None:
    from hotseat_edge.app import serve as serve_edge
    from hotseat_edge.settings import Settings

    ca = str(certificates / "ca.pem")
    async with serve(secured(make_cli, tmp_path, certificates, tls_client_ca=ca)) as core:
        edge = Settings(
            port=0,
            core_target=core.target,
            core_ca=ca,
            core_client_cert=str(certificates / "client.pem"),
            core_client_key=str(certificates / "client-key.pem"),
            tls_cert=str(certificates / "server.pem"),
            tls_key=str(certificates / "server-key.pem"),
        )
        import ssl

        async with (
            serve_edge(edge) as url,
            httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca), trust_env=False) as http,
        ):
            assert url.startswith("https://")
            assert (await http.get(f"{url}/health")).json()["auth"] == "certificates"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HOTSEAT_API_KEY": "short"}, "HOTSEAT_API_KEY can't be used"),
        ({"HOTSEAT_API_KEY": "sixteen and some blanks"}, "HOTSEAT_API_KEY can't be used"),
        ({"HOTSEAT_API_KEY": "x" * 32, "HOTSEAT_API_KEY_FILE": "f"}, "are both set"),
        ({"HOTSEAT_API_KEY_FILE": "/no/such/file"}, "HOTSEAT_API_KEY_FILE"),
        ({"HOTSEAT_CORE_TLS_CERT": "a.pem"}, "HOTSEAT_CORE_TLS_CERT is of no use alone"),
        ({"HOTSEAT_CORE_TLS_CLIENT_CA": "a.pem"}, "HOTSEAT_CORE_TLS_CLIENT_CA needs"),
        ({"HOTSEAT_AUTH": "none"}, "HOTSEAT_AUTH='none' can't be used"),
    ],
)
def test_what_can_not_be_used_is_said_without_the_key(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    assert told in str(caught.value)
    assert environ.get("HOTSEAT_API_KEY", "no such text") not in str(caught.value)


def test_a_key_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a-key-of-some-length\n")
    assert read_settings({"HOTSEAT_API_KEY_FILE": str(tmp_path / "key")}).api_key == "a-key-of-some-length"
