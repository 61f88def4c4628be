"""Every client talks TLS to a core that asks for certificates, and to nobody who shows another one."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from cryptography.hazmat.primitives import serialization

from tests.interop.ground import Ground, Reports, named, require, standing
from tests.interop.languages import LANGUAGES, Language

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SCENARIOS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "tls.json").read_text())


def pkcs8(key: bytes) -> bytes:
    """The key as all read it: Java reads no other PEM."""
    loaded = serialization.load_pem_private_key(key, None)
    kind = serialization.PrivateFormat.PKCS8
    return loaded.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


@dataclass(frozen=True)
class Certificates:
    """A core's, a client's, and who vouches for them; and another authority, which does not."""

    directory: Path

    @classmethod
    def issued(cls, directory: Path) -> "Certificates":
        ours, another = trustme.CA(), trustme.CA()
        ours.cert_pem.write_to_path(str(directory / "ca.pem"))
        another.cert_pem.write_to_path(str(directory / "another.pem"))
        for name, identity in (("core", "127.0.0.1"), ("client", "client.example")):
            made = ours.issue_cert(identity)
            (directory / f"{name}-key.pem").write_bytes(pkcs8(made.private_key_pem.bytes()))
            made.cert_chain_pems[0].write_to_path(str(directory / f"{name}.pem"))
        return cls(directory)

    def file(self, name: str) -> str:
        return str(self.directory / f"{name}.pem")

    def of_core(self) -> dict[str, str]:
        """Settings."""
        return {
            "HOTSEAT_CORE_TLS_CERT": self.file("core"),
            "HOTSEAT_CORE_TLS_KEY": self.file("core-key"),
            "HOTSEAT_CORE_TLS_CLIENT_CA": self.file("ca"),
        }

    def of_clients(self) -> dict[str, str]:
        """What the runners look up."""
        return {
            "HOTSEAT_CORE_CA": self.file("ca"),
            "HOTSEAT_INTEROP_OTHER_CA": self.file("another"),
            "HOTSEAT_CORE_CLIENT_CERT": self.file("client"),
            "HOTSEAT_CORE_CLIENT_KEY": self.file("client-key"),
        }


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.issued(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> AsyncIterator[Ground]:
    async with standing(request, tmp_path_factory.mktemp("tls"), **certificates.of_core()) as shared:
        yield shared


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LANGUAGES, ids=lambda language: language.name)
async def reports(request: pytest.FixtureRequest, ground: Ground, certificates: Certificates) -> Reports:
    """What the runner of each language says, one language after the other."""
    language: Language = request.param
    require(language)
    scenarios = [named(scenario, f"{language.name}-tls-{number}") for number, scenario in enumerate(SCENARIOS)]
    return await ground.reports(language, scenarios, **certificates.of_clients())


@pytest.mark.parametrize("name", [scenario["name"] for scenario in SCENARIOS])
async def test_every_client_carries_it_out_over_tls(reports: Reports, name: str) -> None:
    assert name in reports
    assert reports[name] is None
