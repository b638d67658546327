"""Proxies in the environment: used, mended, or refused in one clear sentence."""

from __future__ import annotations

import os

import pytest

from bot.network import check_proxies, mend_no_proxy
from bot.settings import SettingsError


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the outside."""
    for name in ("all_proxy", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_an_address_in_brackets_is_written_as_it_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1,[::1],.example.org")
    with pytest.raises(SettingsError, match="NO_PROXY"):
        check_proxies()
    mend_no_proxy()
    assert os.environ["no_proxy"] == "localhost,127.0.0.1,::1,.example.org"
    check_proxies()


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "gopher://127.0.0.1:1", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(SettingsError, match="ALL_PROXY"):
        check_proxies()
