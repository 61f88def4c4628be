"""Which hosts and addresses agents may reach: tables."""

import pytest
from hotseat_core.egress.rules import WrongRuleError, parse_allowed, plain_host

LISTED = parse_allowed(
    "packages.example.org, *.example.com, Git.Example.net:8443, *.example.net:80", "10.20.0.0/16, fd00:1::/32"
)


@pytest.mark.parametrize(
    ("host", "port", "covered"),
    [
        ("packages.example.org", 443, True),
        ("packages.example.org", 80, False),
        ("files.packages.example.org", 443, False),
        ("evilpackages.example.org", 443, False),
        ("packages.example.org.evil.com", 443, False),
        ("a.example.com", 443, True),
        ("a.b.example.com", 443, True),
        ("example.com", 443, False),
        ("evilexample.com", 443, False),
        ("git.example.net", 8443, True),
        ("git.example.net", 443, False),
        ("git.example.net", 80, True),
    ],
)
def test_a_rule_names_a_host_or_what_is_below_a_domain_at_one_port(host: str, port: int, covered: bool) -> None:
    assert LISTED.covers(host, port) is covered


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Packages.Example.org", "packages.example.org"),
        ("packages.example.org.", "packages.example.org"),
        ("localhost", "localhost"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("127.0.0.1", ""),
        ("127.1", ""),
        ("2130706433", ""),
        ("0x7f.1", ""),
        ("0x7f000001", ""),
        ("1.1.1.1.", ""),
        ("[::1]", ""),
        ("::1", ""),
        ("пример.рф", ""),
        ("a..b", ""),
        ("-a.com", ""),
        ("a b.com", ""),
        ("packages.example.org\0.evil.com", ""),
        ("packages.example.org..", ""),
        ("", ""),
        ("x" * 64 + ".com", ""),
        (".".join(["abc"] * 64) + ".com", ""),
    ],
)
def test_a_name_is_plain_and_an_address_is_none(text: str, name: str) -> None:
    assert plain_host(text) == name


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.20.3.4", True),
        ("fd00:1::5", True),
        ("10.21.0.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_a_name_may_lead_into_the_internet_and_into_the_operators_networks(address: str, admitted: bool) -> None:
    assert LISTED.admits(address) is admitted


@pytest.mark.parametrize(
    ("hosts", "networks"),
    [
        ("https://packages.example.org", ""),
        ("*", ""),
        ("*.com", ""),
        ("pypi.*", ""),
        ("a.*.com", ""),
        ("10.0.0.1", ""),
        ("[::1]:443", ""),
        ("packages.example.org:0", ""),
        ("packages.example.org:65536", ""),
        ("packages.example.org:", ""),
        ("packages.example.org:https", ""),
        ("packages.example.org/simple", ""),
        ("", "10.0.0.1/8"),
        ("", "internal"),
    ],
)
def test_what_is_no_rule_is_refused_and_named(hosts: str, networks: str) -> None:
    with pytest.raises(WrongRuleError) as caught:
        parse_allowed(hosts, networks)
    assert repr(hosts or networks) in str(caught.value)


def test_an_empty_list_allows_nothing() -> None:
    assert not parse_allowed("", "").covers("packages.example.org", 443)
    assert parse_allowed(" , ", ",").rules == ()
